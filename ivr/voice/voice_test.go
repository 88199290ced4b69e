package voice_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"setu/i18n"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

// wav is half a second of a tone at 16 kHz.
func wav(hertz float64) []byte {
	le := binary.LittleEndian
	const n = 8000
	out := append([]byte("RIFF"), le.AppendUint32(nil, 36+2*n)...)
	out = append(out, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 16000, 32000, 2 | 16<<16} {
		out = le.AppendUint32(out, v)
	}
	out = append(append(out, "data"...), le.AppendUint32(nil, 2*n)...)
	for i := range n {
		out = le.AppendUint16(out, uint16(int16(12000*math.Sin(2*math.Pi*hertz*float64(i)/16000))))
	}
	return out
}

// engine counts what it is asked to speak.
type engine struct {
	calls atomic.Int32
	err   error
	said  sync.Map
}

func (e *engine) Name(l i18n.Lang) string { return "test/" + string(l) }

func (e *engine) Speak(_ context.Context, _ i18n.Lang, words string) ([]byte, error) {
	e.calls.Add(1)
	e.said.Store(words, true)
	return wav(440), e.err
}

func open(t *testing.T, c voice.Config) *voice.Speaker {
	t.Helper()
	if c.Cache == "" {
		c.Cache = t.TempDir()
	}
	s, err := voice.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func money(raw string) []speech.Sentence {
	return speech.Say(i18n.Bengali, []i18n.Piece{
		{Slot: "amount", Value: i18n.Value{Kind: i18n.Money, Raw: raw}}, {Text: " পাঠানো হয়েছে।"},
	})
}

// record puts clips of some words into a folder.
func record(t *testing.T, dir string, words ...string) {
	t.Helper()
	folder := filepath.Join(dir, "bn", "mina")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if err := os.WriteFile(filepath.Join(folder, voice.FileName(i18n.Bengali, "Test/x.y", w)), wav(300), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSpeaker_OneVoice: a sentence is a person's only if she has recorded all of
// it; one word less, and the engine says it whole.
func TestSpeaker_OneVoice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, dir, "দুই", "হাজার", "টাকা", money("2000")[0].Fragments[3].Words)
	e := &engine{}
	s := open(t, voice.Config{Prompts: dir, Engine: e})
	clip, err := s.Say(t.Context(), money("2000"))
	if err != nil || e.calls.Load() != 0 {
		t.Fatalf("a recorded sentence: %v, %d calls of the engine", err, e.calls.Load())
	}
	if got := clip.Length().Seconds(); got < 2 || got > 2.3 { // four clips of half a second
		t.Errorf("four words take %v s", got)
	}
	if _, err := s.Say(t.Context(), money("2001")); err != nil {
		t.Fatal(err)
	}
	if _, whole := e.said.Load(money("2001")[0].String()); !whole || e.calls.Load() != 1 {
		t.Errorf("%d calls of the engine, the whole sentence: %v", e.calls.Load(), whole)
	}
	// What is said otherwise now is not recorded, however its file is called.
	if s.Recorded(i18n.Bengali, "তিন") || s.Recorded(i18n.Hindi, "দুই") {
		t.Error("other words are taken for recorded")
	}
}

// TestSpeaker_Free: a name is never put together of words that happen to be
// recorded.
func TestSpeaker_Free(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, dir, "টাকা")
	e := &engine{}
	s := open(t, voice.Config{Prompts: dir, Engine: e})
	name := speech.Say(i18n.Bengali, []i18n.Piece{{Slot: "name", Value: i18n.Value{Raw: "টাকা"}}})
	if _, err := s.Say(t.Context(), name); err != nil || e.calls.Load() != 1 {
		t.Errorf("%v, %d calls of the engine", err, e.calls.Load())
	}
}

