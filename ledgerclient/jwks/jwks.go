// Package jwks writes and reads public P-256 keys as JSON Web Key Sets (RFC 7517),
// for whoever checks what a gateway signs.
package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrKeys says that octets are no set of P-256 keys.
var ErrKeys = errors.New("jwks: not a set of P-256 public keys (JSON Web Key Set)")

// Key is a public key with its times, UTC, to the second; the zero time is none.
type Key struct {
	ID                       string
	Made, NotBefore, Expires time.Time
	Revoked                  time.Time
	Public                   *ecdsa.PublicKey
}

// set is the file. exp and revoked are members that OpenID Federation 1.0 section
// 8.7 gives to keys that have ended.
type set struct {
	Keys []jwk `json:"keys"`
}

type jwk struct {
	KeyType string   `json:"kty"`
	Curve   string   `json:"crv"`
	X       string   `json:"x"`
	Y       string   `json:"y"`
	ID      string   `json:"kid"`
	Use     string   `json:"use,omitempty"`
	Alg     string   `json:"alg,omitempty"`
	Made    int64    `json:"iat,omitempty"` // Unix time
	Begins  int64    `json:"nbf,omitempty"` // Unix time
	Expires int64    `json:"exp,omitempty"` // Unix time
	Revoked *revoked `json:"revoked,omitempty"`
}

type revoked struct {
	At int64 `json:"revoked_at"` // Unix time
}

// coordinate is the length of each coordinate of a point of P-256, octets.
const coordinate = 32

// Format writes keys as a set. The error is [ErrKeys].
func Format(list []Key) ([]byte, error) {
	out := set{Keys: make([]jwk, 0, len(list))}
	for _, k := range list {
		point, err := k.Public.Bytes()
		if err != nil || len(point) != 1+2*coordinate {
			return nil, fmt.Errorf("%w: key %s", ErrKeys, k.ID)
		}
		one := jwk{
			KeyType: "EC", Curve: "P-256", ID: k.ID, Use: "sig", Alg: "ES256",
			X:    base64.RawURLEncoding.EncodeToString(point[1 : 1+coordinate]),
			Y:    base64.RawURLEncoding.EncodeToString(point[1+coordinate:]),
			Made: unix(k.Made), Begins: unix(k.NotBefore), Expires: unix(k.Expires),
		}
		if !k.Revoked.IsZero() {
			one.Revoked = &revoked{k.Revoked.Unix()}
		}
		out.Keys = append(out.Keys, one)
	}
	return json.MarshalIndent(out, "", "  ")
}

// unix is t as Unix time, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// at is the UTC time of a Unix time, zero for 0.
func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// Parse reads a set of keys, each with an identifier of its own. The error is
// [ErrKeys].
func Parse(octets []byte) ([]Key, error) {
	var in set
	d := json.NewDecoder(bytes.NewReader(octets))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one value", ErrKeys)
	}
	seen := map[string]bool{}
	list := make([]Key, 0, len(in.Keys))
	for i := range in.Keys {
		k, err := in.Keys[i].key()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: key %d: %w", ErrKeys, i+1, err)
		case seen[k.ID]:
			return nil, fmt.Errorf("%w: key %d: its kid is there twice", ErrKeys, i+1)
		}
		seen[k.ID] = true
		list = append(list, k)
	}
	return list, nil
}

func (j *jwk) key() (Key, error) {
	if j.KeyType != "EC" || j.Curve != "P-256" || j.ID == "" || (j.Use != "" && j.Use != "sig") || (j.Alg != "" && j.Alg != "ES256") {
		return Key{}, errors.New("kty, crv, kid, use or alg")
	}
	x, errX := base64.RawURLEncoding.Strict().DecodeString(j.X)
	y, errY := base64.RawURLEncoding.Strict().DecodeString(j.Y)
	if errX != nil || errY != nil || len(x) != coordinate || len(y) != coordinate {
		return Key{}, errors.New("coordinates")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return Key{}, err
	}
	k := Key{ID: j.ID, Made: at(j.Made), NotBefore: at(j.Begins), Expires: at(j.Expires), Public: public}
	if j.Revoked != nil {
		k.Revoked = time.Unix(j.Revoked.At, 0).UTC()
	}
	return k, nil
}
