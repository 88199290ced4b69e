package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
	"sync"
)

// secret is a secret behind pseudonyms.
type secret interface {
	// mac is a keyed hash of a number for a department.
	mac(department, number string) ([sha256.Size]byte, error)
	// store is the secret as the register has it.
	store() storedSecret
}

// pseudonymOctets is how much of the HMAC a pseudonym keeps: 144 bits, 24
// characters of base64url.
const pseudonymOctets = 18

// Pseudonym is what a department's ledger calls a phone number in E.164: the
// secret's version, a dot, and 24 characters of base64url. It is a keyed hash
// for the department, so that nobody without the keystore can find the number,
// though all numbers there are could be tried, and no two departments can join
// their records. From a file it is HMAC-SHA-256 by a key that HKDF (RFC 5869)
// derives for the department, and never fails; a token makes HMAC-SHA-256 of
// department and number itself, and the error is the token's.
func (s *Store) Pseudonym(department, number string) (string, error) {
	r := s.ring.Load()
	version := len(r.secrets)
	sum, err := r.secrets[version-1].mac(department, number)
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, 4+base64.RawURLEncoding.EncodedLen(pseudonymOctets))
	out = strconv.AppendInt(out, int64(version), 10)
	out = append(out, '.')
	return string(base64.RawURLEncoding.AppendEncode(out, sum[:pseudonymOctets])), nil
}

// fileSecret is a secret that is in memory while the keystore is open.
type fileSecret struct {
	version int
	key     []byte
	// extracted is the pseudorandom key of HKDF (RFC 5869 section 2.2).
	extracted []byte
	// departments holds pools of keyed hashes, see macs.
	departments sync.Map
}

func newFileSecret(version int) (*fileSecret, error) {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (Go 1.24 and later)
	return loadFileSecret(version, key)
}

func loadFileSecret(version int, key []byte) (*fileSecret, error) {
	extracted, err := hkdf.Extract(sha256.New, key, nil)
	return &fileSecret{version: version, key: key, extracted: extracted}, err
}

func (s *fileSecret) store() storedSecret { return storedSecret{Version: s.version, Key: s.key} }

func (s *fileSecret) mac(department, number string) (sum [sha256.Size]byte, err error) {
	pool := s.macs(department)
	h, _ := pool.Get().(hash.Hash)
	defer pool.Put(h)
	h.Reset()
	h.Write([]byte(number))
	h.Sum(sum[:0])
	return sum, nil
}

// macs gives hashes that are keyed for a department: one that was used before
// need not take its key in again. The key is derived once; one block of HKDF's
// output is enough (RFC 5869 section 2.3, T(1)).
func (s *fileSecret) macs(department string) *sync.Pool {
	if pool, ok := s.departments.Load(department); ok {
		return pool.(*sync.Pool)
	}
	h := hmac.New(sha256.New, s.extracted)
	h.Write([]byte("setu pseudonym " + department))
	h.Write([]byte{1})
	key := h.Sum(nil)
	pool, _ := s.departments.LoadOrStore(department, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }})
	return pool.(*sync.Pool)
}
