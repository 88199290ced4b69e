// Package gateway holds the types that pass between the parts of Setu: what
// came in from a citizen, what she is told, where her dialogue stands, what
// one step changes, and what waits to be sent. It does no I/O.
//
// One turn runs like this:
//
//	driver → turn → dialogue → Commit{session, inbound, effects} → outbox → {ledger, link} → citizen
package gateway

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands for a private value wherever Go prints one.
const redacted = "[private]"

// Private is text that must not reach logs, metrics or errors: what a citizen
// wrote, an answer, a PIN. Every way of printing it gives "[private]"; code
// that needs the text says so with [Private.Reveal].
type Private string

// Reveal is the text itself.
func (p Private) Reveal() string { return string(p) }

// String is "[private]".
func (p Private) String() string { return redacted }

// Format prints "[private]" for every verb, so that %q and %#v leak nothing.
func (p Private) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is "[private]".
func (p Private) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON gives "[private]": what stores a session reveals each value.
func (p Private) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Address is a phone number in E.164 with its plus sign, or a short code
// without one. It redacts itself as [Private] does.
type Address string

// Reveal is the number itself.
func (a Address) Reveal() string { return string(a) }

// String is "[private]".
func (a Address) String() string { return redacted }

// Format prints "[private]" for every verb.
func (a Address) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is "[private]".
func (a Address) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON gives "[private]".
func (a Address) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
