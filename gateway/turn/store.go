package turn

import (
	"context"

	"setu/gateway"
	"setu/ledgerclient"
)

// Store is what a turn needs of the durable store.
type Store interface {
	// Session is the stored session of a citizen, or a zero one that names
	// her when there is none.
	Session(ctx context.Context, citizen gateway.Address) (gateway.Session, error)
	// Commit queues c and returns at once. done is called when c is on disk
	// or has been refused, in the order of the calls; it must not block.
	// Errors: ErrStale of the gateway package when the session has moved on,
	// ErrFull when the disk reserve is reached, ErrClosed.
	Commit(c gateway.Commit, done func(gateway.Committed, error))
	// Accepted are messages that were accepted and have not had their turn,
	// oldest first, with rows after the given one.
	Accepted(ctx context.Context, after int64, limit int) ([]gateway.Accepted, error)
	// Standing is where the transaction of a receipt stands.
	Standing(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)
}
