package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/ledgerclient"
)

// menuScreen is a session at the main menu on a handset: what most screens of a
// live dialogue store.
func menuScreen() gateway.Session {
	s := gateway.Session{
		Citizen: "+919830000001", Version: 7, Lang: i18n.Bengali, LangChosen: true, Updated: time.UnixMilli(1_795_363_000_000).UTC(),
		Dialogue: gateway.Dialogue{Step: "menu"},
		Live:     gateway.Live{Session: "ATUid_09a1b2c3d4e5f60718293a4b5c6d7e8f", Key: "3/12"},
	}
	r := gateway.Reply{Format: i18n.Format{Lang: i18n.Bengali}, Parts: []gateway.Part{{Text: "menu"}}, More: true, Expect: "choice"}
	for i, id := range []string{"benefit", "health", "produce", "land", "grievance"} {
		s.Dialogue.Offers = append(s.Dialogue.Offers, gateway.Offer{Do: "service", Value: id})
		r.Options = append(r.Options, gateway.Option{Digit: strconv.Itoa(i + 1), Label: gateway.Part{Service: id, Text: "title"}})
	}
	packed.Show(&s, r)
	return s
}

// TestSession_ScreenIsStoredOnce: the screen that ends a dialogue is its last
// reply too.
func TestSession_ScreenIsStoredOnce(t *testing.T) {
	t.Parallel()
	s := menuScreen()
	menu := s.Live.Shown
	end := gateway.Reply{Parts: []gateway.Part{{Service: "benefit", Text: "payment"}}, End: true}
	s.Dialogue.Last = packed.Of(end)
	packed.Show(&s, end)
	body, err := encodeSession(&s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(body), "payment") != 1 {
		t.Errorf("%s holds the reply more than once", body)
	}
	for _, shown := range []gateway.Packed{s.Live.Shown, menu, ""} {
		s.Live.Shown = shown
		if body, err = encodeSession(&s); err != nil {
			t.Fatal(err)
		}
		got, err := decodeSession(s.Citizen, s.Version, body)
		if err != nil || got.Live.Shown != shown || got.Dialogue.Last != s.Dialogue.Last {
			t.Errorf("%s gives shown %q and last %q, %v", body, string(got.Live.Shown), string(got.Dialogue.Last), err)
		}
	}
}

// TestSession_OldFile: a session that was written before there were live
// channels is read as it was.
func TestSession_OldFile(t *testing.T) {
	t.Parallel()
	const body = `{"lang":"hi","chosen":true,"updated":1795363000000,"dialogue":{"service":"benefit","version":"1","step":"card","slots":{"want":"status"},"offers":[{"do":"yes"}],"last":{"format":{"lang":"hi"},"parts":[{"text":"help"}],"end":true}}}`
	got, err := decodeSession("+91", 2, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Session{
		Citizen: "+91", Version: 2, Lang: i18n.Hindi, LangChosen: true, Updated: time.UnixMilli(1_795_363_000_000).UTC(),
		Dialogue: gateway.Dialogue{
			Service: "benefit", Version: "1", Step: "card", Slots: map[string]gateway.Private{"want": "status"},
			Offers: []gateway.Offer{{Do: "yes"}},
			Last:   packed.Of(gateway.Reply{Format: i18n.Format{Lang: i18n.Hindi}, Parts: []gateway.Part{{Text: "help"}}, End: true}),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSession_EveryDialledScreenIsKept: a dialogue goes on from the file as from
// memory, whatever is entered.
func TestSession_EveryDialledScreenIsKept(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load(nil, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	e := dialogue.New(c, dialogue.Options{Screens: func(gateway.Reply, gateway.Medium, string) int { return 2 }})
	keys := []string{"0", "00", "1", "2", "3", "4", "5", "8", "9", "1000000001", "1*1000000001", "8*1", "500", "today", "LANG", "HELP", "PIN", "4817", "CANCEL", "\x00<&>\"\u2028"}
	rapid.Check(t, func(t *rapid.T) {
		s := gateway.Session{Citizen: "+919830000001"}
		for i, text := range rapid.SliceOfN(rapid.SampledFrom(keys), 1, 25).Draw(t, "keyed") {
			in := gateway.Inbound{
				Medium: gateway.USSD, Session: fmt.Sprint("s", i/6), Key: fmt.Sprint(i), Text: gateway.Private(text),
				At: time.UnixMilli(1_795_363_000_000 + int64(i)*60_000).UTC(),
			}
			out := e.Step(s, in)
			for out.Query != nil || out.PIN != "" || out.Lookup != "" {
				switch {
				case out.Query != nil:
					items := []map[string]string{{"id": "1", "holder.bn": "ক\"", "since": "2026-01-28"}, {"id": "2"}}
					a := ledgerclient.Answer{Code: "found", Fields: map[string]string{"amount": "10"}, Items: items}
					out = e.Resume(out.Session, *out.Query, a, in.At)
				case out.PIN != "":
					out = e.Proven(out.Session, in.Medium, "1."+strconv.Itoa(len(out.PIN.Reveal())), in.At)
				default:
					out = e.Standing(out.Session, gateway.Standing{Receipt: out.Lookup}, in.At)
				}
			}
			s = out.Session
			packed.Show(&s, out.Reply)
			if shown, _ := packed.Reply(s.Live.Shown); replyJSON(shown) != replyJSON(out.Reply) {
				t.Fatalf("after %q the screen is %s, and %s when it was packed", text, replyJSON(out.Reply), replyJSON(shown))
			}
			s.Version++
			body, err := encodeSession(&s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decodeSession(s.Citizen, s.Version, body)
			if err != nil {
				t.Fatalf("decode %s: %v", body, err)
			}
			if diff := cmp.Diff(whole(s), whole(got)); diff != "" {
				t.Fatalf("after %q the file differs (-memory +file):\n%s", text, diff)
			}
			s = got // and goes on from the file
		}
	})
}

// replyJSON is a reply as JSON, in which empty and nil are the same.
func replyJSON(r gateway.Reply) string {
	raw, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// whole is a session as JSON, in which empty and nil are the same and private
// values are written out.
func whole(s gateway.Session) string {
	slots := map[string]string{}
	for name, v := range s.Dialogue.Slots {
		slots[name] = v.Reveal()
	}
	s.Dialogue.Slots = nil
	if len(s.Dialogue.Trail) == 0 {
		s.Dialogue.Trail = nil
	}
	if len(s.Dialogue.Offers) == 0 {
		s.Dialogue.Offers = nil
	}
	raw, err := json.Marshal(struct {
		Session gateway.Session
		Slots   map[string]string
	}{s, slots})
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func BenchmarkEncodeSession_Screen(b *testing.B) {
	s := menuScreen()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		body, err := encodeSession(&s)
		if err != nil {
			b.Fatal(err)
		}
		n = len(body)
	}
	b.ReportMetric(float64(n), "octets")
}
