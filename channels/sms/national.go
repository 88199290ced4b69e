package sms

import (
	"errors"
	"fmt"
)

// ErrLanguage says that a message is written with the shift tables of a
// language that is not read here.
var ErrLanguage = errors.New("sms: unknown national language table")

// Language is a national language identifier of TS 23.038, 6.2.1.2.4. The zero
// value is the default alphabet.
type Language uint8

// The languages whose tables are read. They are never used to send: phones that
// lack the tables show such a message as gibberish, and there is no way to
// know.
const (
	NoLanguage Language = 0
	Bengali    Language = 4
	Hindi      Language = 6
)

// The tables of TS 23.038, annex A.2 and A.3. Annex A.3 has locking shift
// tables, which replace the default alphabet, and A.2 single shift tables,
// which replace the extension table. NUL stands where there is no character.
var (
	bengaliLocking = newAlphabet( // A.3.4
		"\u0981\u0982\u0983\u0985\u0986\u0987\u0988\u0989\u098a\u098b\n\u098c\x00\r\x00\u098f" +
			"\u0990\x00\x00\u0993\u0994\u0995\u0996\u0997\u0998\u0999\u099a\x00\u099b\u099c\u099d\u099e" +
			" !\u099f\u09a0\u09a1\u09a2\u09a3\u09a4)(\u09a5\u09a6,\u09a7.\u09a8" +
			"0123456789:;\x00\u09aa\u09ab?" +
			"\u09ac\u09ad\u09ae\u09af\u09b0\x00\u09b2\x00\x00\x00\u09b6\u09b7\u09b8\u09b9\u09bc\u09bd" +
			"\u09be\u09bf\u09c0\u09c1\u09c2\u09c3\u09c4\x00\x00\u09c7\u09c8\x00\x00\u09cb\u09cc\u09cd" +
			"\u09ceabcdefghijklmno" +
			"pqrstuvwxyz\u09d7\u09dc\u09dd\u09f0\u09f1")
	hindiLocking = newAlphabet( // A.3.6
		"\u0901\u0902\u0903\u0905\u0906\u0907\u0908\u0909\u090a\u090b\n\u090c\u090d\r\u090e\u090f" +
			"\u0910\u0911\u0912\u0913\u0914\u0915\u0916\u0917\u0918\u0919\u091a\x00\u091b\u091c\u091d\u091e" +
			" !\u091f\u0920\u0921\u0922\u0923\u0924)(\u0925\u0926,\u0927.\u0928" +
			"0123456789:;\u0929\u092a\u092b?" +
			"\u092c\u092d\u092e\u092f\u0930\u0931\u0932\u0933\u0934\u0935\u0936\u0937\u0938\u0939\u093c\u093d" +
			"\u093e\u093f\u0940\u0941\u0942\u0943\u0944\u0945\u0946\u0947\u0948\u0949\u094a\u094b\u094c\u094d" +
			"\u0950abcdefghijklmno" +
			"pqrstuvwxyz\u0972\u097b\u097c\u097e\u097f")
	bengaliSingle = newAlphabet( // A.2.4
		"@£$¥¿\"¤%&'\f*+\x00-/" +
			"<=>¡^¡_#*\u09e6\u09e7\x00\u09e8\u09e9\u09ea\u09eb" +
			"\u09ec\u09ed\u09ee\u09ef\u09df\u09e0\u09e1\u09e2{}\u09e3\u09f2\u09f3\u09f4\u09f5\\" +
			"\u09f6\u09f7\u09f8\u09f9\u09fa\x00\x00\x00\x00\x00\x00\x00[~]\x00" +
			"|ABCDEFGHIJKLMNO" +
			"PQRSTUVWXYZ\x00\x00\x00\x00\x00" +
			"\x00\x00\x00\x00\x00€")
	hindiSingle = newAlphabet( // A.2.6
		"@£$¥¿\"¤%&'\f*+\x00-/" +
			"<=>¡^¡_#*\u0964\u0965\x00\u0966\u0967\u0968\u0969" +
			"\u096a\u096b\u096c\u096d\u096e\u096f\u0951\u0952{}\u0953\u0954\u0958\u0959\u095a\\" +
			"\u095b\u095c\u095d\u095e\u095f\u0960\u0961\u0962\u0963\u0970\u0971\x00[~]\x00" +
			"|ABCDEFGHIJKLMNO" +
			"PQRSTUVWXYZ\x00\x00\x00\x00\x00" +
			"\x00\x00\x00\x00\x00€")
	// commonSeptets are those of all locking tables: line ends, space, digits
	// and small letters. A message in another language keeps its numbers.
	commonSeptets = newCommonSeptets()
	noExtension   alphabet
)

func newCommonSeptets() alphabet {
	var a alphabet
	for _, c := range "\n\r 0123456789abcdefghijklmnopqrstuvwxyz" {
		a[c] = c
	}
	return a
}

// DecodeNational gives the text of a GSM 7-bit message whose user data header
// names the languages of its tables, lock for the locking shift and single for
// the single shift. The octets hold one septet each. The error wraps
// [ErrDecode] or, for other languages than Bengali and Hindi, [ErrLanguage];
// the text is the best that can be had.
func DecodeNational(b []byte, lock, single Language) (string, error) {
	main, extension := &gsm7Alphabet, &gsm7Extension
	var unknown Language
	switch lock {
	case NoLanguage:
	case Bengali:
		main = &bengaliLocking
	case Hindi:
		main = &hindiLocking
	default:
		main, unknown = &commonSeptets, lock
	}
	switch single {
	case NoLanguage:
	case Bengali:
		extension = &bengaliSingle
	case Hindi:
		extension = &hindiSingle
	default:
		extension, unknown = &noExtension, single
	}
	text, err := decodeGSM7(b, main, extension)
	if unknown != NoLanguage && err != nil {
		return text, fmt.Errorf("%w %d", ErrLanguage, uint8(unknown))
	}
	return text, err
}
