package gateway

import (
	"time"

	"setu/ledgerclient"
)

// Observation is something outside the store that the audit log is to tell when
// it has changed, such as the settings of a partner or the state of a key.
type Observation struct {
	Subject string // what is looked at
	Value   string // how it is; a store remembers the latest
	// Leaf is written when Value is another one than before.
	Leaf []byte
}

// LogTile are up to 256 hashes of the audit log's tree: the roots of the
// complete subtrees of 256^Level leaves, from number 256*N on.
type LogTile struct {
	Level  int // from 1: the hashes of the leaves follow from them
	N      int64
	Hashes []byte // of 32 octets each
}

// LogCheckpoint is a checkpoint of the audit log, as it was signed.
type LogCheckpoint struct {
	Size int64 // leaves that it covers
	Note string
	Time time.Time // UTC
	// Anchor is the receipt of the transaction that carries it to the ledger;
	// empty when none does.
	Anchor ledgerclient.Receipt
}

// Seal is what the keeper of the audit log adds in one commit.
type Seal struct {
	Tiles      []LogTile // new or grown
	Checkpoint LogCheckpoint
	Effects    []Effect // the anchor's transaction
}
