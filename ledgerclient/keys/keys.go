// Package keys keeps the gateway's secrets: the P-256 keys that sign envelopes
// and queries, and the secret behind the citizens' pseudonyms.
//
// [Store] is the keystore. What it knows of its keys stands in its register, a
// file; the private halves and the secret are in that same file, encrypted by a
// passphrase ([Create], [Open]), or in a token that signs by itself and lets
// nothing out ([CreateInToken], [OpenInToken]): a hardware security module, a
// smart card, or SoftHSM. [Pool] lets many queries share one signature, and
// [Verifier] checks signatures, each shared one once.
//
// The secret behind pseudonyms is never changed: the ledger's records are found
// by them, for good. So a keystore cannot move from a file into a token either,
// and begins where it is to stay.
package keys

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"setu/ledgerclient"
)

// Errors of this package.
var (
	// ErrPassphrase says that the passphrase does not open the file.
	ErrPassphrase = errors.New("keys: passphrase does not open the keystore")
	// ErrExists says that a keystore would be overwritten.
	ErrExists = errors.New("keys: keystore exists already")
	// ErrFormat says that the file holds something else than a keystore.
	ErrFormat = errors.New("keys: not a keystore of this version")
	// ErrClosed says that a pool was closed.
	ErrClosed = errors.New("keys: signing pool is closed")
	// ErrSandbox says that a keystore was made by a sandbox, which protects
	// nothing, and is not to serve anything else.
	ErrSandbox = errors.New("keys: keystore was made by a sandbox, make another one for production with `setu keys init`")
	// ErrForged says that a register was changed by somebody else than its
	// token's owner, or belongs to another token.
	ErrForged = errors.New("keys: register does not belong to the token, or was changed by hand; restore it from its backup")

	// ErrUnknown says that there is no such key.
	ErrUnknown = fmt.Errorf("keys: unknown key: %w", ledgerclient.ErrKey)
	// ErrRevoked says that a key was revoked.
	ErrRevoked = ledgerclient.ErrRevoked
	// ErrRetired says that a key signs no more, because another took over.
	ErrRetired = fmt.Errorf("keys: key is retired: %w", ledgerclient.ErrKey)
	// ErrEarly says that a key does not sign yet.
	ErrEarly = fmt.Errorf("keys: key does not sign yet: %w", ledgerclient.ErrKey)
	// ErrExpired says that a key is too old to sign; setu keys rotate makes
	// another.
	ErrExpired = fmt.Errorf("keys: key has expired, rotate it: %w", ledgerclient.ErrKey)
	// ErrNoKey says that no key is active; setu keys rotate makes one.
	ErrNoKey = fmt.Errorf("keys: no active key, rotate to make one: %w", ledgerclient.ErrKey)
)

// State is where a key stands in its life.
type State string

// The states. A key goes down this list and never back; it may be left out of
// any state but the last it has reached.
const (
	Next    State = "next"    // will sign when its time has come, and verifies
	Active  State = "active"  // signs and verifies
	Retired State = "retired" // verifies
	Revoked State = "revoked" // verifies only what was signed before
)

// Key is what everyone may know of a signing key. Times are UTC.
type Key struct {
	ID        string // the start of SHA-256 over the SubjectPublicKeyInfo, in hexadecimal
	State     State
	Created   time.Time
	NotBefore time.Time // it signs from then on, in place of the key before it
	NotAfter  time.Time // it does not sign from then on; what it signed stays valid
	Revoked   time.Time // zero unless revoked
	Public    *ecdsa.PublicKey
}

// counts is nil if a signature by k, shown at the time at, counts.
func (k Key) counts(at time.Time) error {
	if k.State == Revoked && !at.Before(k.Revoked) {
		return ErrRevoked
	}
	return nil
}

// signs is nil if k may sign now.
func (k Key) signs(now time.Time) error {
	switch {
	case k.State == Revoked:
		return ErrRevoked
	case k.State == Retired:
		return ErrRetired
	case now.Before(k.NotBefore):
		return ErrEarly
	case !now.Before(k.NotAfter):
		return ErrExpired
	}
	return nil
}

// keyID names a public key.
func keyID(public *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8]), nil
}
