// Package operators holds the two-person rule: what cannot be undone is proposed
// by one operator and done when another confirms it.
//
// Each operator has a key of her own ([Key]), whose public half stands in the
// gateway's configuration, and signs what she asks for ([Statement]). The [Book]
// keeps a log of all of it, with the signatures, each line bound to the one
// before it: what was done, when, and by which two, can be checked by whoever
// has the log and the public keys, and a line that was changed or taken out
// from among the others is found.
package operators

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Errors of operators and of what they ask for.
var (
	// ErrKey says that something is no operator's key.
	ErrKey = errors.New("operators: not an operator's key; `setu operator new NAME` makes one")
	// ErrStranger says that a statement is not signed by one of the operators.
	ErrStranger = errors.New("operators: not signed by an operator of this gateway's configuration")
	// ErrStale says that a statement was made at another time.
	ErrStale = errors.New("operators: the statement is not of now; compare the clocks of the two machines")
	// ErrElsewhere says that a statement was made for another gateway.
	ErrElsewhere = errors.New("operators: the statement is for another gateway")
	// ErrTwo says that an act needs two operators.
	ErrTwo = errors.New("operators: two operators are needed: propose it with --as FILE, and let another confirm it; setu.yaml names the operators")
	// ErrSame says that an operator confirms what she proposed.
	ErrSame = errors.New("operators: another operator than the one who proposed it must confirm it")
	// ErrKind says that there is no such act, or not with these arguments.
	ErrKind = errors.New("operators: no such act")
	// ErrNoAct says that nothing of that number was proposed.
	ErrNoAct = errors.New("operators: no such act was proposed; `setu acts list` shows those that were")
	// ErrSettled says that an act is done, withdrawn or expired.
	ErrSettled = errors.New("operators: the act is settled already; propose it again if it is still wanted")
	// ErrMany says that too many acts wait.
	ErrMany = errors.New("operators: too many acts wait; confirm or withdraw some")
	// ErrLog says that the operators' log was changed by hand.
	ErrLog = errors.New("operators: the log was changed; keep a copy for the inquiry, move it away and start the gateway again")
)

// keyMark begins an operator's key file.
const keyMark = "setu-operator-1"

// signContext begins what operators sign, so that a signature serves nothing
// else.
const signContext = "setu operator v1\n"

var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,31}$`)

// Operator is a person as the configuration names her.
type Operator struct {
	Name string
	Key  ed25519.PublicKey
}

// ParseOperator reads a name and a public key in base64. The error is
// [ErrKey].
func ParseOperator(name, key string) (Operator, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != ed25519.PublicKeySize || !names.MatchString(name) {
		return Operator{}, fmt.Errorf("%w: operator %q", ErrKey, name)
	}
	return Operator{Name: name, Key: raw}, nil
}

// Key is an operator's own key. It belongs on her own machine or stick.
type Key struct {
	Name    string
	private ed25519.PrivateKey
}

// NewKey makes a key. A name is up to 32 small letters, digits, dots, dashes
// and underscores; the error is [ErrKey].
func NewKey(name string) (Key, error) {
	if !names.MatchString(name) {
		return Key{}, fmt.Errorf("%w: a name is small letters, digits, dots and dashes, not %q", ErrKey, name)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return Key{name, private}, err
}

// ParseKey reads a key file. The error is [ErrKey].
func ParseKey(file []byte) (Key, error) {
	words := strings.Fields(string(file))
	if len(words) != 3 || words[0] != keyMark || !names.MatchString(words[1]) {
		return Key{}, ErrKey
	}
	seed, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, ErrKey
	}
	return Key{words[1], ed25519.NewKeyFromSeed(seed)}, nil
}

// File is the key as its file holds it: whoever reads it can act as the
// operator.
func (k Key) File() []byte {
	return fmt.Appendf(nil, "%s %s %s\n", keyMark, k.Name, base64.StdEncoding.EncodeToString(k.private.Seed()))
}

// Public is the public half in base64.
func (k Key) Public() string {
	return base64.StdEncoding.EncodeToString(k.private.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // documented
}

// Verb is what a statement asks for.
type Verb string

// The verbs.
const (
	List     Verb = "list"     // to see the acts
	Propose  Verb = "propose"  // an act that another is to confirm
	Confirm  Verb = "confirm"  // that it be done
	Withdraw Verb = "withdraw" // that it be not
)

// Statement is what an operator asks of one gateway.
type Statement struct {
	Verb     Verb              `json:"verb"`
	Gateway  string            `json:"gateway"` // the identifier that the gateway gives itself
	Operator string            `json:"operator"`
	Time     time.Time         `json:"time"`
	Kind     string            `json:"kind,omitempty"`  // of a proposal: what is to be done
	Args     map[string]string `json:"args,omitempty"`  // of a proposal
	Act      string            `json:"act,omitempty"`   // SHA-256 of the proposal, in hexadecimal, to confirm or withdraw it
	Nonce    string            `json:"nonce,omitempty"` // of a proposal: it is not the one of yesterday
}

// Signed is a statement as it was signed.
type Signed struct {
	Statement []byte `json:"statement"`
	Sig       []byte `json:"sig"` // Ed25519 (RFC 8032)
}

// Sign signs a statement in the operator's name.
func (k Key) Sign(s Statement) (Signed, error) {
	s.Operator, s.Time = k.Name, s.Time.UTC()
	if s.Verb == Propose {
		s.Nonce = rand.Text()
	}
	octets, err := json.Marshal(s)
	if err != nil {
		return Signed{}, err
	}
	return Signed{octets, ed25519.Sign(k.private, append([]byte(signContext), octets...))}, nil
}

// Open verifies a statement by the operators' keys. The error is
// [ErrStranger].
func (s Signed) Open(all []Operator) (Statement, error) {
	var out Statement
	if err := json.Unmarshal(s.Statement, &out); err != nil {
		return Statement{}, ErrStranger
	}
	for _, o := range all {
		if o.Name == out.Operator && ed25519.Verify(o.Key, append([]byte(signContext), s.Statement...), s.Sig) {
			return out, nil
		}
	}
	return Statement{}, ErrStranger
}

// Digest names a proposal: SHA-256 of the statement, in hexadecimal.
func (s Signed) Digest() string {
	sum := sha256.Sum256(s.Statement)
	return hex.EncodeToString(sum[:])
}
