package proof

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"setu/ledgerclient"
	"setu/ledgerclient/jwks"
)

// Errors of a checkpoint.
var (
	// ErrCheckpoint says that a text is no checkpoint.
	ErrCheckpoint = errors.New("proof: not a checkpoint of the audit log")
	// ErrKeys says that octets are no public keys.
	ErrKeys = errors.New("proof: not the gateway's public keys; `setu keys public` prints them")
	// ErrUnsigned says that no key that is known and counts has signed it.
	ErrUnsigned = errors.New("proof: checkpoint is not signed by a key that counts")
)

// Checkpoint is the size and root of the log at a time, as the gateway states
// and signs it. Its text is that of a signed note (C2SP tlog-checkpoint): origin,
// size, root and the line "time …", with signatures of P-256 in ASN.1 DER over
// SHA-256 of the text, which C2SP signed-note calls type 2.
type Checkpoint struct {
	Origin string // names the log
	Size   int64  // leaves
	Root   tlog.Hash
	Time   time.Time // UTC
}

// timePrefix begins the extension line with the time.
const timePrefix = "time "

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s%s\n", c.Origin, c.Size, c.Root, timePrefix, c.Time.UTC().Format(ledgerclient.TimeLayout))
}

// Digest is what a key signs.
func (c Checkpoint) Digest() [sha256.Size]byte { return sha256.Sum256([]byte(c.Text())) }

// IsText says that a signed checkpoint states c.
func (c Checkpoint) IsText(signed string) bool { return strings.HasPrefix(signed, c.Text()+"\n") }

// ReadCheckpoint reads a signed checkpoint and verifies nothing. The error is
// [ErrCheckpoint].
func ReadCheckpoint(signed string) (Checkpoint, error) {
	text, _, found := strings.Cut(signed, "\n\n")
	if !found {
		return Checkpoint{}, ErrCheckpoint
	}
	return parseText(text + "\n")
}

// parseText reads what Text wrote, and nothing else.
func parseText(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || len(lines[2]) > 64 {
		return c, ErrCheckpoint
	}
	_, err := fmt.Sscan(lines[1], &c.Size)
	root, rootErr := tlog.ParseHash(lines[2])
	at, timeErr := time.Parse(timePrefix+ledgerclient.TimeLayout, lines[3])
	if err = errors.Join(err, rootErr, timeErr); err != nil {
		return c, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c.Origin, c.Root, c.Time = lines[0], root, at
	if c.Size < 0 || !validOrigin(c.Origin) || c.Text() != text {
		return c, ErrCheckpoint
	}
	return c, nil
}

// validOrigin says that a signed note takes s for a name, which also keeps it one line.
func validOrigin(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsAny(s, "+") && len(strings.Fields(s)) == 1 && strings.TrimSpace(s) == s
}

// PublicKey is a key that may have signed. Who gives it vouches for it.
type PublicKey struct {
	ID      string // the start of SHA-256 over the SubjectPublicKeyInfo, in hexadecimal
	Public  *ecdsa.PublicKey
	Revoked time.Time // zero: not; later checkpoints by it do not count
}

// NewPublicKey names a key.
func NewPublicKey(public *ecdsa.PublicKey) (PublicKey, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return PublicKey{}, err
	}
	sum := sha256.Sum256(der)
	return PublicKey{ID: hex.EncodeToString(sum[:8]), Public: public}, nil
}

// ParseKeys reads public keys as `setu keys public` prints them (a JSON Web Key
// Set), or one in PEM. Identifiers are made of the keys, whatever the set says. The
// error is [ErrKeys].
func ParseKeys(octets []byte) ([]PublicKey, error) {
	if block, rest := pem.Decode(octets); block != nil {
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := parsed.(*ecdsa.PublicKey)
		if err != nil || !ok || public.Curve != elliptic.P256() || strings.TrimSpace(string(rest)) != "" {
			return nil, fmt.Errorf("%w: not one P-256 key in PEM", ErrKeys)
		}
		key, err := NewPublicKey(public)
		return []PublicKey{key}, err
	}
	set, err := jwks.Parse(octets)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	out := make([]PublicKey, 0, len(set))
	for _, k := range set {
		key, err := NewPublicKey(k.Public)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKeys, err)
		}
		key.Revoked = k.Revoked
		out = append(out, key)
	}
	return out, nil
}

// keyHash is the key's number in a signed note: the first four octets of SHA-256
// over the SubjectPublicKeyInfo, with which our identifiers begin too.
func keyHash(id string) (uint32, error) {
	octets, err := hex.DecodeString(id)
	if err != nil || len(octets) < 4 {
		return 0, fmt.Errorf("proof: %q is no identifier of a key", id)
	}
	return binary.BigEndian.Uint32(octets), nil
}

// signature is one that was made already, as a signed note takes it.
type signature struct {
	origin string
	hash   uint32
	sig    []byte
}

func (s signature) Name() string                { return s.origin }
func (s signature) KeyHash() uint32             { return s.hash }
func (s signature) Sign([]byte) ([]byte, error) { return s.sig, nil }

// Note puts c and its signature together.
func (c Checkpoint) Note(s ledgerclient.Signature) (string, error) {
	hash, err := keyHash(s.KeyID)
	if err != nil {
		return "", err
	}
	octets, err := note.Sign(&note.Note{Text: c.Text()}, signature{c.Origin, hash, s.Sig})
	if err != nil {
		return "", fmt.Errorf("write checkpoint: %w", err)
	}
	return string(octets), nil
}

// keyring are the keys of one log, as a signed note looks for them.
type keyring struct {
	keys []PublicKey
	at   time.Time
}

// noteKey checks by one key.
type noteKey struct {
	origin string
	hash   uint32
	public *ecdsa.PublicKey
}

func (k noteKey) Name() string    { return k.origin }
func (k noteKey) KeyHash() uint32 { return k.hash }
func (k noteKey) Verify(text, sig []byte) bool {
	sum := sha256.Sum256(text)
	return ecdsa.VerifyASN1(k.public, sum[:], sig)
}

// Verifier finds a key by its number.
func (k keyring) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, key := range k.keys {
		h, err := keyHash(key.ID)
		if err != nil || h != hash || !key.Revoked.IsZero() && !k.at.Before(key.Revoked) {
			continue
		}
		return noteKey{name, hash, key.Public}, nil
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// OpenCheckpoint reads a signed checkpoint and verifies that one of the keys
// signed it; a key that was revoked by its time does not count. The errors are
// [ErrCheckpoint] and [ErrUnsigned].
func OpenCheckpoint(signed string, keys []PublicKey) (Checkpoint, error) {
	c, err := ReadCheckpoint(signed)
	if err != nil {
		return c, err
	}
	n, err := note.Open([]byte(signed), keyring{keys, c.Time})
	var unknown *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return c, fmt.Errorf("%w: %w", ErrUnsigned, err)
	case err != nil:
		return c, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	case n.Text != c.Text() || n.Sigs[0].Name != c.Origin:
		return c, ErrCheckpoint
	}
	return c, nil
}
