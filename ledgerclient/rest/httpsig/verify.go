package httpsig

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/dunglas/httpsfv"
)

// Verifier checks the signatures of requests. Its method may be called from
// many goroutines.
type Verifier struct {
	// Key gives the public key with an identifier. Its error is passed on.
	Key func(id string) (*ecdsa.PublicKey, error)
	Now func() time.Time
	// Window is the most that a creation time may differ from Now; the zero
	// value is [DefaultWindow].
	Window time.Duration
	// Since refuses what was made before: a service that forgets its nonces
	// when it ends sets it to its start. The zero value refuses nothing.
	Since time.Time
	// Nonces remembers what was seen. Make it for the same window.
	Nonces *Nonces
	// Tag is that of the signatures that are looked at; the zero value is [Tag].
	Tag string
}

// Signed is a request whose signature holds.
type Signed struct {
	KeyID string
	Base  []byte // the octets that were signed (RFC 9421 section 2.5)
	Sig   []byte // R and S, 32 octets each
	Made  time.Time
	Nonce string
}

// Verify checks a request with its body, which is nil or empty when there is
// none, and gives the identifier of the key that signed it. The errors are
// those of this package and of Key.
func (v *Verifier) Verify(r *http.Request, body []byte) (keyID string, err error) {
	s, err := v.VerifyMessage(OfRequest(r), body)
	return s.KeyID, err
}

// VerifyMessage is [Verifier.Verify] for a request in any form. With an error
// only KeyID may be filled in.
func (v *Verifier) VerifyMessage(m Message, body []byte) (Signed, error) {
	sig, err := find(m, cmp.Or(v.Tag, Tag))
	if err != nil {
		return Signed{}, err
	}
	failed := Signed{KeyID: sig.keyID}
	if err := sig.checkCoverage(m, len(body) > 0); err != nil {
		return failed, err
	}
	if err := v.checkTime(sig); err != nil {
		return failed, err
	}
	key, err := v.Key(sig.keyID)
	if err != nil {
		return failed, err
	}
	base, err := sig.check(m, key)
	if err != nil {
		return failed, err
	}
	if len(body) > 0 || len(m.Header.Values(fieldDigest)) > 0 { // a body may also have been dropped
		if err := CheckDigest(m.Header, body); err != nil {
			return failed, err
		}
	}
	// The nonce comes last, so that only who holds a key can fill the memory.
	if err := v.Nonces.Take(sig.keyID+" "+sig.nonce, v.Now()); err != nil {
		return failed, err
	}
	return Signed{KeyID: sig.keyID, Base: base, Sig: sig.raw, Made: sig.created, Nonce: sig.nonce}, nil
}

func (v *Verifier) checkTime(s *signature) error {
	window := v.Window
	if window == 0 {
		window = DefaultWindow
	}
	now := v.Now()
	switch made := s.created; {
	case made.Before(v.Since):
		return fmt.Errorf("%w: before this service started", ErrClock)
	case now.Sub(made) > window, made.Sub(now) > window:
		return fmt.Errorf("%w: %v off", ErrClock, now.Sub(made).Round(time.Second))
	case s.expires != 0 && now.Unix() > s.expires:
		return fmt.Errorf("%w: expired", ErrClock)
	}
	return nil
}

// signature is one signature of a message, as it was sent.
type signature struct {
	names   []string // covered
	params  string   // as signed
	created time.Time
	expires int64 // Unix time; 0 is never
	nonce   string
	keyID   string
	raw     []byte
}

// find is the one signature with a tag.
func find(m Message, tag string) (*signature, error) {
	inputs, err := dictionary(m.Header, fieldInput)
	if err != nil {
		return nil, err
	}
	var found string
	for _, name := range inputs.Names() {
		member, _ := inputs.Get(name)
		list, ok := member.(httpsfv.InnerList)
		if !ok {
			return nil, fmt.Errorf("%w: Signature-Input", ErrSyntax)
		}
		if its, _ := list.Params.Get("tag"); its != tag {
			continue
		}
		if found != "" {
			return nil, fmt.Errorf("%w: two signatures with our tag", ErrSyntax)
		}
		found = name
	}
	if found == "" {
		return nil, ErrMissing
	}
	return named(m, inputs, found)
}

// named reads the signature with a label.
func named(m Message, inputs *httpsfv.Dictionary, label string) (*signature, error) {
	member, _ := inputs.Get(label)
	list, ok := member.(httpsfv.InnerList)
	if !ok {
		return nil, ErrMissing
	}
	sigs, err := dictionary(m.Header, fieldSignature)
	if err != nil {
		return nil, err
	}
	member, ok = sigs.Get(label)
	if !ok {
		return nil, ErrMissing
	}
	item, ok := member.(httpsfv.Item)
	if !ok {
		return nil, fmt.Errorf("%w: Signature", ErrSyntax)
	}
	var s signature
	if s.raw, ok = item.Value.([]byte); !ok {
		return nil, fmt.Errorf("%w: Signature", ErrSyntax)
	}
	if s.names, err = covered(list); err != nil {
		return nil, err
	}
	if s.params, err = httpsfv.Marshal(list); err != nil {
		return nil, fmt.Errorf("%w: Signature-Input", ErrSyntax)
	}
	return &s, s.readParams(list.Params)
}

func dictionary(h http.Header, field string) (*httpsfv.Dictionary, error) {
	lines := h.Values(field)
	if len(lines) == 0 {
		return nil, fmt.Errorf("%w: no %s", ErrMissing, field)
	}
	d, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrSyntax, field)
	}
	return d, nil
}

// readParams reads the parameters of RFC 9421 section 2.3.
func (s *signature) readParams(params *httpsfv.Params) error {
	for _, name := range params.Names() {
		value, _ := params.Get(name)
		number, isNumber := value.(int64)
		text, isText := value.(string)
		ok := isText
		switch name {
		case "created":
			s.created, ok = time.Unix(number, 0), isNumber
		case "expires":
			s.expires, ok = number, isNumber && number > 0
		case "nonce":
			s.nonce = text
		case "keyid":
			s.keyID = text
		case "alg":
			ok = text == Algorithm
		case "tag":
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("%w: parameter %q", ErrSyntax, name)
		}
	}
	return nil
}

// checkCoverage asks for all components and parameters that must be there.
func (s *signature) checkCoverage(m Message, body bool) error {
	required := m.required()
	if body {
		required = append(required, "content-type", "content-digest")
	}
	for _, name := range required {
		if !slices.Contains(s.names, name) {
			return fmt.Errorf("%w: not %q", ErrCoverage, name)
		}
	}
	switch {
	case s.created.IsZero():
		return fmt.Errorf("%w: no creation time", ErrCoverage)
	case s.nonce == "":
		return fmt.Errorf("%w: no nonce", ErrCoverage)
	case s.keyID == "":
		return fmt.Errorf("%w: no key", ErrCoverage)
	}
	return nil
}

// check computes the signature, and gives what was signed.
func (s *signature) check(m Message, key *ecdsa.PublicKey) ([]byte, error) {
	base, err := m.base(s.names, s.params)
	if err != nil {
		return nil, err
	}
	if len(s.raw) != 2*half {
		return nil, ErrSignature
	}
	digest := sha256.Sum256(base)
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(s.raw[:half]), new(big.Int).SetBytes(s.raw[half:])) {
		return nil, ErrSignature
	}
	return base, nil
}
