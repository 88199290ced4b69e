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
}

func newSecret(version int) secret {
	s := secret{version, make([]byte, sha256.Size)}
	_, _ = rand.Read(s.key) // never fails (Go 1.24 and later)
	return s
}

// pseudonymOctets is how much of the HMAC a pseudonym keeps: 144 bits, 24
// characters of base64url.
const pseudonymOctets = 18

// Pseudonym is what a department's ledger calls a phone number in E.164: the
// secret's version, a dot, and 24 characters of base64url. It is HMAC-SHA-256
// of the number by a key that HKDF (RFC 5869) derives for the department, so
// that nobody without the keystore can find the number, though all numbers
// there are could be tried, and no two departments can join their records.
func (s *Store) Pseudonym(department, number string) string {
	r := s.ring.Load()
	current := r.secrets[len(r.secrets)-1]
	mac := hmac.New(sha256.New, r.departmentKey(current, department))
	mac.Write([]byte(number))
	var sum [sha256.Size]byte
	out := make([]byte, 0, 4+base64.RawURLEncoding.EncodedLen(pseudonymOctets))
	out = strconv.AppendInt(out, int64(current.version), 10)
	out = append(out, '.')
	return string(base64.RawURLEncoding.AppendEncode(out, mac.Sum(sum[:0])[:pseudonymOctets]))
}

// departmentKey derives a department's key, once.
func (r *ring) departmentKey(s secret, department string) []byte {
	if key, ok := r.departments.Load(department); ok {
		return key.([]byte)
	}
	key, err := hkdf.Key(sha256.New, s.key, nil, "setu pseudonym "+department, sha256.Size)
	if err != nil {
		// HKDF only refuses more than 255 blocks of output, or in FIPS mode
		// a secret under 112 bits; read makes sure of the latter.
		panic("keys: derive department key: " + err.Error())
	}
	r.departments.Store(department, key)
	return key
}
