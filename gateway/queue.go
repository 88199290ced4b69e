package gateway

import "time"

// Filter chooses items of the outbox for an operator. The zero value chooses
// all of them, up to the store's own limit.
type Filter struct {
	States []State // empty: every state
	Kind   Kind    // zero: every kind
	After  int64   // only items with a greater ID: the last one of the page before
	Limit  int     // items at most; zero: 100
}

// Stats is how the queue stands.
type Stats struct {
	// Waiting counts the unfinished items.
	Waiting []Count
	// Finished counts the items that came to a final state since the store
	// was opened. An item that was sent and then delivered is in both.
	Finished []Count
	// Oldest is when the oldest unfinished item was made, UTC; it is zero
	// when there is none.
	Oldest time.Time
	// Accepted counts the messages that wait for their turn.
	Accepted int64
	// MaybeDoubled counts the messages, since the store was opened, that are
	// sent again because a sender held them and was not heard of again.
	MaybeDoubled int64
	// Full says that new work is refused because the disk is nearly full.
	Full bool
}

// Count is a number of items of one kind in one state.
type Count struct {
	Kind  Kind
	State State
	Items int64
}
