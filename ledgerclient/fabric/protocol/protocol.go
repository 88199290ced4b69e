// Package protocol is what the driver of a Fabric ledger and the contract on it
// say to each other: the contract's functions, their results and the codes of
// their refusals. It does no I/O.
package protocol

import (
	"strings"
	"time"

	"setu/ledgerclient"
)

// The contract's functions. An envelope or query is given as its canonical
// octets and its signature in JSON.
const (
	// Query answers a query: canonical, signature. The result is an Answer.
	Query = "Query"
	// Invoke carries an envelope out: canonical, signature. The result is a
	// Result.
	Invoke = "Invoke"
	// Find looks a request up: its idempotency key. The result is a Result.
	Find = "Find"

	// RegisterKey lets a gateway's key sign: its public key in DER
	// (SubjectPublicKeyInfo), base64. RevokeKey ends it: its identifier. Keys
	// lists those of the caller's organisation. Load writes records that are
	// not there yet: pairs of state key and record. All but Keys are for the
	// admins of an organisation.
	RegisterKey = "RegisterKey"
	RevokeKey   = "RevokeKey"
	Keys        = "Keys"
	Load        = "Load"
)

// Result is what became of an envelope.
type Result struct {
	// Found says that a transaction of the same idempotency key was recorded
	// before; TxID and Time are that one's.
	Found bool `json:"found,omitempty"`
	// Wrote says that this transaction changes the ledger. When neither is
	// true the contract refuses, and says why by the answer's code.
	Wrote  bool                `json:"wrote,omitempty"`
	Answer ledgerclient.Answer `json:"answer"`
	TxID   string              `json:"tx,omitempty"`
	Time   time.Time           `json:"time,omitzero"` // UTC, of the transaction
}

// Key is a gateway's key as the contract knows it.
type Key struct {
	ID      string    `json:"id"`
	MSP     string    `json:"msp"` // the organisation that registered it
	Public  []byte    `json:"public"`
	Revoked time.Time `json:"revoked,omitzero"`
}

// Code is the machine's word in an error of the contract.
type Code string

// The codes. An error of the contract reads "SETU_E_KEY: what happened".
const (
	CodeSignature Code = "SETU_E_SIGNATURE" // does not match, or octets are not canonical
	CodeKey       Code = "SETU_E_KEY"       // not registered, or of another organisation
	CodeRevoked   Code = "SETU_E_REVOKED"   // the key is revoked
	CodeFunction  Code = "SETU_E_FUNCTION"  // no such function, or not of this kind
	CodeRequest   Code = "SETU_E_REQUEST"   // arguments are missing or malformed
	CodeAdmin     Code = "SETU_E_ADMIN"     // only an organisation's admin may do it
	CodeState     Code = "SETU_E_STATE"     // a stored record cannot be read
)

// chaincodePrefix starts the message that a peer makes of a contract's error:
// "chaincode response 500, MESSAGE".
const chaincodePrefix = "chaincode response "

// CodeOf finds the code in a peer's message. It is false when the message does
// not come from this contract.
func CodeOf(message string) (Code, bool) {
	_, rest, ok := strings.Cut(message, chaincodePrefix)
	if !ok {
		return "", false
	}
	_, rest, _ = strings.Cut(rest, ", ")
	code, _, ok := strings.Cut(rest, ":")
	return Code(code), ok && strings.HasPrefix(code, "SETU_E_")
}

// Class is what a code means for the request that met it.
func (c Code) Class() ledgerclient.Class {
	switch c {
	case CodeSignature, CodeRequest:
		return ledgerclient.Refused
	case CodeKey, CodeFunction, CodeAdmin:
		return ledgerclient.Config
	case CodeRevoked:
		return ledgerclient.Disowned
	case CodeState:
	}
	return ledgerclient.Poison
}
