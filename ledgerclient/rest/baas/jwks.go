package baas

import (
	"fmt"
	"time"

	"setu/ledgerclient/jwks"
	"setu/ledgerclient/keys"
)

// ErrKeys says that a file is no set of P-256 keys.
var ErrKeys = jwks.ErrKeys

// FormatKeys writes public keys as a JSON Web Key Set.
func FormatKeys(list []keys.Key) ([]byte, error) {
	out := make([]jwks.Key, 0, len(list))
	for _, k := range list {
		one := jwks.Key{ID: k.ID, Made: k.Created, NotBefore: k.NotBefore, Expires: k.NotAfter, Public: k.Public}
		if k.State == keys.Revoked {
			one.Revoked = k.Revoked
		}
		out = append(out, one)
	}
	return jwks.Format(out)
}

// forever is the end of a key that has none.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// ParseKeys reads a JSON Web Key Set of P-256 keys, each with an identifier. A
// key without an end does not end. The error is [ErrKeys].
func ParseKeys(octets []byte) ([]keys.Key, error) {
	list, err := jwks.Parse(octets)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	out := make([]keys.Key, 0, len(list))
	for _, k := range list {
		one := keys.Key{ID: k.ID, State: keys.Active, Created: k.Made, NotBefore: k.NotBefore, NotAfter: k.Expires, Public: k.Public}
		if k.Expires.IsZero() {
			one.NotAfter = forever
		}
		if !k.Revoked.IsZero() {
			one.State, one.Revoked = keys.Revoked, k.Revoked
		}
		out = append(out, one)
	}
	return out, nil
}
