package ledgerclient

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"setu/i18n"
)

// hiddenPrefix starts an argument that is shown to the ledger as a hash only.
const hiddenPrefix = "sha256:"

// Salt hides a private argument. It is kept with the receipt and never goes to
// the ledger: who has the words and the salt can prove that they are those.
type Salt [32]byte

// NewSalt draws a salt.
func NewSalt() Salt {
	var s Salt
	_, _ = rand.Read(s[:]) // never fails (Go 1.24 and later)
	return s
}

// Hide is what the ledger sees in place of a private argument: "sha256:" and,
// in hexadecimal, SHA-256 of the salt followed by the value in NFC.
func Hide(value string, s Salt) string {
	b := append(s[:len(s):len(s)], i18n.NFC(value)...)
	sum := sha256.Sum256(b)
	return hiddenPrefix + hex.EncodeToString(sum[:])
}

// IsHidden says that an argument has the form that [Hide] gives it.
func IsHidden(arg string) bool {
	digits, ok := strings.CutPrefix(arg, hiddenPrefix)
	if !ok || len(digits) != 2*sha256.Size {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}
