package gateway

import (
	"time"

	"setu/ledgerclient"
)

// Repeat says when a transaction is one that a citizen has asked for before: the
// same function with the same arguments, in whatever language and on whatever
// channel. The zero value is never.
type Repeat struct {
	Within time.Duration // since the first; 0 is never
	// Done is the contract's code of a transaction that did what was asked. One
	// that ended with another code may be asked for again at once.
	Done string
	// Wanted says that she knows of the first, and wants one more.
	Wanted bool
}

// Request is what a store keeps of a transaction so that the same one is known
// when it is asked for again. A commit with a transaction whose request is kept
// is refused with a [*RepeatedError]. The request is let go, as if it were not
// kept, as soon as its transaction has come to nothing: it is final and not
// recorded, it is recorded with another code than Done, or it is taken back.
type Request struct {
	// Digest is a keyed hash of citizen and call: nobody without the key can
	// find either by trying.
	Digest string
	Until  time.Time // UTC, when it is forgotten
	Repeat
}

// RepeatedError says that a transaction was asked for before: nothing was
// committed.
type RepeatedError struct {
	Receipt ledgerclient.Receipt // of the first
}

// Error names neither citizen nor call.
func (e *RepeatedError) Error() string {
	return "gateway: asked for before, see receipt " + string(e.Receipt)
}

// Repeated is a transaction that was not signed, since it was asked for before.
type Repeated struct {
	Receipt ledgerclient.Receipt // of the first
	Service string
	Medium  Medium // by which it was asked for again
}

// CodeUndone is the contracts' code of a transaction that took another one back.
const CodeUndone = "undone"
