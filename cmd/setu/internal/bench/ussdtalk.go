package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"setu/channels/sms"
	"setu/i18n"
)

// menuStep is one screen of a conversation: what is entered to get it, and
// what it must hold.
type menuStep struct {
	input string
	holds string
	end   bool
	// free says that other words than those of the first screen of its kind may
	// stand around holds: lots go to several markets.
	free bool
}

// menuWalk is one conversation; its first step is the dial.
type menuWalk struct {
	lang  i18n.Lang
	steps []menuStep
}

// The states of a citizen.
const (
	citizenFree   uint32 = iota
	citizenBusy          // in a session
	citizenSpoilt        // in a session that went wrong, so that nobody knows where she is
)

// talk deals conversations out to callers, and knows how each screen must
// look: like the first of its kind, whatever numbers are in it.
type talk struct {
	cfg     USSDConfig
	walks   []menuWalk // those in Bengali, then as many in English
	firsts  [][]atomic.Pointer[string]
	chooser atomic.Pointer[string] // the screen that asks for a language

	base     int // of the run's block of numbers
	citizens int // known to the gateway once they have enrolled
	state    []atomic.Uint32
	rounds   []atomic.Int32 // sessions of each known citizen
	enrolled atomic.Bool
	turn     atomic.Int64    // sessions begun
	turns    [2]atomic.Int64 // those in Bengali and in English
	fresh    atomic.Int64    // citizens who dialled for the first time after that
	ring     atomic.Int64    // the known citizen to dial next
	run      uint64          // tells the run's sessions from those of another
	constant bool            // the server is the plain handler
}

func newTalk(cfg USSDConfig) *talk {
	most := 0
	if cfg.Rate > 0 || cfg.Share > 0 {
		most = rateCallers
	}
	for _, level := range cfg.Levels {
		most = max(most, level)
	}
	t := &talk{cfg: cfg, walks: menuWalks(cfg.Mix, cfg.Now()), citizens: max(cfg.Citizens, 2*most), run: rand.Uint64()} //nolint:gosec // not to collide, not to be secret
	t.base = rand.IntN(numberSpace/100_000) * 100_000                                                                   //nolint:gosec // the same
	t.state = make([]atomic.Uint32, t.citizens)
	t.rounds = make([]atomic.Int32, t.citizens)
	t.firsts = make([][]atomic.Pointer[string], len(t.walks))
	for i := range t.walks {
		t.firsts[i] = make([]atomic.Pointer[string], len(t.walks[i].steps))
	}
	return t
}

// plain deals the same conversations out to a server that answers all with
// [Constant].
func (t *talk) plain() *talk {
	p := newTalk(t.cfg)
	p.constant = true
	p.enrolled.Store(true)
	return p
}

// screens is how many screens a session has, on average.
func (t *talk) screens() float64 {
	n := 0
	for _, w := range t.walks {
		n += len(w.steps)
	}
	return float64(n)/float64(len(t.walks)) + t.cfg.New
}

// menuWalks are the conversations of a mix. The numbers are those of the main
// menu: benefit is 1, produce 3.
func menuWalks(mix Mix, now time.Time) []menuWalk {
	var all []menuWalk
	for _, lang := range []i18n.Lang{i18n.Bengali, i18n.English} {
		benefit, rupees, receipt := "Benefit", "Rs ", "Receipt "
		if lang == i18n.Bengali {
			benefit, rupees, receipt = "ভাতা", " টাকা", "রসিদ "
		}
		walk := func(last string, inputs ...string) {
			w := menuWalk{lang: lang, steps: []menuStep{{holds: "1 " + benefit}}}
			for i, input := range inputs {
				s := menuStep{input: input}
				if i == len(inputs)-1 {
					s.holds, s.end = last, true
				}
				w.steps = append(w.steps, s)
			}
			all = append(all, w)
		}
		if mix == Submit {
			walk(receipt, "3", "4", "1", weight, now.AddDate(0, 0, 7).Format("02-01-2006"), "1")
			last := all[len(all)-1].steps
			last[len(last)-1].free = true
			continue
		}
		for i, card := range cards() {
			walk(": ", "1", "1", card)                  // the name of the allowance, and what became of it
			walk(rupees, "3", "1", strconv.Itoa(1+i%5)) // the price of a crop
		}
	}
	return all
}

// session is one session under way.
type session struct {
	talk    *talk
	walk    int
	step    int
	citizen int
	round   int  // of the citizen's sessions; 0 for one who is new
	asked   bool // for her language, which comes before the walk's first screen
	text    []byte
	id      uint64
}

