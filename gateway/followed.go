package gateway

import (
	"time"

	"setu/ledgerclient"
)

// Followed is what the blocks of a ledger's chain have told. A store keeps it
// whole or not at all, so that no block has its effect twice.
type Followed struct {
	Chain string // that was followed; another one has a place of its own
	From  uint64 // the first of the blocks: where the store stands
	Next  uint64 // the first block after them
	// Settled ends transactions whose outcome was awaited, whoever holds them.
	// Of each only ID, State, Code, Block and Effects count. What is final by
	// now is passed over.
	Settled  []Progress
	Findings []Finding
}

// Landed is what came of a [Followed] that is on disk.
type Landed struct {
	Settled []int64 // the items that it ended
	Items   []Item  // leased to the caller by it, as by a [Progress]
}

// Finding is an envelope on the ledger, signed by a key of ours, for which the
// store cannot account: a copy of the store was restored that does not know it
// any more, or somebody else has the key.
type Finding struct {
	Block   uint64               `json:"block"`
	Entry   int                  `json:"entry"` // in the block, from 0
	TxID    string               `json:"tx"`
	Receipt ledgerclient.Receipt `json:"receipt"`
	KeyID   string               `json:"key"`
	// State is where the store says that the receipt's transaction stands;
	// zero when it has no such receipt.
	State State     `json:"-"`
	At    time.Time `json:"at"` // UTC, when it was found; the store fills it in
}
