package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// secret is a secret behind pseudonyms, with its version.
type secret struct {
	version int
	key     []byte
	// extracted is the pseudorandom key of HKDF (RFC 5869 section 2.2).
	extracted []byte
}

func newSecret(version int) (secret, error) {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (Go 1.24 and later)
	return loadSecret(version, key)
}

func loadSecret(version int, key []byte) (secret, error) {
	extracted, err := hkdf.Extract(sha256.New, key, nil)
	return secret{version, key, extracted}, err
}

// pseudonymOctets is how much of the HMAC a pseudonym keeps: 144 bits, 24
// characters of base64url.
const pseudonymOctets = 18

// Pseudonym is what a department's ledger calls a phone number in E.164: the
// secret's version, a dot, and 24 characters of base64url. It is HMAC-SHA-256
// of the number by a key that HKDF (RFC 5869) derives for the department, so
// that nobody without the keystore can find the number, though all numbers
// there are could be tried, and no two departments can join their records.
func (s *Store) Pseudonym(department, number string) (string, error) {
	r := s.ring.Load()
	current := r.secrets[len(r.secrets)-1]
	mac := hmac.New(sha256.New, r.departmentKey(current, department))
	mac.Write([]byte(number))
	var sum [sha256.Size]byte
	out := make([]byte, 0, 4+base64.RawURLEncoding.EncodedLen(pseudonymOctets))
	out = strconv.AppendInt(out, int64(current.version), 10)
	out = append(out, '.')
	return string(base64.RawURLEncoding.AppendEncode(out, mac.Sum(sum[:0])[:pseudonymOctets])), nil
}

// departmentKey derives a department's key, once. One block of HKDF's output
// is enough (RFC 5869 section 2.3, T(1)).
func (r *ring) departmentKey(s secret, department string) []byte {
	if key, ok := r.departments.Load(department); ok {
		return key.([]byte)
	}
	mac := hmac.New(sha256.New, s.extracted)
	mac.Write([]byte("setu pseudonym " + department))
	mac.Write([]byte{1})
	key := mac.Sum(nil)
	r.departments.Store(department, key)
	return key
}
