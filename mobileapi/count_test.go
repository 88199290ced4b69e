package mobileapi_test

import (
	"testing"
	"time"

	"setu/mobileapi"
)

// TestCounts: each answer is counted once, by its operation, its status and its
// problem.
func TestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	w.ask("GET", "/v1/services", "")
	w.ask("HEAD", "/v1/services", "")
	w.ask("PATCH", "/v1/services", "")
	w.ask("GET", "/v1/nowhere", "")
	w.ask("GET", "/v1/devices", "")
	p.ask("GET", "/v1/devices", "")
	requests := map[string]int64{}
	w.api.Counts().Requests(func(operation string, status int, n int64) {
		requests[operation] += n * int64(status)
	})
	for operation, want := range map[string]int64{
		"POST /v1/otp": 202, "POST /v1/devices": 201, "GET /v1/services": 2 * 200, "GET /v1/devices": 200 + 401, "none": 405 + 404,
	} {
		if requests[operation] != want {
			t.Errorf("%s: statuses add up to %d, want %d", operation, requests[operation], want)
		}
	}
	w.api.Counts().Problems(func(code string, n int64) {
		if want := map[string]int64{"signature-missing": 1, "method-not-allowed": 1, "not-found": 1}[code]; n != want {
			t.Errorf("%s: %d, want %d", code, n, want)
		}
	})
}

// TestGuestRate: who signs nothing is bounded by address; who has logged in is not.
func TestGuestRate(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, t.TempDir(), func(c *mobileapi.Config) { c.GuestRate = 1 })
	p := logIn(t, w, citizen)
	w.ahead.Add(int64(2 * time.Second)) // until the login is forgotten
	query := `{"service":"document","inputs":{"want":"number","number":"WB10000001"}}`
	statuses := map[int]int{}
	for range 12 {
		statuses[w.ask("POST", "/v1/dialogue", query).status]++
	}
	if statuses[200] < 10 || statuses[429] == 0 {
		t.Errorf("12 at once are answered %v, want the burst of 10 and then 429", statuses)
	}
	// A field that looks like a signature lets nobody in.
	for path, want := range map[string]int{"/v1/receipts/123456789012/proof": 429, "/v1/operations/123456789012": 429, "/v1/receipts/123456789012": 401} {
		if got := w.ask("GET", path, ""); got.status != 429 || read[said](t, got).RetryAfter == 0 {
			t.Errorf("%s = %d %s, want 429 with a time", path, got.status, got.body)
		}
		if got := w.ask("GET", path, "", "Signature-Input", "x"); got.status != want {
			t.Errorf("%s with half a signature = %d %s, want %d", path, got.status, got.body, want)
		}
	}
	if got := newPhone(w).bind(citizen, "000000"); got.status != 429 {
		t.Errorf("a key that nobody knows = %d %s, want 429", got.status, got.body)
	}
	if got := p.ask("POST", "/v1/dialogue", query); got.status != 200 {
		t.Errorf("a signed one = %d %s", got.status, got.body)
	}
}
