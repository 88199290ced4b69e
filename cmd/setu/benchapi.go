package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"setu/cmd/setu/internal/bench"
)

type benchAPICmd struct {
	HTTP    string `name:"http" help:"Public address of the running sandbox." default:"127.0.0.1:8080"`
	N       int    `short:"n" help:"Requests of each kind; a twentieth for transactions." default:"20000"`
	Callers int    `help:"Phones, each with a connection and a citizen of its own, that wait for their answers." default:"64"`
	Live    int    `help:"Instead of requests: so many idle live connections, and the memory that they take, side by side with gorilla alone."`
	Admin   string `help:"Admin address of the running gateway; its memory is read there." default:"127.0.0.1:8081"`
	PID     int    `help:"Process of the gateway, when its metrics are not reached."`
	Goals   bool   `help:"Say which of the goals are reached."`
	JSON    bool   `help:"One JSON object instead of text."`
}

// What is asked. The query is open, so that the same one is asked signed and not;
// each transaction is of its own, since the same one again is not signed.
const (
	benchQueryBody  = `{"service":"document","inputs":{"want":"number","number":"WB10000001"}}`
	benchSubmitBody = `{"service":"grievance","inputs":{"want":"raise","subject":"land","matter":"The road is broken at post %d"},"confirm":true}`
)

// Run measures and reports.
func (b *benchAPICmd) Run(ctx context.Context, io streams) error {
	if b.Live > 0 {
		return b.live(ctx, io)
	}
	phones, err := bench.LogIn(ctx, b.HTTP, b.Callers)
	if err != nil {
		return err
	}
	anybody := &bench.APIPhone{Addr: b.HTTP, Now: time.Now}
	etag, err := anybody.ETag(ctx, "/v1/services")
	if err != nil {
		return err
	}
	cfg := bench.APIConfig{Addr: b.HTTP, N: b.N, Callers: b.Callers, Bare: startPlain, Goals: b.Goals, JSON: b.JSON, Requests: b.kinds(anybody, phones, etag)}
	report, err := bench.RunAPI(ctx, cfg, io.out)
	if err != nil || report.Sound() {
		return err
	}
	return errSaid
}

// kinds are the kinds of request that are measured.
func (b *benchAPICmd) kinds(anybody *bench.APIPhone, phones []*bench.APIPhone, etag string) []bench.APIKind {
	plainGet := []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	plainPost := []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	verify := []byte("POST /verify HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	constant := func(raw string) func(int, int) ([]byte, error) {
		return func(int, int) ([]byte, error) { return []byte(raw), nil }
	}
	return []bench.APIKind{
		{
			Name: "services, 304", Status: 304, Beside: plainGet, Goal: 0.8,
			Make: constant("GET /v1/services HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + etag + "\r\n\r\n"),
		},
		{Name: "services, 200", Status: 200, Beside: plainGet, Make: constant("GET /v1/services HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\n\r\n")},
		{Name: "query", Status: 200, Beside: plainPost, Make: func(int, int) ([]byte, error) {
			return anybody.Request("POST", "/v1/dialogue", benchQueryBody, "")
		}},
		{Name: "query, signed", Status: 200, Beside: verify, Goal: 0.7, Make: func(caller, _ int) ([]byte, error) {
			return phones[caller].Request("POST", "/v1/dialogue", benchQueryBody, "")
		}},
		{Name: "transaction, signed", Status: 201, Beside: verify, Part: 20, Make: func(caller, i int) ([]byte, error) {
			return phones[caller].Request("POST", "/v1/dialogue", fmt.Sprintf(benchSubmitBody, i), rand.Text())
		}},
	}
}