// begin deals out the next session.
func (t *talk) begin(s *session) {
	turn := t.turn.Add(1) - 1
	s.talk, s.step, s.id, s.text = t, 0, uint64(turn), s.text[:0] //nolint:gosec // it counts from 0
	share := t.cfg.New
	switch {
	case !t.enrolled.Load():
		s.citizen, s.asked = int(turn), true
	case int(share*float64(turn+1)) > int(share*float64(turn)):
		s.citizen, s.asked = t.citizens+int(t.fresh.Add(1)), !t.constant
	default:
		var ok bool
		if s.citizen, ok = t.known(); !ok {
			s.citizen, s.asked = t.citizens+int(t.fresh.Add(1)), !t.constant
			break
		}
		s.asked = false
	}
	s.round = 0
	if s.citizen < t.citizens {
		s.round = int(t.rounds[s.citizen].Add(1))
	}
	half, lang := len(t.walks)/2, 1
	if b := t.cfg.Bengali; int(b*float64(s.citizen+1)) > int(b*float64(s.citizen)) {
		lang = 0
	}
	s.walk = lang*half + int(t.turns[lang].Add(1)-1)%half
}

// known gives a citizen who is in no session; false when there is none, because
// too many sessions went wrong.
func (t *talk) known() (int, bool) {
	for range 2 * t.citizens {
		i := int(t.ring.Add(1)) % t.citizens
		if t.state[i].CompareAndSwap(citizenFree, citizenBusy) {
			return i, true
		}
	}
	return 0, false
}

// over gives the citizen free, or not if nobody knows where she stands.
func (s *session) over(state uint32) {
	if s.citizen < s.talk.citizens {
		s.talk.state[s.citizen].Store(state)
	}
}

// spoil ends a session that went wrong.
func (s *session) spoil() {
	if s.talk.constant {
		s.over(citizenFree)
		return
	}
	s.over(citizenSpoilt)
}

// left is how many screens are still to come.
func (s *session) left() int { return 1 + len(s.talk.walks[s.walk].steps) - s.step }

// appendBody appends the form of the next request, as Africa's Talking sends
// it: text holds all inputs of the session so far, joined by stars.
func (s *session) appendBody(b []byte) []byte {
	b = append(b, "sessionId=ATUid_"...)
	b = strconv.AppendUint(b, s.talk.run, 16)
	b = strconv.AppendUint(append(b, '.'), s.id, 10)
	b = append(append(b, "&serviceCode=%2A"...), s.talk.cfg.Code...)
	b = append(b, "%23&phoneNumber=%2B"...)
	b = append(b, number((s.talk.base+s.citizen)%numberSpace)...)
	b = append(b, "&networkCode=40431&text="...)
	return append(b, s.text...)
}

// check says whether an answer is the screen that belongs here.
func (s *session) check(answer []byte) bool {
	if s.talk.constant {
		return string(answer) == Constant
	}
	want := menuStep{holds: "English"}
	first := &s.talk.chooser
	if !s.asked {
		want, first = s.talk.walks[s.walk].steps[s.step], &s.talk.firsts[s.walk][s.step]
	}
	mark := "CON "
	if want.end {
		mark = "END "
	}
	if len(answer) < len(mark) || string(answer[:len(mark)]) != mark {
		return false
	}
	if known := first.Load(); known != nil && !want.free {
		return sameScreen(answer, *known)
	}
	if !bytes.Contains(answer, []byte(want.holds)) {
		return false
	}
	text := string(answer)
	return first.CompareAndSwap(nil, &text) || want.free || sameScreen(answer, *first.Load())
}

// advance enters what leads to the next screen; false after the last.
func (s *session) advance() bool {
	steps := s.talk.walks[s.walk].steps
	if s.asked {
		s.asked = false
		choice := "3"
		if s.talk.walks[s.walk].lang == i18n.Bengali {
			choice = "1"
		}
		s.enter(choice)
		return true
	}
	if s.step++; s.step == len(steps) {
		s.over(citizenFree)
		return false
	}
	s.enter(steps[s.step].input)
	return true
}

func (s *session) enter(input string) {
	if len(s.text) > 0 {
		s.text = append(s.text, "%2A"...)
	}
	if input == weight {
		input = lot(s.round)
	}
	s.text = append(s.text, input...)
}

// sameScreen says whether two screens are the same but for their digits.
func sameScreen(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(isDigit(a[i]) && isDigit(b[i])) {
			return false
		}
	}
	return true
}

// ScreenShown is one screen of a conversation, so that a reader sees what was
// measured.
type ScreenShown struct {
	Lang   i18n.Lang `json:"lang"`
	Text   string    `json:"text"`
	Octets int       `json:"octets"` // as a network carries it
}

// answers are the screens of the first conversation of each language.
func (t *talk) answers() []ScreenShown {
	var all []ScreenShown
	half := len(t.walks) / 2
	for _, w := range []int{0, half} {
		for i := range t.firsts[w] {
			if text := t.firsts[w][i].Load(); text != nil {
				all = append(all, showScreen(t.walks[w].lang, *text))
			}
		}
	}
	return all
}

func showScreen(lang i18n.Lang, answer string) ScreenShown {
	coding, units := sms.Units(answer[len("CON "):])
	octets := 2 * units
	if coding == sms.GSM7 {
		octets = (7*units + 7) / 8
	}
	return ScreenShown{lang, strings.ReplaceAll(answer, "\n", " / "), octets}
}

// String is the screen as people read it.
func (s ScreenShown) String() string { return fmt.Sprintf("%q, %d octets", s.Text, s.Octets) }
