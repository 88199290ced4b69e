package httpsig

import (
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
}

// Verify checks a request with its body, which is nil or empty when there is
// none, and gives the identifier of the key that signed it. The errors are
// those of this package and of Key.
func (v *Verifier) Verify(r *http.Request, body []byte) (keyID string, err error) {
	m := OfRequest(r)
	sig, err := find(m)
	if err != nil {
		return "", err
	}
	if err := sig.checkCoverage(m, len(body) > 0); err != nil {
		return sig.keyID, err
	}
	if err := v.checkTime(sig); err != nil {
		return sig.keyID, err
	}
	key, err := v.Key(sig.keyID)
	if err != nil {
		return sig.keyID, err
	}
	if err := sig.check(m, key); err != nil {
		return sig.keyID, err
	}
	if len(body) > 0 {
		if err := CheckDigest(r.Header, body); err != nil {
			return sig.keyID, err
		}
	}
	// The nonce comes last, so that only who holds a key can fill the memory.
	return sig.keyID, v.Nonces.Take(sig.keyID+" "+sig.nonce, v.Now())
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

// find is the one signature with our tag.
func find(m Message) (*signature, error) {
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
		if tag, _ := list.Params.Get("tag"); tag != Tag {
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

// check computes the signature.
func (s *signature) check(m Message, key *ecdsa.PublicKey) error {
	base, err := m.base(s.names, s.params)
	if err != nil {
		return err
	}
	if len(s.raw) != 2*half {
		return ErrSignature
	}
	digest := sha256.Sum256(base)
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(s.raw[:half]), new(big.Int).SetBytes(s.raw[half:])) {
		return ErrSignature
	}
	return nil
}
