package ussdsmpp_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
	"setu/ussd"
	"setu/ussd/ussdsmpp"
)

// embedded are the dialects that ship.
func embedded(tb testing.TB) ussdsmpp.Dialects {
	tb.Helper()
	all, err := ussdsmpp.Load(ussdsmpp.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// body is the body of a PDU from its parts: texts in quotation marks are
// C-octet strings, the rest is hexadecimal.
func body(tb testing.TB, parts ...string) []byte {
	tb.Helper()
	var b []byte
	for _, p := range parts {
		if text, ok := strings.CutPrefix(p, `"`); ok {
			b = append(append(b, strings.TrimSuffix(text, `"`)...), 0)
			continue
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(p, " ", ""))
		if err != nil {
			tb.Fatal(err)
		}
		b = append(b, raw...)
	}
	return b
}

// message is a deliver_sm from a USSD gateway, as octets: from +919830000001 to
// dest with the text and the optional parameters.
func message(tb testing.TB, service, dest string, dcs byte, text []byte, tlvs string) smpp.ShortMessage {
	tb.Helper()
	b := body(tb, `"`+service+`"`, "01 01", `"919830000001"`, "00 01", `"`+dest+`"`, "00 00 00 00 00 00 00",
		fmt.Sprintf("%02x 00 %02x", dcs, len(text)), hex.EncodeToString(text), tlvs)
	var m smpp.ShortMessage
	if err := m.Decode(smpp.Header{ID: smpp.DeliverSM}, b); err != nil {
		tb.Fatal(err)
	}
	return m
}

// seen is what an inbound says, without redaction.
type seen struct {
	Event             gateway.Event
	Session, To, Text string
}

func see(in gateway.Inbound) seen {
	return seen{in.Event, in.Session, in.To.Reveal(), in.Text.Reveal()}
}

// TestDialect_Inbound reads what gateways send, as octets.
func TestDialect_Inbound(t *testing.T) {
	t.Parallel()
	const (
		its  = "1383 0002 "
		op   = "0501 0001 "
		umr  = "0204 0002 "
		comv = "1501 0004 "
	)
	tests := []struct {
		name, dialect       string
		service, dest, text string
		dcs                 byte
		tlvs                string
		want                seen
		status              smpp.Status
	}{
		{"begin", "standard", "USSD", "51969", "*51969#", 0x0F, op + "01" + its + "2A00", seen{gateway.New, "2a00", "51969", ""}, 0},
		{"code in the text only", "standard", "USSD", "", "*51969#", 0x0F, op + "01" + its + "2A00", seen{gateway.New, "2a00", "51969", ""}, 0},
		{"deep dial", "standard", "USSD", "51969", "*51969*1*1000000001#", 0x0F, op + "01" + its + "2A00", seen{gateway.New, "2a00", "51969", "1*1000000001"}, 0},
		{"deep dial in the destination", "standard", "USSD", "*51969*1#", "", 0x0F, op + "01" + its + "2A00", seen{gateway.New, "2a00", "51969", "1"}, 0},
		{"a longer code of the link", "standard", "USSD", "", "*123*45*1#", 0x0F, op + "01" + its + "2A00", seen{gateway.New, "2a00", "123*45", "1"}, 0},
		{"another's code", "standard", "USSD", "99999", "*99999#", 0x0F, op + "01" + its + "2A00", seen{}, smpp.RInvDstAdr},
		{"answer, next unit of the dialogue", "standard", "USSD", "51969", "1", 0x0F, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", "1"}, 0},
		{"answer in UCS-2", "standard", "USSD", "51969", "\x09\xad\x09\xbe\x09\xa4\x09\xbe", 0x48, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", "ভাতা"}, 0},
		{"digits under a wrong data_coding", "standard", "USSD", "51969", "12", 0x08, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", "12"}, 0},
		{"UCS-2 digits under a wrong data_coding", "standard", "USSD", "51969", "\x001\x002", 0x0F, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", "12"}, 0},
		{"padded with CR", "standard", "USSD", "51969", "BHATA\r", 0x0F, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", "BHATA"}, 0},
		{"empty answer", "standard", "USSD", "51969", "", 0x0F, op + "12" + its + "2A04", seen{gateway.Input, "2a00", "51969", ""}, 0},
		{"end bit", "standard", "USSD", "51969", "", 0x0F, op + "12" + its + "2A05", seen{gateway.Abort, "2a00", "51969", ""}, 0},
		{"reserved operation", "standard", "USSD", "51969", "", 0x0F, op + "17" + its + "2A04", seen{}, smpp.RInvOptParamVal},
		{"operation of two octets", "standard", "USSD", "51969", "", 0x0F, "0501 0002 0001", seen{}, smpp.RInvParLen},
		{"session of three octets", "standard", "USSD", "51969", "", 0x0F, op + "01 1383 0003 000001", seen{}, smpp.RInvParLen},
		{"no session", "standard", "USSD", "51969", "*51969#", 0x0F, op + "01", seen{gateway.New, "", "51969", ""}, 0},
		{"no operation, dialled", "standard", "USSD", "51969", "*51969#", 0x0F, its + "2A00", seen{gateway.New, "2a00", "51969", ""}, 0},
		{"no operation, answered", "standard", "USSD", "51969", "2", 0x0F, its + "2A00", seen{gateway.Input, "2a00", "51969", "2"}, 0},

		{"begin", "tata", "USSD", "*51969#", "", 0, op + "01" + its + "0010", seen{gateway.New, "0010", "51969", ""}, 0},
		{"answer 0x12", "tata", "USSD", "*51969#", "3", 0, op + "12" + its + "0010", seen{gateway.Input, "0010", "51969", "3"}, 0},
		{"answer 0x02", "tata", "USSD", "51969", "3", 0, op + "02" + its + "0010", seen{gateway.Input, "0010", "51969", "3"}, 0},
		{"abort", "tata", "USSD", "51969", "x", 0, op + "11" + its + "0010", seen{gateway.Abort, "0010", "51969", ""}, 0},
		{"end bit", "tata", "USSD", "51969", "", 0, op + "02" + its + "0011", seen{gateway.Abort, "0010", "51969", ""}, 0},
		{"unknown closes", "tata", "USSD", "51969", "1", 0, op + "1F" + its + "0010", seen{gateway.Abort, "0010", "51969", ""}, 0},

		{"begin", "6d", "USSD", "51969", "*51969#", 0, op + "01" + its + "0010", seen{gateway.New, "0010", "51969", ""}, 0},
		{"code in destination_addr", "6d", "USSD", "51969", "", 0, op + "01" + its + "0010", seen{gateway.New, "0010", "51969", ""}, 0},
		{"answer", "6d", "USSD", "51969", "9", 0, op + "12" + its + "0010", seen{gateway.Input, "0010", "51969", "9"}, 0},
		{"abort", "6d", "USSD", "51969", "", 0, op + "81" + its + "0010", seen{gateway.Abort, "0010", "51969", ""}, 0},
		{"end bit", "6d", "USSD", "51969", "", 0, op + "12" + its + "0011", seen{gateway.Abort, "0010", "51969", ""}, 0},
		{"unknown goes on", "6d", "USSD", "51969", "4", 0, op + "13" + its + "0010", seen{gateway.Input, "0010", "51969", "4"}, 0},

		{"begin", "mica", "USSD", "1234567", "*51969#", 0, op + "01" + umr + "0007", seen{gateway.New, "0007", "51969", ""}, 0},
		{"begin without star", "mica", "USSD", "1234567", "51969*2", 0, op + "01" + umr + "0007", seen{gateway.New, "0007", "51969", "2"}, 0},
		{"answer", "mica", "USSD", "1234567", "00", 0, op + "12" + umr + "0007", seen{gateway.Input, "0007", "51969", "00"}, 0},
		{"end, 0x17", "mica", "USSD", "1234567", "", 0, op + "17" + umr + "0007", seen{gateway.Abort, "0007", "51969", ""}, 0},
		{"abort", "mica", "USSD", "1234567", "", 0, op + "81" + umr + "0007", seen{gateway.Abort, "0007", "51969", ""}, 0},
		{"an odd reference is no end", "mica", "USSD", "1234567", "1", 0, op + "12" + umr + "0009", seen{gateway.Input, "0009", "51969", "1"}, 0},
		{"unknown goes on", "mica", "USSD", "1234567", "1", 0, op + "02" + umr + "0009", seen{gateway.Input, "0009", "51969", "1"}, 0},

		{"begin", "comverse", "USSD", "51969", "*51969#", 0x0F, op + "01" + comv + "00012345", seen{gateway.New, "00012345", "51969", ""}, 0},
		{"answer", "comverse", "", "51969", "1", 0x0F, op + "12" + comv + "00012345", seen{gateway.Input, "00012345", "51969", "1"}, 0},
		{"end", "comverse", "USSD", "51969", "", 0x0F, op + "11" + comv + "00012345", seen{gateway.Abort, "00012345", "51969", ""}, 0},
		{"endless session", "comverse", "USSD", "51969", "", 0x0F, op + "01 1501 0021" + strings.Repeat("00", 33), seen{}, smpp.RInvParLen},
	}
	dialects := embedded(t)
	for _, tt := range tests {
		t.Run(tt.dialect+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			d := dialects[tt.dialect]
			m := message(t, tt.service, tt.dest, tt.dcs, []byte(tt.text), tt.tlvs)
			if !d.Speaks(&m) {
				t.Fatal("the message is taken for an SMS")
			}
			in, status := d.Inbound(&m, []string{"51969", "123", "123*45"})
			if status != tt.status {
				t.Fatalf("Inbound: %v, want %v", status, tt.status)
			}
			if diff := cmp.Diff(tt.want, see(in)); diff != "" {
				t.Errorf("Inbound (-want +got):\n%s", diff)
			}
			if status == smpp.ROK && (in.From != "+919830000001" || in.Medium != gateway.USSD) {
				t.Errorf("from %q by %q", in.From.Reveal(), in.Medium)
			}
		})
	}
}

// TestDialect_Message writes screens as octets.
func TestDialect_Message(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dialect, session, wantOn, wantEnd string
		gsm7, ucs2                        byte
	}{
		{"standard", "1383 0002 2A04", "0501 0001 02 1383 0002 2A04", "0501 0001 11 1383 0002 2A05", 0x0F, 0x48},
		{"standard", "", "0501 0001 02", "0501 0001 11", 0x0F, 0x48},
		{"tata", "1383 0002 0010", "0501 0001 02 1383 0002 0010", "0501 0001 02 1383 0002 0011", 0x00, 0x08},
		{"tata", "1383 0002 0011", "0501 0001 02 1383 0002 0010", "0501 0001 02 1383 0002 0011", 0x00, 0x08},
		{"6d", "1383 0002 0010", "0501 0001 02 1383 0002 0010", "0501 0001 17 1383 0002 0011", 0x00, 0x08},
		{"mica", "0204 0002 0007", "0501 0001 02 0204 0002 0007", "0501 0001 17 0204 0002 0007", 0x00, 0x08},
		{"comverse", "1501 0004 00012345", "0501 0001 02 1501 0004 00012345", "0501 0001 11 1501 0004 00012345", 0x0F, 0x48},
	}
	dialects := embedded(t)
	for _, tt := range tests {
		t.Run(tt.dialect, func(t *testing.T) {
			t.Parallel()
			request := message(t, "USSD", "51969", 0x0F, []byte("1"), "0501 0001 12"+tt.session)
			for _, s := range []struct {
				screen ussd.Screen
				dcs    byte
				text   string
				tlvs   string
			}{
				{ussd.Screen{Text: "1 Price [today] @"}, tt.gsm7, "31205072696365201B3C746F6461791B3E2000", tt.wantOn},
				{ussd.Screen{Text: "ভাতা", Coding: sms.UCS2, End: true}, tt.ucs2, "09AD09BE09A409BE", tt.wantEnd},
			} {
				m, err := dialects[tt.dialect].Message(&request, s.screen)
				if err != nil {
					t.Fatal(err)
				}
				got, err := smpp.AppendMessage(nil, smpp.SubmitSM, 1, &m)
				if err != nil {
					t.Fatal(err)
				}
				want := body(t, `"USSD"`, "00 01", `"51969"`, "01 01", `"919830000001"`, "00 00 00 00 00 00 00",
					fmt.Sprintf("%02x 00 %02x", s.dcs, len(s.text)/2), s.text, s.tlvs)
				if diff := cmp.Diff(hex.EncodeToString(want), hex.EncodeToString(got[smpp.HeaderOctets:])); diff != "" {
					t.Errorf("Message (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestDialect_NotInTheAlphabet: a screen of the wrong alphabet is an error, not
// a wrong screen.
func TestDialect_NotInTheAlphabet(t *testing.T) {
	t.Parallel()
	request := message(t, "USSD", "51969", 0x0F, nil, "0501 0001 12")
	if m, err := embedded(t)["standard"].Message(&request, ussd.Screen{Text: "ভাতা"}); err == nil {
		t.Errorf("Message gives %d octets", len(m.Text))
	} else if strings.Contains(err.Error(), "ভাতা") {
		t.Errorf("the error quotes the screen: %v", err)
	}
}

// TestDialect_Speaks: a message without a mark of USSD stays an SMS, and other
// makes' markers are known.
func TestDialect_Speaks(t *testing.T) {
	t.Parallel()
	for name, d := range embedded(t) {
		for _, tt := range []struct {
			service, tlvs string
			want          bool
		}{
			{"", "", false}, {"CMT", "", false}, {"USSD", "", true}, {"", "0501 0001 01", true}, {"", "1383 0002 0010", false},
		} {
			m := message(t, tt.service, "51969", 0, []byte("1"), tt.tlvs)
			if got := d.Speaks(&m); got != tt.want {
				t.Errorf("%s: Speaks(%q, %q) = %v, want %v", name, tt.service, tt.tlvs, got, tt.want)
			}
		}
	}
}

// TestDialect_OfANewOperator: what a file can say beyond those that ship.
func TestDialect_OfANewOperator(t *testing.T) {
	t.Parallel()
	d, err := ussdsmpp.Parse("operator-x.yaml", []byte(`
name: operator-x
from_gateway: {begin: [0x20], answer: [0x21], timeout: [0x22], unknown: refuse}
to_gateway: {continue: 0x23, end: 0x24}
code: destination
data_coding: {gsm7: 0x00, ucs2: 0x08}
limit: {septets: 160, units: 70}
echo: [0x1500, 0x1502]
`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (ussd.Limit{Septets: 160, Units: 70}); d.Limit != want {
		t.Errorf("Limit = %v, want %v", d.Limit, want)
	}
	m := message(t, "", "51969", 0, nil, "0501 0001 22 1500 0001 07")
	in, status := d.Inbound(&m, nil)
	if diff := cmp.Diff(seen{Event: gateway.Timeout, To: "51969"}, see(in)); status != smpp.ROK || diff != "" {
		t.Errorf("%v, Inbound (-want +got):\n%s", status, diff)
	}
	out, err := d.Message(&m, ussd.Screen{Text: "1", End: true})
	want := smpp.TLVs{{Tag: smpp.TagUSSDServiceOp, Value: []byte{0x24}}, {Tag: 0x1500, Value: []byte{7}}}
	if diff := cmp.Diff(want, out.TLVs); err != nil || diff != "" || out.ServiceType != "" {
		t.Errorf("%v, service_type %q, parameters (-want +got):\n%s", err, out.ServiceType, diff)
	}
	if m.ServiceType = "USSD"; !d.Speaks(&m) {
		t.Error("the mark by ussd_service_op is not enough")
	}
}
