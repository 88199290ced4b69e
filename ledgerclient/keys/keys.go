// Package keys keeps the gateway's secrets: the P-256 keys that sign envelopes
// and queries, and the secret behind the citizens' pseudonyms.
//
// [Store] holds them in a file that is encrypted by a passphrase; it suits a
// laptop and a pilot. Whatever else signs (a hardware module) takes its place
// by the interfaces of package ledgerclient. [Pool] lets many queries share
// one signature, and [Verifier] checks signatures, each shared one once.
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

	// ErrUnknown says that there is no such key.
	ErrUnknown = fmt.Errorf("keys: unknown key: %w", ledgerclient.ErrKey)
	// ErrRevoked says that a key was revoked.
	ErrRevoked = ledgerclient.ErrRevoked
	// ErrRetired says that a key signs no more, because another took over.
	ErrRetired = fmt.Errorf("keys: key is retired: %w", ledgerclient.ErrKey)
	// ErrExpired says that a key is too old to sign; setu keys rotate makes
	// another.
	ErrExpired = fmt.Errorf("keys: key has expired, rotate it: %w", ledgerclient.ErrKey)
	// ErrNoKey says that no key is active; setu keys rotate makes one.
	ErrNoKey = fmt.Errorf("keys: no active key, rotate to make one: %w", ledgerclient.ErrKey)
)

// State is where a key stands in its life.
type State string

// The states. A key goes from active to retired to revoked, or from active to
// revoked, and never back.
const (
	Active  State = "active"  // signs and verifies
	Retired State = "retired" // verifies
	Revoked State = "revoked" // verifies only what was signed before
)

// Key is what everyone may know of a signing key. Times are UTC.
type Key struct {
	ID       string // the start of SHA-256 over the SubjectPublicKeyInfo, in hexadecimal
	State    State
	Created  time.Time
	NotAfter time.Time // it does not sign from then on; what it signed stays valid
	Revoked  time.Time // zero unless revoked
	Public   *ecdsa.PublicKey
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
