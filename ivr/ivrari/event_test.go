package ivrari_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ivr/ivrari"
)

// TestParseEvent: events as Asterisk 16 to 22 write them, from testdata.
func TestParseEvent(t *testing.T) {
	t.Parallel()
	caller := ivrari.Channel{
		ID: "1586730880.1791", State: "Ring", Caller: ivrari.Party{Number: "09830000001"},
		Dialplan: ivrari.Dialplan{Exten: "03322000001", App: "Stasis", AppData: "setu,1800"},
	}
	over := caller
	over.State, over.Dialplan.App, over.Dialplan.AppData = "Up", "", ""
	for _, tt := range []struct {
		file string
		want ivrari.Event
	}{
		{"stasis_start", ivrari.Event{Type: "StasisStart", Timestamp: "2026-11-22T22:34:41.144+0530", Channel: caller, Args: []string{"1800"}}},
		{"dtmf", ivrari.Event{Type: "ChannelDtmfReceived", Timestamp: "2026-11-22T22:34:44.020+0530", Channel: caller, Digit: "#"}},
		{"destroyed", ivrari.Event{Type: "ChannelDestroyed", Timestamp: "2026-11-22T22:35:12.924+0530", Channel: over, Cause: 18}},
		{"replaced", ivrari.Event{Type: "ApplicationReplaced", Timestamp: "2026-11-22T22:36:00.001+0530"}},
		{"playback", ivrari.Event{Type: "PlaybackFinished", Timestamp: "2026-11-22T22:34:43.101+0530"}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata", tt.file+".json"))
			check(t, err)
			got, err := ivrari.ParseEvent(raw)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("ParseEvent(%s): %v, -want +got:\n%s", tt.file, err, diff)
			}
		})
	}
}

// TestParseEvent_Bad: what is no event is named without being quoted.
func TestParseEvent_Bad(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		``:           "broken JSON",
		`{"type":`:   "broken JSON",
		`{}`:         "no type",
		`null`:       "no type",
		`["919830"]`: "of another kind",
		`{"type":"ChannelDtmfReceived","channel":{"caller":{"number":919830000001}}}`: "channel.caller.number is of another kind",
	} {
		_, err := ivrari.ParseEvent([]byte(message))
		if !errors.Is(err, ivrari.ErrEvent) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "919830") {
			t.Errorf("ParseEvent(%q): %v, want that %s", message, err, want)
		}
	}
}

func BenchmarkParseEvent(b *testing.B) {
	raw, err := os.ReadFile(filepath.Join("testdata", "dtmf.json"))
	check(b, err)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := ivrari.ParseEvent(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParseEvent: an event is read or is ErrEvent, which quotes nothing of it; and a
// key is one of the twelve.
func FuzzParseEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no events in testdata", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := ivrari.ParseEvent(message)
		switch {
		case err != nil:
			if !errors.Is(err, ivrari.ErrEvent) {
				t.Errorf("ParseEvent(%q): %v", message, err)
			}
			if len(err.Error()) > 200 {
				t.Errorf("ParseEvent(%q) quotes it: %v", message, err)
			}
		case e.Type == "":
			t.Errorf("ParseEvent(%q) has no type", message)
		}
		if key, ok := e.Key(); ok && !strings.Contains("0123456789*#", string(key)) {
			t.Errorf("ParseEvent(%q) has the key %q", message, key)
		}
	})
}

// TestExchange_Validate: what is wrong with an exchange is told in the operator's
// terms.
func TestExchange_Validate(t *testing.T) {
	t.Parallel()
	good := ivrari.Exchange{Name: "pbx", URL: "http://127.0.0.1:8088", User: "setu", Password: "x", Dial: "PJSIP/{number}@trunk"}
	if err := good.Validate(); err != nil {
		t.Errorf("a good exchange: %v", err)
	}
	for _, tt := range []struct {
		want   string
		change func(x *ivrari.Exchange)
	}{
		{"url", func(x *ivrari.Exchange) { x.URL = "127.0.0.1:8088" }},
		{"url", func(x *ivrari.Exchange) { x.URL = "ws://host" }},
		{"password_file", func(x *ivrari.Exchange) { x.Password = "" }},
		{"app", func(x *ivrari.Exchange) { x.App = "setu,other" }},
		{"dial", func(x *ivrari.Exchange) { x.Dial = "{number}" }},
		{"dial", func(x *ivrari.Exchange) { x.Dial = "PJSIP/trunk" }},
		{"max_calls", func(x *ivrari.Exchange) { x.MaxCalls = -1 }},
	} {
		x := good
		tt.change(&x)
		if err := x.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"pbx"`) {
			t.Errorf("Validate(%+v) = %v, want a word about %s", x, err, tt.want)
		}
	}
	if text := good.Password.String() + good.Password.LogValue().String(); strings.Contains(text, "x") {
		t.Errorf("a password prints itself as %q", text)
	}
}
