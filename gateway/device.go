package gateway

import (
	"errors"
	"time"

	"setu/ledgerclient"
)

// Errors of a store about phones that sign.
var (
	// ErrOTP says that there is no one-time password, or that it has been used,
	// was tried too often, or has expired.
	ErrOTP = errors.New("gateway: no one-time password that counts")
	// ErrSeen says that a nonce was taken before.
	ErrSeen = errors.New("gateway: seen before")
)

// LimitError says that an [Allowance] is used up. It is an error.
type LimitError struct{ Until time.Time } // UTC, when it begins anew

// Error says until when.
func (l *LimitError) Error() string { return "gateway: too many until " + l.Until.Format(time.RFC3339) }

// Device is a phone whose key signs in a citizen's name.
type Device struct {
	// ID is the thumbprint of the key (RFC 7638, SHA-256, base64url).
	ID      string
	Citizen Address
	Key     []byte  // the public point, uncompressed (SEC 1 section 2.3.3)
	Name    Private // that she gave it
	Added   time.Time
}

// Binding is what came of a request to bind a device.
type Binding struct {
	// Bound says that the one-time password was right.
	Bound bool
	// Left is how often she may try again when it was not.
	Left int
	// Replaced is the device that made room; empty if none had to.
	Replaced string
}

// OTP is a one-time password that was sent to a number.
type OTP struct {
	Citizen Address
	MAC     string // keyed digest; the password itself is never kept
	Expires time.Time
}

// Allowance is how often something may be done in a time that begins with the
// first time.
type Allowance struct {
	Name   string // holds no number in the clear
	Most   int
	Window time.Duration
}

// Change is something that a citizen is told apart from any request: an answer
// that came late, the outcome of a transaction, a notice.
type Change struct {
	ID      int64 // ascending; a cursor
	Citizen Address
	Class   string // that of [SMSOut]
	Service string
	Text    Private
	Result  *Result
	At      time.Time // UTC
}

// Kept is the answer to a request that is done once, however often it is sent.
type Kept struct {
	Citizen  Address
	Key      string // the request's own
	Digest   []byte // of what it asked for
	Status   int
	Location string
	Body     []byte
}

// Proof is what is behind the hash of a phone's signature in an envelope.
type Proof struct {
	Receipt ledgerclient.Receipt
	Salt    string
	Opening string // see [ledgerclient.DeviceSignature.Opening]
}
