package mobileapi_test

import (
	"testing"

	"setu/gateway"
	"setu/i18n"
)

// TestPreferences: what is chosen in the app holds on every channel, and what is
// chosen elsewhere is seen in the app.
func TestPreferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	type preferences struct {
		Lang     string
		Messages bool
	}
	if got := read[preferences](t, p.ask("GET", "/v1/preferences", "")); got != (preferences{"bn", true}) {
		t.Errorf("at first %+v", got)
	}
	for _, want := range []preferences{{"hi", false}, {"hi", false}, {"en", false}, {"en", true}, {"bn", false}, {"bn", true}} {
		body := map[bool]string{true: `,"messages":true}`, false: `,"messages":false}`}[want.Messages]
		got := p.ask("PUT", "/v1/preferences", `{"lang":"`+want.Lang+`"`+body)
		if now := read[preferences](t, got); got.status != 200 || now != want {
			t.Errorf("PUT %+v = %d %s", want, got.status, got.body)
		}
		if s := must(w.store.Session(t.Context(), citizen)); s.Stopped == want.Messages || s.Lang != i18n.Lang(want.Lang) {
			t.Errorf("after %+v the session has %v, stopped %v", want, s.Lang, s.Stopped)
		}
	}
	if s := must(w.store.Session(t.Context(), gateway.Address("+919830000002"))); s.Version != 0 {
		t.Error("another citizen's session was made")
	}
	for _, bad := range []string{`{}`, `{"lang":"hi"}`, `{"messages":true}`, `{"lang":"fr","messages":true}`, `{"lang":"hi","messages":"no"}`} {
		if got := p.ask("PUT", "/v1/preferences", bad); got.status != 400 {
			t.Errorf("%s = %d %s", bad, got.status, got.body)
		}
	}
	if got := w.ask("GET", "/v1/preferences", ""); got.status != 401 {
		t.Errorf("unsigned = %d", got.status)
	}
}
