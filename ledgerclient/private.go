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

// NewSalt draws a salt for [Hide]: 26 characters, at least 128 random bits. It
// is kept with the receipt and never goes to the ledger: who has the words and
// the salt can prove that they are those.
func NewSalt() string { return rand.Text() }

// Hide is what the ledger sees in place of a private argument: "sha256:" and,
// in hexadecimal, SHA-256 over the salt, a zero octet and the value in NFC.
func Hide(value, salt string) string {
	sum := sha256.Sum256([]byte(salt + "\x00" + i18n.NFC(value)))
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
