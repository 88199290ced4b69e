package main

import (
	"context"
	"errors"
	"testing"

	"setu/channels"
	"setu/gateway"
)

// kept is a link that keeps the routes of what it is given.
type kept []gateway.Route

// Send keeps the route.
func (k *kept) Send(_ context.Context, to gateway.Route, _ gateway.SMSOut, _ func(string, error)) error {
	*k = append(*k, to)
	return nil
}

// TestFormerSender: what waits for a link that was taken out of setu.yaml goes by SMS on
// one that is there, with its short code; without one it is refused.
func TestFormerSender(t *testing.T) {
	t.Parallel()
	to := gateway.Route{Medium: gateway.SMS, Link: "operator-a", Citizen: "+919830000001", Code: "51969"}
	var b kept
	g := &gatewayParts{cfg: Config{Links: []Link{{Name: "operator-b", ShortCodes: []string{"58888"}}}}}
	s := formerSender{textSender{g: g, links: map[string]channels.Sender{"operator-b": &b}}}
	if err := s.Send(t.Context(), to, gateway.SMSOut{}, nil); err != nil {
		t.Fatal(err)
	}
	if want := (gateway.Route{Medium: gateway.SMS, Link: "operator-b", Citizen: to.Citizen, Code: "58888"}); len(b) != 1 || b[0] != want {
		t.Errorf("sent to %+v, want %+v", b, want)
	}
	s.g, s.links = &gatewayParts{}, nil
	if err := s.Send(t.Context(), to, gateway.SMSOut{}, nil); !errors.Is(err, channels.ErrRefused) {
		t.Errorf("without a link that carries SMS: %v, want ErrRefused", err)
	}
}
