package ledgerclient

import "time"

// EnvelopeVersion is the version of the envelope's format.
const EnvelopeVersion = "1"

// Envelope is what a citizen asked for, as the gateway accepted it. Its
// canonical form is signed once and never changes.
type Envelope struct {
	Receipt Receipt
	// Key is the idempotency key: the same request has the same key at the
	// provider, in the store and on the ledger.
	Key     string
	Service string
	Version string // of the service's definition
	Call    Call
	Caller  Caller
	Consent string // reference of the consent that it relies on, if any
	Time    time.Time
}

// Signature is a P-256 signature in ASN.1 DER over SHA-256 (FIPS 186-5), with
// the key that made it.
//
// One signature may cover a batch: then Path leads from the document's leaf
// hash to the root that was signed (RFC 9162 section 2.1.1; leaves and nodes
// are hashed with different prefixes). An empty Path with Size 0 or 1 is a
// signature of the document alone.
type Signature struct {
	KeyID string   `json:"kid"`
	Sig   []byte   `json:"sig"`
	Path  [][]byte `json:"path,omitempty"`
	Index int64    `json:"index,omitempty"` // of the leaf in the batch
	Size  int64    `json:"size,omitempty"`  // leaves in the batch
}

// SignedEnvelope is an envelope's canonical bytes with the gateway's signature.
type SignedEnvelope struct {
	Canonical []byte    `json:"canonical"`
	Signature Signature `json:"signature"`
}

// SignedQuery is a query's canonical bytes with the gateway's signature.
type SignedQuery struct {
	Query     Query
	Canonical []byte
	Signature Signature
}
