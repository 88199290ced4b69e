package e2e_test

import (
	"context"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/i18n"
	"setu/ivr/speech"
	"setu/ivr/voice"
	"setu/test/gatewaytest"
	"setu/test/siptest"
)

// callTime bounds one call: the welcome and a result are heard to their ends.
const callTime = 2 * time.Minute

// speechCache is where all gateways of these tests keep what was spoken.
func speechCache(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed: scripts/setup test")
	}
	return filepath.Join(filepath.Dir(bin), "speech")
}

// switchboard is a gateway that takes calls, with telephones.
type switchboard struct {
	*town
	phones *siptest.Exchange
}

// openCalls starts a gateway; config goes on with the part ivr of its file.
func openCalls(t *testing.T, config string) *switchboard {
	t.Helper()
	o := gatewaytest.Options{SIP: "127.0.0.1:0", Config: "ivr:\n  cache: " + speechCache(t) + "\n" + config}
	return &switchboard{town: open(t, o), phones: siptest.New(t)}
}

// voiceCaller is a citizen in a call.
type voiceCaller struct {
	*siptest.Call
	t   *testing.T
	ctx context.Context //nolint:containedctx // of one test
}

// calls calls from a number.
func (s *switchboard) calls(t *testing.T, number string) *voiceCaller {
	t.Helper()
	s.Note(number)
	ctx, cancel := context.WithTimeout(t.Context(), callTime)
	t.Cleanup(cancel)
	c, err := s.phones.Call(ctx, s.SIP, siptest.Options{From: "+" + number})
	for ; err != nil && strings.Contains(err.Error(), "503") && ctx.Err() == nil; c, err = s.phones.Call(ctx, s.SIP, siptest.Options{From: "+" + number}) {
		time.Sleep(time.Second) // a machine that is too busy for a call says so
	}
	if err != nil {
		t.Fatal(err)
	}
	return &voiceCaller{Call: c, t: t, ctx: ctx}
}

