package ledgerclient

import (
	"crypto/rand"
	"errors"
	"math/big"
	"strings"

	"setu/i18n"
)

// ReceiptDigits is the length of a receipt number: eleven random digits and a
// Damm check digit, which finds every wrong digit and every swapped pair.
const ReceiptDigits = 12

// ErrReceipt says that a text is not a receipt number.
var ErrReceipt = errors.New("ledgerclient: not a receipt number")

// Receipt is the number of a transaction that anyone can check: twelve ASCII
// digits without separators. The zero value is no receipt.
type Receipt string

// NewReceipt draws a receipt number. It is unguessable, not guaranteed unique:
// the store refuses one that it holds already.
func NewReceipt() Receipt {
	n, err := rand.Int(rand.Reader, big.NewInt(1e11))
	if err != nil {
		// crypto/rand never fails on supported systems (Go 1.24 and later
		// end the process instead).
		return ""
	}
	s := n.String()
	s = strings.Repeat("0", ReceiptDigits-1-len(s)) + s
	return Receipt(s + string(i18n.Damm(s)))
}

// ParseReceipt reads a receipt number as people type it: digits of any of the
// three scripts, with or without dashes and spaces. The error is [ErrReceipt].
func ParseReceipt(s string) (Receipt, error) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\u2013', '\u00a0':
			return -1
		}
		return r
	}, i18n.ASCIIDigits(s))
	if !isReceipt(s) {
		return "", ErrReceipt
	}
	return Receipt(s), nil
}

func isReceipt(s string) bool {
	return len(s) == ReceiptDigits && i18n.CheckDigit("damm", s)
}

// String shows the number in groups: 1234-5678-9012.
func (r Receipt) String() string {
	if len(r) != ReceiptDigits {
		return string(r)
	}
	return string(r[:4] + "-" + r[4:8] + "-" + r[8:])
}
