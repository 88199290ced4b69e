package ledgerclient_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"setu/ledgerclient"
)

// The table says for each class what may be done: a class that may have left
// something on the ledger is settled, never rebuilt, and one whose outcome is
// certain is never settled.
func TestClass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		class ledgerclient.Class
		name  string
		want  ledgerclient.Action
	}{
		{ledgerclient.Poison, "poison", ledgerclient.Park},
		{ledgerclient.Before, "before", ledgerclient.Retry},
		{ledgerclient.Stale, "stale", ledgerclient.Rebuild},
		{ledgerclient.Config, "config", ledgerclient.Trip},
		{ledgerclient.Unknown, "unknown", ledgerclient.Settle},
		{ledgerclient.Conflict, "conflict", ledgerclient.Rebuild},
		{ledgerclient.DuplicateID, "duplicate_id", ledgerclient.Settle},
		{ledgerclient.Policy, "policy", ledgerclient.Rebuild},
		{ledgerclient.Refused, "refused", ledgerclient.Park},
		{ledgerclient.Disowned, "disowned", ledgerclient.Park},
		{ledgerclient.Disowned + 1, "poison", ledgerclient.Park},
		{255, "poison", ledgerclient.Park},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.class.String(); got != tt.name {
				t.Errorf("Class(%d).String() = %q, want %q", tt.class, got, tt.name)
			}
			if got := tt.class.Action(); got != tt.want {
				t.Errorf("Class(%s).Action() = %d, want %d", tt.name, got, tt.want)
			}
		})
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	of := func(c ledgerclient.Class, err error) error {
		return &ledgerclient.Error{Class: c, Op: "submit", Err: err}
	}
	tests := []struct {
		name string
		err  error
		want ledgerclient.Class
	}{
		{"nothing known", cause, ledgerclient.Poison},
		{"nil is not safe either", nil, ledgerclient.Poison},
		{"classified", of(ledgerclient.Before, cause), ledgerclient.Before},
		{"wrapped", fmt.Errorf("lane 7: %w", of(ledgerclient.Conflict, cause)), ledgerclient.Conflict},
		{"joined", errors.Join(cause, of(ledgerclient.Refused, cause)), ledgerclient.Refused},
		{"deadline", context.DeadlineExceeded, ledgerclient.Unknown},
		{"cancelled", fmt.Errorf("submit: %w", context.Canceled), ledgerclient.Unknown},
		{"a class counts more than the context in it", of(ledgerclient.Before, context.DeadlineExceeded), ledgerclient.Before},
		{"the outer class counts", of(ledgerclient.Unknown, of(ledgerclient.Before, cause)), ledgerclient.Unknown},
		{"zero class", of(0, cause), ledgerclient.Poison},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ledgerclient.ClassOf(tt.err); got != tt.want {
				t.Errorf("ClassOf(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	err := &ledgerclient.Error{Class: ledgerclient.Unknown, Op: "submit", Err: cause}
	if !errors.Is(err, cause) {
		t.Errorf("errors.Is(%v, cause) = false, want true", err)
	}
	for _, part := range []string{"submit", "unknown", "connection reset"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Error() = %q, want it to hold %q", err.Error(), part)
		}
	}
}
