package ledgerclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// ErrDevice says that octets are not the signature of a phone.
var ErrDevice = errors.New("ledgerclient: not a device's signature")

// DeviceSignature is a request as a citizen's phone signed it, with P-256 and
// SHA-256. An envelope holds its salted hash ([Hide]): one key signs for all
// departments, and in the open it would join the records that pseudonyms keep
// apart. Who holds [DeviceSignature.Opening] and the salt can show what is
// behind the hash.
type DeviceSignature struct {
	Key    []byte // the public point, uncompressed (SEC 1 section 2.3.3), 65 octets
	Signed []byte // the octets that were signed
	Sig    []byte // R and S, 32 octets each
}

// Opening is the signature as one line: key, signed octets and signature in
// base64url, with dots between.
func (d DeviceSignature) Opening() string {
	e := base64.RawURLEncoding
	return e.EncodeToString(d.Key) + "." + e.EncodeToString(d.Signed) + "." + e.EncodeToString(d.Sig)
}

// ParseOpening reads what [DeviceSignature.Opening] wrote, and checks that the
// key made the signature. The error is [ErrDevice].
func ParseOpening(s string) (DeviceSignature, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return DeviceSignature{}, ErrDevice
	}
	var d DeviceSignature
	for i, at := range []*[]byte{&d.Key, &d.Signed, &d.Sig} {
		octets, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return DeviceSignature{}, fmt.Errorf("%w: base64url", ErrDevice)
		}
		*at = octets
	}
	return d, d.Check()
}

// Check says whether the key made the signature. The error is [ErrDevice].
func (d DeviceSignature) Check() error {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), d.Key)
	if err != nil || len(d.Sig) != 64 {
		return ErrDevice
	}
	digest := sha256.Sum256(d.Signed)
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(d.Sig[:32]), new(big.Int).SetBytes(d.Sig[32:])) {
		return fmt.Errorf("%w: the key did not make it", ErrDevice)
	}
	return nil
}
