package gateway_test

import (
	"testing"
	"time"

	"setu/gateway"
	"setu/i18n"
)

// TestSession_Rests: whatever a later turn would read makes a session worth
// storing.
func TestSession_Rests(t *testing.T) {
	t.Parallel()
	before := gateway.Session{Citizen: "+91", Version: 3, Lang: i18n.Bengali, Dialogue: gateway.Dialogue{Last: "1000"}}
	for _, tt := range []struct {
		name   string
		change func(*gateway.Session)
		want   bool
	}{
		{"nothing", func(*gateway.Session) {}, true},
		{"time of the input", func(s *gateway.Session) { s.Updated = time.Unix(1, 0) }, true},
		{"another reply", func(s *gateway.Session) { s.Dialogue.Last = "1001" }, true},
		{"language", func(s *gateway.Session) { s.Lang = i18n.Hindi }, false},
		{"language chosen", func(s *gateway.Session) { s.LangChosen = true }, false},
		{"digits", func(s *gateway.Session) { s.Native = true }, false},
		{"stop", func(s *gateway.Session) { s.Stopped = true }, false},
		{"undo", func(s *gateway.Session) { s.Undo = &gateway.Undo{} }, false},
		{"pending", func(s *gateway.Session) { s.Pending = "1" }, false},
		{"a dialogue", func(s *gateway.Session) { s.Dialogue.Step = "card" }, false},
		{"an offer", func(s *gateway.Session) { s.Dialogue.Offers = []gateway.Offer{{}} }, false},
		{"a slot", func(s *gateway.Session) { s.Dialogue.Slots = map[string]gateway.Private{"a": ""} }, false},
	} {
		after := before
		tt.change(&after)
		if got := before.Rests(&after); got != tt.want {
			t.Errorf("%s: Rests = %v, want %v", tt.name, got, tt.want)
		}
	}
	fresh := gateway.Session{Citizen: "+91"}
	if after := fresh; fresh.Rests(&after) {
		t.Error("a session that was never stored rests")
	}
}
