package baas

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
)

// jwks is a set of public keys by RFC 7517. exp and revoked are members
// that OpenID Federation 1.0 section 8.7 gives to keys that have ended.
type jwks struct {
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

// ErrKeys says that a file is no set of P-256 keys.
var ErrKeys = errors.New("baas: not a set of P-256 public keys (JSON Web Key Set)")

// coordinate is the length of each coordinate of a point of P-256, octets.
const coordinate = 32

// FormatKeys writes public keys as a JSON Web Key Set.
func FormatKeys(list []keys.Key) ([]byte, error) {
	set := jwks{Keys: make([]jwk, 0, len(list))}
	for _, k := range list {
		point, err := k.Public.Bytes()
		if err != nil || len(point) != 1+2*coordinate {
			return nil, fmt.Errorf("%w: key %s", ErrKeys, k.ID)
		}
		one := jwk{
			KeyType: "EC", Curve: "P-256", ID: k.ID, Use: "sig", Alg: "ES256",
			X:    base64.RawURLEncoding.EncodeToString(point[1 : 1+coordinate]),
			Y:    base64.RawURLEncoding.EncodeToString(point[1+coordinate:]),
			Made: k.Created.Unix(), Expires: k.NotAfter.Unix(),
		}
		if !k.NotBefore.IsZero() {
			one.Begins = k.NotBefore.Unix()
		}
		if k.State == keys.Revoked {
			one.Revoked = &revoked{k.Revoked.Unix()}
		}
		set.Keys = append(set.Keys, one)
	}
	return json.MarshalIndent(set, "", "  ")
}

// ParseKeys reads a JSON Web Key Set of P-256 keys, each with an identifier. A
// key without an end does not end. The error is [ErrKeys].
func ParseKeys(octets []byte) ([]keys.Key, error) {
	var set jwks
	if err := rest.Decode(bytes.NewReader(octets), &set); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	seen := map[string]bool{}
	list := make([]keys.Key, 0, len(set.Keys))
	for i := range set.Keys {
		k, err := set.Keys[i].key()
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

// forever is the end of a key that has none.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (j *jwk) key() (keys.Key, error) {
	if j.KeyType != "EC" || j.Curve != "P-256" || j.ID == "" || (j.Use != "" && j.Use != "sig") || (j.Alg != "" && j.Alg != "ES256") {
		return keys.Key{}, errors.New("kty, crv, kid, use or alg")
	}
	x, errX := base64.RawURLEncoding.Strict().DecodeString(j.X)
	y, errY := base64.RawURLEncoding.Strict().DecodeString(j.Y)
	if errX != nil || errY != nil || len(x) != coordinate || len(y) != coordinate {
		return keys.Key{}, errors.New("coordinates")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return keys.Key{}, err
	}
	k := keys.Key{ID: j.ID, State: keys.Active, Created: time.Unix(j.Made, 0).UTC(), NotAfter: forever, Public: public}
	if j.Begins != 0 {
		k.NotBefore = time.Unix(j.Begins, 0).UTC()
	}
	if j.Expires != 0 {
		k.NotAfter = time.Unix(j.Expires, 0).UTC()
	}
	if j.Revoked != nil {
		k.State, k.Revoked = keys.Revoked, time.Unix(j.Revoked.At, 0).UTC()
	}
	return k, nil
}
