// Package dialogue decides what a citizen's message means and what she is told:
// a pure machine that goes from (session, message) to an outcome. It owns all
// that is the same in every service, channel and language: the main menu, help,
// back, more, repeat, language, stop and start, second chances, expiry and
// resuming, confirmation, CANCEL and the checking of receipts.
//
// A session that is given to it is never changed: what it returns is a new one.
package dialogue

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/packed"
	"setu/i18n"
)

// Options are the engine's settings. The zero value is the defaults.
type Options struct {
	// Expiry is how long a dialogue rests before it is asked whether to go on
	// with it; 30 minutes.
	Expiry time.Duration
	// ResumeFor is how long a dialogue can be gone on with; after that the
	// next message begins afresh. 24 hours.
	ResumeFor time.Duration
	// MaxTries is how many wrong inputs end a dialogue; 3.
	MaxTries int
	// RedialFor is how long a live dialogue that was cut off can be gone on
	// with by dialling again; 10 minutes.
	RedialFor time.Duration
	// Screens is how many screens of a link a reply takes; nil is one.
	Screens func(r gateway.Reply, m gateway.Medium, link string) int
	// Calls says whether a citizen who wants to be called can be; nil is no.
	Calls func(citizen gateway.Address) bool
}

// Engine is the dialogue of all services of a catalogue. It is read-only and may
// be used by many goroutines.
type Engine struct {
	words *catalogue.Catalogue
	o     Options
}

// New makes the engine for a catalogue.
func New(c *catalogue.Catalogue, o Options) *Engine {
	o.Expiry = cmp.Or(o.Expiry, 30*time.Minute)
	o.ResumeFor = cmp.Or(o.ResumeFor, 24*time.Hour)
	o.MaxTries = cmp.Or(o.MaxTries, 3)
	o.RedialFor = cmp.Or(o.RedialFor, 10*time.Minute)
	return &Engine{words: c, o: o}
}

// Step takes one thing that a citizen did. The time is that of the message.
func (e *Engine) Step(s gateway.Session, in gateway.Inbound) gateway.Outcome {
	switch {
	case in.Event == gateway.Abort || in.Event == gateway.Timeout:
		return gateway.Outcome{Session: s}
	case in.Medium.Live():
		return e.live(s, in)
	}
	m := e.begin(s, in.Medium, in.At)
	switch {
	case m.s.Stopped && (in.Incomplete || in.Undecodable):
	case in.Incomplete:
		m.note(gateway.MeterRefused, noteIncomplete)
		m.sayOwn("incomplete")
	case in.Undecodable:
		m.note(gateway.MeterRefused, noteUndecodable)
		m.sayOwn("undecodable")
	default:
		m.hear(in.Text.Reveal())
	}
	m.s.Updated = in.At
	return m.done()
}

// Notice is one of the engine's own texts as a reply.
func (e *Engine) Notice(f i18n.Format, key string, vals map[string]i18n.Value) gateway.Reply {
	return gateway.Reply{Format: f, Parts: []gateway.Part{{Text: key, Values: vals}}, End: true}
}

// move is one step under way.
type move struct {
	e      *Engine
	s      gateway.Session // its maps and slices are shared with the one before, see slots
	medium gateway.Medium
	now    time.Time
	out    gateway.Outcome
	stale  bool // the dialogue has rested so long that it is asked about
	fresh  bool // a live dialogue has just been opened
	anew   bool // she wants a transaction once more that she has asked for before
	own    bool // the slots are this move's own
}

// live says that the citizen waits for the next screen.
func (m *move) live() bool { return m.medium.Live() }

// mute says that nothing is sent to her, since she wrote STOP. Where she waits
// for an answer she gets one.
func (m *move) mute() bool { return m.s.Stopped && !m.live() }

func (e *Engine) begin(s gateway.Session, medium gateway.Medium, now time.Time) move {
	s.Dialogue.Trail = slices.Clip(s.Dialogue.Trail) // what is added goes elsewhere
	return move{e: e, s: s, medium: medium, now: now}
}

// format is how this citizen reads: Bengali until she has written letters.
func format(s *gateway.Session) i18n.Format {
	return i18n.Format{Lang: cmp.Or(s.Lang, i18n.Bengali), Native: s.Native, Latin: s.Latin}
}

// maxLast bounds the reply that is kept for "repeat", in octets of its values.
const maxLast = 3 << 10

// done is the outcome of the move. A reply that ends a dialogue is kept, so that
// it can be asked for again; within a dialogue the question is made anew.
func (m *move) done() gateway.Outcome {
	m.out.Reply.Format = format(&m.s)
	m.out.Reply.Back = m.leadsBack()
	d := &m.s.Dialogue
	if m.out.Query == nil && m.out.Lookup == "" && !m.out.Reply.Empty() {
		d.Last = ""
		if !m.open() {
			m.out.Reply.End = true
			if m.out.Submit == nil && valueSize(m.out.Reply) <= maxLast && !m.e.guards(m.out.Reply) {
				d.Last = packed.Of(m.out.Reply)
			}
		}
	}
	m.out.Session = m.s
	return m.out
}

// guards says that a reply holds something that was shown for a PIN, and is not
// said again without it.
func (e *Engine) guards(r gateway.Reply) bool {
	return slices.ContainsFunc(r.Parts, func(p gateway.Part) bool {
		s, ok := e.words.Service(p.Service)
		return ok && guarded(s)
	})
}

func valueSize(r gateway.Reply) int {
	n := 0
	for _, p := range r.Parts {
		for name, v := range p.Values {
			n += len(name) + len(v.Raw)
		}
	}
	return n
}

// leadsBack says that 0 leads to another screen from here: from everywhere but
// the main menu and the question that comes before it.
func (m *move) leadsBack() bool {
	if !m.open() || m.s.Dialogue.Step == stepLetters {
		return false
	}
	parts := m.out.Reply.Parts
	atMenu := len(parts) > 0 && parts[len(parts)-1].Service == "" && parts[len(parts)-1].Text == "menu"
	return !atMenu || m.s.Dialogue.Page > 0
}

// open says that an answer is waited for.
func (m *move) open() bool {
	d := &m.s.Dialogue
	return d.Step != "" || len(d.Offers) > 0
}

// inService says that a service's dialogue is under way.
func (m *move) inService() bool { return m.s.Dialogue.Service != "" }

// leave ends the dialogue.
func (m *move) leave() { m.s.Dialogue = gateway.Dialogue{} }

func (m *move) say(p gateway.Part) { m.out.Reply.Parts = append(m.out.Reply.Parts, p) }

func (m *move) sayOwn(key string) { m.say(gateway.Part{Text: key}) }

// offer puts a numbered option on the screen.
func (m *move) offer(do, value string, label gateway.Part) {
	d := &m.s.Dialogue
	d.Offers = append(d.Offers, gateway.Offer{Do: do, Value: value})
	o := gateway.Option{Digit: digit(len(d.Offers)), Label: label}
	if all(m.medium) && (do == doOption || do == doItem) {
		o.Value = value
	}
	m.out.Reply.Options = append(m.out.Reply.Options, o)
}

// clearOffers takes the options off the screen.
func (m *move) clearOffers() {
	m.s.Dialogue.Offers = nil
	m.out.Reply.Options = nil
	m.out.Reply.More = false
}

const digits = "0123456789"

// digit is the number that chooses the n-th option: a digit where they are
// shown by the page.
func digit(n int) string { return strconv.Itoa(n) }
