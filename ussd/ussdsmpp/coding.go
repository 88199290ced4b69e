package ussdsmpp

import (
	"setu/channels/sms"
)

// codingOf reads data_coding as USSD gateways use it: the values of SMPP 3.4,
// 5.2.19, and from 9 on the data coding scheme of cell broadcast, which USSD
// shares (3GPP TS 23.038, clause 5). What is reserved there counts as the
// default alphabet, as the clause says.
func codingOf(dcs byte) sms.Coding {
	switch {
	case dcs <= 8:
		if c, ok := sms.CodingOf(dcs); ok {
			return c
		}
	case dcs == 0x11: // UCS-2, behind a language code
		return sms.UCS2
	case dcs>>6 == 1 || dcs>>4 == 9: // general data coding; with user data header
		return general(dcs)
	case dcs>>4 == 0xF && dcs&0x04 != 0:
		return sms.Octets
	}
	return sms.GSM7
}

func general(dcs byte) sms.Coding {
	switch dcs >> 2 & 3 {
	case 1:
		return sms.Octets
	case 2:
		return sms.UCS2
	}
	return sms.GSM7
}

// decode reads the text of a gateway's message. What is keyed on a dial pad is
// read whatever data_coding says, since many gateways set a wrong one.
func decode(b []byte, dcs byte) (string, error) {
	if text, ok := keyed(b); ok {
		return text, nil
	}
	text, err := sms.Decode(b, codingOf(dcs))
	return trim(text), err
}

// trim takes off what pads a text: 7-bit packing ends in CR (3GPP TS 23.038,
// 6.1.2.3.1).
func trim(s string) string {
	for s != "" && (s[len(s)-1] == '\r' || s[len(s)-1] == '\n' || s[len(s)-1] == 0) {
		s = s[:len(s)-1]
	}
	return s
}

// keyed reads octets that are digits, stars and hashes only, one octet or one
// UTF-16 unit each. No other text of a citizen's looks like that in any
// alphabet.
func keyed(b []byte) (string, bool) {
	if len(b) == 0 {
		return "", true
	}
	step, first := 1, 0
	if b[0] == 0 && len(b)%2 == 0 {
		step, first = 2, 1
	}
	text := make([]byte, 0, len(b)/step)
	for i := first; i < len(b); i += step {
		if !onPad(b[i]) || step == 2 && b[i-1] != 0 {
			return "", false
		}
		text = append(text, b[i])
	}
	return string(text), true
}

func onPad(c byte) bool { return c >= '0' && c <= '9' || c == '*' || c == '#' }