// TestSpeaker_Cache: the same words are made once, by however many calls at once,
// and once for all time.
func TestSpeaker_Cache(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir(), &engine{}
	s := open(t, voice.Config{Engine: e, Cache: dir})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := s.Say(t.Context(), speech.Sentences(i18n.Hindi, "नमस्ते।")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again := open(t, voice.Config{Engine: e, Cache: dir})
	if err := again.Prepare(t.Context(), speech.Sentences(i18n.Hindi, "नमस्ते। नमस्ते।")); err != nil {
		t.Error(err)
	}
	if n := e.calls.Load(); n != 1 {
		t.Errorf("the engine was asked %d times", n)
	}
}

// TestSpeaker_Bounded: the oldest clips make room for new ones.
func TestSpeaker_Bounded(t *testing.T) {
	t.Parallel()
	const room = 40_000 // four clips of half a second in two codecs, and some
	dir, e := t.TempDir(), &engine{}
	s := open(t, voice.Config{Engine: e, Cache: dir, CacheOctets: room})
	for _, words := range []string{"one.", "two.", "three.", "one.", "four.", "five.", "six.", "one."} {
		if _, err := s.Say(t.Context(), speech.Sentences(i18n.English, words)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var used int64
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		used += info.Size()
	}
	if used > room || used == 0 || e.calls.Load() < 6 || e.calls.Load() > 7 {
		t.Errorf("%d octets in %d files, the engine was asked %d times", used, len(files), e.calls.Load())
	}
}

// TestSpeaker_Errors: what is wrong is said so that an operator can mend it, and
// is not kept.
func TestSpeaker_Errors(t *testing.T) {
	t.Parallel()
	hello := speech.Sentences(i18n.English, "Hello.")
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho 'no such voice' >&2\nexit 1\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	mute := filepath.Join(t.TempDir(), "mute")
	if err := os.WriteFile(mute, []byte("#!/bin/sh\necho RIFF\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		engine voice.Engine
		is     error
		want   string
	}{
		{"missing", &voice.ESpeak{Command: "no-such-espeak"}, voice.ErrEngine, "scripts/setup run"},
		{"broken", &voice.ESpeak{Command: broken}, voice.ErrEngine, "no such voice"},
		{"mute", &voice.ESpeak{Command: mute}, voice.ErrWAV, "does not begin as one"},
		{"none", nil, voice.ErrEngine, "setu prompts missing"},
		{"down", &voice.HTTP{URL: "http://127.0.0.1:1/"}, voice.ErrEngine, "ivr.tts.url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, voice.Config{Engine: tt.engine})
			for range 2 {
				_, err := s.Say(t.Context(), hello)
				if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "Hello") {
					t.Errorf("Say: %v, want %q", err, tt.want)
				}
			}
		})
	}
	several := t.TempDir()
	record(t, several, "দুই")
	if err := os.Mkdir(filepath.Join(several, "bn", "ratna"), 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := voice.Open(voice.Config{Prompts: several, Cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "mina, ratna") {
		t.Errorf("two voices without a choice: %v", err)
	}
}

// TestHTTP: a service is asked as agreed, and its failures are told.
func TestHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Text, Lang, Voice string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost ||
			r.Header.Get("Authorization") != "Bearer k" || asked.Lang != "bn" || asked.Voice != "f1" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(wav(500)) // the other side sees if it is cut short
	}))
	t.Cleanup(server.Close)
	e := &voice.HTTP{URL: server.URL, Voices: map[i18n.Lang]string{i18n.Bengali: "f1"}, Key: "k"}
	s := open(t, voice.Config{Engine: e})
	clip, err := s.Say(t.Context(), speech.Sentences(i18n.Bengali, "নমস্কার।"))
	if err != nil || clip.Length() == 0 {
		t.Errorf("Say: %v, %v", clip.Length(), err)
	}
	if _, err := s.Say(t.Context(), speech.Sentences(i18n.Hindi, "नमस्ते।")); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("a refusal: %v", err)
	}
}

// TestESpeak: the real program speaks all three languages.
func TestESpeak(t *testing.T) {
	t.Parallel()
	s := open(t, voice.Config{Engine: &voice.ESpeak{}})
	for l, text := range map[i18n.Lang]string{i18n.Bengali: "বারো লাখ পঞ্চাশ হাজার টাকা।", i18n.Hindi: "बारह लाख पचास हज़ार रुपये।", i18n.English: "Twelve lakh rupees."} {
		sentences := speech.Sentences(l, text)
		clip, err := s.Say(t.Context(), sentences)
		if errors.Is(err, voice.ErrEngine) && strings.Contains(err.Error(), "not installed") {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := speech.Length(l, speech.Text(sentences)).Seconds()
		if got := clip.Length().Seconds(); got < want/2 || got > want*1.4 {
			t.Errorf("%s: %v s of speech, want about %v", l, got, want)
		}
	}
}