// next is what is said next.
func (c *voiceCaller) next() string {
	c.t.Helper()
	text, err := c.Next(c.ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// press presses keys and gives what is said then.
func (c *voiceCaller) press(keys string) string {
	c.t.Helper()
	if err := c.Press(keys); err != nil {
		c.t.Fatal(err)
	}
	return c.next()
}

// quiet waits until what is said has been said.
func (c *voiceCaller) quiet() {
	c.t.Helper()
	if err := c.Silence(c.ctx, time.Second); err != nil {
		c.t.Fatal(err)
	}
}

// first goes through the first call of a number to the main menu.
func (c *voiceCaller) first(language int) string {
	c.t.Helper()
	c.next()
	c.press(string(rune('1' + language)))
	c.quiet()
	return c.press("1")
}

// callPaths are the keys from the main menu to an answer of each service, and what
// each language says then; where keys cannot write, what she answers by SMS, and is
// told.
var callPaths = []struct {
	service string
	keys    []string
	want    [3]string // in the order of languages
	sms     string
	told    [3]string
}{
	{"benefit", []string{"1", "1", "1000000001", "1"}, [3]string{"এক হাজার টাকা", "एक हज़ार रुपये", "one thousand rupees"}, "", [3]string{}},
	{"health", []string{"2", "4000000004", "1"}, [3]string{"দুই লাখ বাইশ হাজার পাঁচশো টাকা", "दो लाख बाईस हज़ार पाँच सौ रुपये", "two lakh twenty-two thousand five hundred rupees"}, "", [3]string{}},
	{"produce", []string{"3", "1", "1"}, [3]string{"কুইন্টাল", "क्विंटल", "quintal"}, "", [3]string{}},
	{"land", []string{"4", "1", "2000000002", "1"}, [3]string{"দুই শূন্য শূন্য শূন্য", "दो शून्य शून्य शून्य", "two zero zero zero"}, "", [3]string{}},
	{"grievance", []string{"5", "1", "1", "60000007", "1"}, [3]string{"ছয় শূন্য", "छह शून्य", "six zero"}, "", [3]string{}},
	{"document", []string{"5", "2", "1"}, [3]string{"এসএমএস পাঠানো হয়েছে", "एसएमएस भेजा गया है", "We have sent you an S M S"}, "wb10000001", [3]string{"আসল", "असली", "Genuine"}},
	{"academic", []string{"5", "3", "3000000003", "1"}, [3]string{"আসল", "असली", "Genuine"}, "", [3]string{}},
	{"consent", []string{"5", "4"}, [3]string{"সম্মতি", "सहमति", "consent"}, "", [3]string{}},
	{"site", []string{"5", "5", "1"}, [3]string{"এসএমএস পাঠানো হয়েছে", "एसएमएस भेजा गया है", "We have sent you an S M S"}, "old.example.gov", [3]string{"old.example.gov", "old.example.gov", "old.example.gov"}},
}

// TestCall_Services does each service by keypress in three languages, in calls at
// the same time. What was heard is the voice that should have said it, without a
// missing packet; and all calls come to a named end. It is not parallel, as no test
// of calls is: sound and keys come by the millisecond, so nothing else runs meanwhile.
func TestCall_Services(t *testing.T) {
	s := openCalls(t, "")
	var wg sync.WaitGroup
	atOnce := make(chan struct{}, 9)
	for _, p := range callPaths {
		for l := range languages {
			number := newNumber()
			wg.Go(func() {
				atOnce <- struct{}{}
				defer func() { <-atOnce }()
				t.Run(p.service+"/"+languages[l].code, func(t *testing.T) {
					c := s.calls(t, number)
					text := c.first(l)
					for _, keys := range p.keys {
						text = c.press(keys)
						for range 3 { // a telephone that the machine holds up for 0.4 s presses twice
							if len(keys) < 8 || strings.Count(text, "\n") > 0 {
								break
							}
							text = c.press(keys)
						}
					}
					if _, whole := c.Sound(); !whole {
						t.Skip("the machine stood still for a second, and with it the telephone: keys are doubled then")
					}
					within(t, "heard", strings.ReplaceAll(text, "\u09af\u09bc", "\u09df"), strings.ReplaceAll(p.want[l], "\u09af\u09bc", "\u09df"))
					c.quiet()
					if err := c.HangUp(); err != nil {
						t.Errorf("hang up: %v", err)
					}
					if p.service == "health" {
						c.spoken(text, i18n.Lang(languages[l].code))
					}
					if p.sms == "" {
						return
					}
					s.await(number, 0) // the question
					within(t, "by SMS", s.ask(number, p.sms), p.told[l])
				})
			})
		}
	}
	wg.Wait()
	s.until("no call is under way", func() bool { return !strings.Contains(s.setu("calls"), "under way") })
	_, metrics := s.Get("/metrics")
	within(t, "metrics", metrics, "setu_calls_live 0", `end="completed"`, "setu_rtp_streams 0")
}

// spoken holds what was heard against the voice that says the first line of a text.
func (c *voiceCaller) spoken(text string, lang i18n.Lang) {
	c.t.Helper()
	line, _, _ := strings.Cut(text, "\n")
	heard, _ := c.Sound()
	if r := correlation(heard, voiceOf(c.t, lang, line)); r < 0.97 {
		c.t.Errorf("what was heard has a correlation of %.3f with %q", r, line)
	}
}

// voiceOf is the sound of a line, as the gateway says it.
func voiceOf(t *testing.T, lang i18n.Lang, line string) []int16 {
	t.Helper()
	speaker, err := voice.Open(voice.Config{Engine: &voice.ESpeak{}, Cache: speechCache(t)})
	if err != nil {
		t.Fatal(err)
	}
	clip, err := speaker.Say(t.Context(), sentencesOf(lang, line))
	if err != nil {
		t.Fatal(err)
	}
	return samplesOf(clip.WAV())
}

// sentencesOf are those of a text that is in words already.
func sentencesOf(lang i18n.Lang, line string) []speech.Sentence {
	var list []speech.Sentence
	for _, end := range []string{". ", "। "} {
		line = strings.ReplaceAll(line, end, strings.TrimSpace(end)+"\n")
	}
	for words := range strings.SplitSeq(line, "\n") {
		list = append(list, speech.Sentence{Lang: lang, Fragments: []speech.Fragment{{Words: words, Free: true}}})
	}
	return list
}

// samplesOf are those of a WAV file of 16 bits.
func samplesOf(wav []byte) []int16 {
	body := wav[44:]
	list := make([]int16, len(body)/2)
	for i := range list {
		list[i] = int16(uint16(body[2*i]) | uint16(body[2*i+1])<<8) //nolint:gosec // the same bits
	}
	return list
}

// correlation is the greatest of a clip with what was heard: 1 is the same. A part
// of half a second finds the place, and all of the clip is held against it.
func correlation(heard, clip []int16) float64 {
	const piece = 4000
	if len(clip) <= 2*piece || len(heard) < len(clip) {
		return 0
	}
	part := clip[piece : piece+piece/2]
	best, at := 0.0, 0
	for i := 0; i+len(clip) <= len(heard); i++ {
		if r := likeness(heard[i+piece:i+piece+len(part)], part, 4); r > best {
			best, at = r, i
		}
	}
	return likeness(heard[at:at+len(clip)], clip, 1)
}

// likeness is the normalised correlation of two sounds, by each n-th sample.
func likeness(a, b []int16, n int) float64 {
	var ab, aa, bb float64
	for i := 0; i < len(b); i += n {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// TestCall_Resumes: a call that is cut off in the middle goes on where it was, in
// the next call of the same number or by SMS; and without the ledger a caller is
// told that the answer follows.
func TestCall_Resumes(t *testing.T) {
	s := openCalls(t, "")
	number := newNumber()
	c := s.calls(t, number)
	c.first(2)
	c.press("2")
	c.Drop() // the battery is empty
	again := s.calls(t, number)
	within(t, "second call", again.next(), "You were using Health card.", "Continue, press one.")
	within(t, "gone on with", again.press("1"), "Press the ten digits of your health card.")
	s.setu("sandbox", "down")
	if err := again.Press("4000000004"); err != nil {
		t.Fatal(err)
	}
	within(t, "read back", again.next(), "four zero zero zero")
	within(t, "without the ledger", again.press("1"), "The answer is taking time.")
	if err := again.HangUp(); err != nil {
		t.Errorf("hang up: %v", err)
	}
	s.setu("sandbox", "up")
	within(t, "late answer", s.await(number, 0), "2,22,500")
}
