// Package proof is the audit log as others see it, and all that is needed to
// check it without the gateway and its store: leaves, the Merkle tree over them
// (RFC 6962), signed checkpoints, the proof of one receipt, and the export of
// many leaves.
//
// A leaf tells one thing that the gateway did: a message accepted, a transaction
// signed or ended, an operator's act. It holds no number, no name and no text.
// What was told once cannot be changed or taken away without a checkpoint that
// somebody holds, or that is on the ledger, showing it.
//
// The package is pure: octets and keys come in, a verdict comes out.
package proof
