package turn_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
)

// TestTaker_ResetPIN: the PIN and its locks are gone for the next turn and on
// disk, nothing else is, and its owner is told.
func TestTaker_ResetPIN(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), live)
	if err := h.taker.ResetPIN(t.Context(), "919800000999"); !errors.Is(err, gateway.ErrNoPIN) {
		t.Errorf("of a stranger: %v, want ErrNoPIN", err)
	}
	h.keep(gateway.Session{
		Citizen: citizen, PIN: gateway.PIN{MAC: "k.1", Wrong: 2, Locks: 1, Until: at.Add(time.Hour)},
		Live: gateway.Live{Session: "s", Key: "s/1", Proved: true, Shown: packed.Of(gateway.Reply{Page: 3})},
	})
	if err := h.taker.ResetPIN(t.Context(), citizen); err != nil {
		t.Fatal(err)
	}
	s, err := h.store.Session(t.Context(), citizen)
	if err != nil {
		t.Fatal(err)
	}
	if s.PIN != (gateway.PIN{}) || s.Live.Proved || s.Live.Key != "s/1" || s.Live.Shown != packed.Of(gateway.Reply{Page: 3}) {
		t.Errorf("session %+v, want it without the PIN", s)
	}
	if got := strings.Join(h.sent(), "\n"); got != "notice pin-reset" {
		t.Errorf("told %q, want that the PIN is reset", got)
	}
	if got, err := h.shown(dialled("s", "s/2", "next")); err != nil || got != "next 1" {
		t.Errorf("her next turn: %q, %v", got, err)
	}
	if err := h.taker.ResetPIN(t.Context(), citizen); !errors.Is(err, gateway.ErrNoPIN) {
		t.Errorf("again: %v, want ErrNoPIN", err)
	}
}

// TestTaker_ResetPINQuietly: who wants no SMS gets none.
func TestTaker_ResetPINQuietly(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*gateway.Session, *turn.Config){
		"stopped": func(s *gateway.Session, _ *turn.Config) { s.Stopped = true },
		"no way back": func(_ *gateway.Session, c *turn.Config) {
			c.Back = func(gateway.Inbound) gateway.Route { return gateway.Route{} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gateway.Session{Citizen: citizen, PIN: gateway.PIN{MAC: "k.1"}}
			h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
				live(h, c, o)
				set(&s, c)
			})
			h.keep(s)
			if err := h.taker.ResetPIN(t.Context(), citizen); err != nil || len(h.sent()) != 0 {
				t.Errorf("ResetPIN = %v, told %q; want nothing said", err, h.sent())
			}
		})
	}
}

// keep stores a session.
func (h *house) keep(s gateway.Session) {
	h.t.Helper()
	done := make(chan error, 1)
	h.store.Commit(gateway.Commit{Session: &s}, func(_ gateway.Committed, err error) { done <- err })
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
}

// sent are the texts of the messages in the outbox.
func (h *house) sent() (texts []string) {
	h.t.Helper()
	for _, it := range h.items(0) {
		if it.SMS != nil {
			texts = append(texts, it.SMS.Text.Reveal())
		}
	}
	return texts
}
