package dialogue_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
)

// TestEngine_Notes: what was done to an input is noted by service and step, and
// nothing of what was written is in it.
func TestEngine_Notes(t *testing.T) {
	t.Parallel()
	e := probe(t, "number", "{type: digits, length: 4}")
	for _, tt := range []struct {
		name, text string
		in         gateway.Inbound
		want       []string
	}{
		{name: "as it should be", text: "PROBE 1234"},
		{name: "digits", text: "PROBE ১২৩৪", want: []string{"cleansed probe value digits"}},
		{name: "separators", text: "PROBE 12-34", want: []string{"cleansed probe value separators"}},
		{name: "both", text: "PROBE १२-३४", want: []string{"cleansed probe value digits", "cleansed probe value separators"}},
		{name: "wrong", text: "PROBE 12345", want: []string{"refused probe value digits"}},
		{name: "one form", text: "পরখ 1234 \u09DF", want: []string{"cleansed   nfc"}},
		{name: "unknown", text: "qqqqqqqq", want: []string{"refused   unknown"}},
		{name: "too long", text: strings.Repeat("x", 9000), want: []string{"refused   too-long"}},
		{name: "incomplete", in: gateway.Inbound{Incomplete: true}, want: []string{"refused   incomplete"}},
		{name: "undecodable", in: gateway.Inbound{Undecodable: true}, want: []string{"refused   undecodable"}},
	} {
		in := tt.in
		in.Medium, in.From, in.Text = gateway.SMS, "+919830000001", gateway.Private(tt.text)
		var got []string
		for _, n := range e.Step(gateway.Session{Citizen: in.From}, in).Notes {
			got = append(got, strings.Join([]string{string(n.Kind), n.Service, n.Step, n.Outcome}, " "))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", tt.name, diff)
		}
	}
}
