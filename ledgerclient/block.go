package ledgerclient

// Block is what a block of a ledger says of the transactions in it that carry
// an envelope, for who follows the chain.
type Block struct {
	Number  uint64
	Entries []Entry // in the block's order
}

// Entry is one such transaction.
type Entry struct {
	// Index is the transaction's place in the block, from 0.
	Index    int
	Envelope SignedEnvelope
	// Invalid is the ledger's word for why the transaction has no effect; ""
	// when it has one.
	Invalid string
	// Outcome is what the transaction came to. Of an invalid one only TxID is
	// there.
	Outcome Outcome
}
