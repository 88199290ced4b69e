package outbox

import (
	"context"

	"setu/gateway"
)

// Store is what the worker needs of the durable store.
type Store interface {
	// Claim leases up to limit items of the kind that are due and head their
	// lane, oldest due first; link narrows messages to one link and is empty
	// otherwise. An item whose lease has run out is claimed again.
	Claim(ctx context.Context, kind gateway.Kind, link string, limit int) ([]gateway.Item, error)
	// Progress queues a word about a leased item and returns at once. done
	// is called when it is on disk, with the items that were leased to the
	// caller by it: the next of the lane, and those of p.Effects that asked
	// for it. Errors: gateway.ErrLease when the token is stale,
	// gateway.ErrFinal when the item is final, ErrClosed.
	Progress(p gateway.Progress, done func([]gateway.Item, error))
	// Links are the links that have messages waiting unleased.
	Links(ctx context.Context) ([]string, error)
	// Session is the citizen's; of who is not known it is empty.
	Session(ctx context.Context, citizen gateway.Address) (gateway.Session, error)
}
