package packed_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/i18n"
)

// menu is what most screens of a live dialogue are like.
func menu() gateway.Reply {
	r := gateway.Reply{Format: i18n.Format{Lang: i18n.Bengali}, Parts: []gateway.Part{{Text: "menu"}}, More: true, Expect: "choice"}
	for i, id := range []string{"benefit", "health", "produce", "land", "grievance"} {
		r.Options = append(r.Options, gateway.Option{Digit: strconv.Itoa(i + 1), Label: gateway.Part{Service: id, Text: "title"}})
	}
	return r
}

// answer is what most dialogues end with; each call builds its map anew.
func answer() gateway.Reply {
	values := map[string]i18n.Value{}
	for i := range 9 {
		values[fmt.Sprint("v", i)] = i18n.Value{Kind: i18n.Money, Raw: strconv.Itoa(100 * i)}
	}
	return gateway.Reply{Format: i18n.Format{Lang: i18n.Hindi}, Parts: []gateway.Part{{Service: "benefit", Text: "paid", Values: values}}, End: true}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]gateway.Reply{
		"nothing": {}, "menu": menu(), "answer": answer(),
		"all": {
			Format: i18n.Format{Lang: i18n.English, Native: true, Latin: true}, More: true, Back: true, End: true, Page: 2, Expect: "digits",
			Parts: []gateway.Part{
				{Text: "own"},
				{Text: "own", Values: map[string]i18n.Value{"a": {Raw: "\"ক\"\x00"}}},
				{Service: "s", Text: "t"},
				{Service: "s", Text: "t", Values: map[string]i18n.Value{"n": {Kind: i18n.Number, Raw: "7"}}},
			},
			Options: []gateway.Option{{Digit: "1", Label: gateway.Part{Text: "x"}}, {Digit: "7", Value: "v", Label: gateway.Part{Service: "s", Text: "y"}}},
			Result: &gateway.Result{
				Code: "done", Receipt: "100000000001", Block: 1 << 63, At: time.Unix(1_795_363_000, 5).UTC(), Refused: true, Pending: true, Needs: "device", Repeated: true,
			},
		},
	} {
		got, ok := packed.Reply(packed.Of(want))
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, none := range []gateway.Packed{"", "{", "[]"} {
		if got, ok := packed.Reply(none); ok {
			t.Errorf("%q is unpacked as %+v", string(none), got)
		}
	}
}

// TestOf_Alike: what says the same is the same string, so that a screen which is
// also the last reply is stored once.
func TestOf_Alike(t *testing.T) {
	t.Parallel()
	for range 20 {
		if a, b := packed.Of(answer()), packed.Of(answer()); a != b {
			t.Fatalf("%s\n%s", string(a), string(b))
		}
	}
	s := gateway.Session{Dialogue: gateway.Dialogue{Last: packed.Of(answer())}}
	if packed.Show(&s, answer()); s.Live.Shown != s.Dialogue.Last {
		t.Error("the last reply is another on the screen")
	}
	if packed.Show(&s, menu()); s.Live.Shown == s.Dialogue.Last {
		t.Error("another screen than the last reply was taken for it")
	}
}

func TestOf_IsShort(t *testing.T) {
	t.Parallel()
	long, err := json.Marshal(menu())
	if err != nil {
		t.Fatal(err)
	}
	if short := packed.Of(menu()); 2*len(short) > len(long) {
		t.Errorf("%d octets, where encoding/json takes %d: %s", len(short), len(long), string(short))
	}
}

// TestPacked_Hidden: what a citizen was told is in no log.
func TestPacked_Hidden(t *testing.T) {
	t.Parallel()
	p := packed.Of(gateway.Reply{Parts: []gateway.Part{{Text: "secret"}}})
	if got := fmt.Sprintf("%v %+v %s", p, gateway.Session{Live: gateway.Live{Shown: p}}.Live, p); got != "[packed reply] {Session: Key: Shown:[packed reply] Proved:false Device:false} [packed reply]" {
		t.Errorf("printed %s", got)
	}
	if p.LogValue().String() != "[packed reply]" {
		t.Errorf("logged %s", p.LogValue())
	}
}

func BenchmarkOf(b *testing.B) {
	for name, r := range map[string]gateway.Reply{"menu": menu(), "answer": answer()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = packed.Of(r)
			}
		})
	}
}
