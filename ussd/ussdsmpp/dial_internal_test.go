package ussdsmpp

import (
	"testing"

	"setu/channels/sms"
)

func TestDial(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		places []string
		text   string
		codes  []string
		want   dialled
		ok     bool
	}{
		{"plain", []string{"51969", "*51969#"}, "*51969#", nil, dialled{code: "51969"}, true},
		{"starred destination", []string{"*51969#", ""}, "", nil, dialled{code: "51969"}, true},
		{"inputs in the text alone", []string{"51969"}, "1*1000000001", nil, dialled{"51969", "1*1000000001"}, true},
		{"inputs behind the code", []string{"51969"}, "*51969*1*1000000001#", nil, dialled{"51969", "1*1000000001"}, true},
		{"inputs in the destination", []string{"*51969*7#"}, "", nil, dialled{"51969", "7"}, true},
		{"a keyword", []string{"51969"}, "BHATA 1000000001", nil, dialled{"51969", "BHATA 1000000001"}, true},
		{"mapped code", []string{"51969"}, "*777*3#", []string{"51969"}, dialled{"51969", "3"}, true},
		{"longest code", []string{"", "*123*45*6#"}, "*123*45*6#", []string{"123", "123*45"}, dialled{"123*45", "6"}, true},
		{"shorter code", []string{"", "*123*4*6#"}, "*123*4*6#", []string{"123", "123*45"}, dialled{"123", "4*6"}, true},
		{"codes written with stars", []string{"*123*45#"}, "", []string{"*123*45#"}, dialled{code: "123*45"}, true},
		{"hash form", []string{"#51969#"}, "", nil, dialled{code: "51969"}, true},
		{"no code", []string{"", ""}, "", nil, dialled{}, false},
		{"only marks", []string{"*#"}, "*#", nil, dialled{}, false},
		{"not ours", []string{"1", "*2#"}, "*2#", []string{"51969"}, dialled{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := dial(tt.places, tt.text, tt.codes); got != tt.want || ok != tt.ok {
				t.Errorf("dial(%q, %q, %q) = %+v, %v, want %+v, %v", tt.places, tt.text, tt.codes, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestCodingOf(t *testing.T) {
	t.Parallel()
	for dcs, want := range map[byte]sms.Coding{
		0x00: sms.GSM7, 0x01: sms.ASCII, 0x03: sms.Latin1, 0x08: sms.UCS2, 0x0F: sms.GSM7, 0x10: sms.GSM7, 0x11: sms.UCS2,
		0x44: sms.Octets, 0x48: sms.UCS2, 0x40: sms.GSM7, 0x98: sms.UCS2, 0xF0: sms.GSM7, 0xF4: sms.Octets, 0xE0: sms.GSM7,
	} {
		if got := codingOf(dcs); got != want {
			t.Errorf("codingOf(0x%02x) = %v, want %v", dcs, got, want)
		}
	}
}
