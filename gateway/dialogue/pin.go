package dialogue

import (
	"crypto/subtle"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// The machine never sees whether a PIN is right: it hands what was typed out to
// be digested with a key, and compares digests. While a PIN is asked for, one
// offer that is on no screen says so; what comes then is read here and nowhere
// else, so that it gets into no slot, guess or error.

// What the PIN that is asked for is, the value of the offer.
const (
	pinKnown = "known" // the one that she has
	pinOld   = "old"   // the one that she has, to choose another
	pinNew   = "new"   // one to choose
	pinTwice = "twice" // the chosen one again
)

// Steps of the engine that a PIN is wanted for.
const (
	stepPIN    = "pin"    // to choose another
	stepCancel = "cancel" // to take a transaction back
)

// pinDigits is the length of a PIN.
const pinDigits = 4

// maxWrong is how many wrong PINs lock it: first for a quarter of an hour, then
// for a day, until a right one.
const (
	maxWrong  = 3
	firstLock = 15 * time.Minute
	nextLock  = 24 * time.Hour
)

// guarded says that a service asks for a PIN before anything else.
func guarded(s *catalogue.Service) bool { return s.Access == ledgerclient.PIN }

// barred says that the service under way wants a PIN that was not typed in this
// dialogue.
func (m *move) barred() bool {
	s := m.service()
	return s != nil && guarded(s) && !m.proved()
}

// proved says that she has typed her PIN in this live dialogue, or that her
// phone, whose key is harder to guess, has signed the input.
func (m *move) proved() bool { return m.live() && (m.s.Live.Proved || m.s.Live.Device) }

// atPIN says that a PIN is asked for.
func (m *move) atPIN() bool {
	offers := m.s.Dialogue.Offers
	return len(offers) > 0 && offers[0].Do == doPIN
}

// choosePIN chooses a PIN, or another one. By message no PIN is ever asked for.
func (m *move) choosePIN() {
	m.leave()
	if !m.live() {
		m.sayOwn("no-pin")
		return
	}
	m.s.Dialogue.Step = stepPIN
	m.askPIN()
}

// askPIN asks for her PIN, or to choose one.
func (m *move) askPIN() {
	switch p := &m.s.PIN; {
	case m.now.Before(p.Until):
		m.locked()
	case p.MAC == "":
		m.promptPIN(pinNew, "pin-new")
	case m.s.Dialogue.Step == stepPIN:
		m.promptPIN(pinOld, "pin-old")
	default:
		m.promptPIN(pinKnown, "pin-ask")
	}
}

func (m *move) promptPIN(what, key string) {
	m.clearOffers()
	m.sayOwn(key)
	m.s.Dialogue.Offers = []gateway.Offer{{Do: doPIN, Value: what}}
	m.out.Reply.Expect = string(catalogue.InputPIN)
}

// locked says until when no PIN is taken.
func (m *move) locked() {
	m.leave()
	at := i18n.Value{Kind: i18n.Time, Raw: m.s.PIN.Until.UTC().Format(time.RFC3339)}
	m.say(gateway.Part{Text: "pin-locked", Values: map[string]i18n.Value{"at": at}})
}

// typedPIN takes what was typed when a PIN was asked for.
func (m *move) typedPIN(raw string) {
	what := m.s.Dialogue.Offers[0].Value
	if len(raw) > maxOctets {
		raw = ""
	}
	msg := parse(raw)
	word, _ := m.e.word(&msg)
	typed := ""
	if msg.number() {
		typed = msg.tokens[0].folded
	}
	switch {
	case msg.is("0") || msg.is("00") || word.Command == catalogue.Menu || word.Command == catalogue.Back:
		m.menu(0)
	case len(typed) != pinDigits:
		m.againPIN("pin-digits", what)
	case what == pinNew && weak(typed):
		m.againPIN("pin-weak", what)
	default:
		m.out.PIN = gateway.Private(typed)
	}
}

// againPIN asks again for what cannot be a PIN, or should not be one.
func (m *move) againPIN(reason, what string) {
	d := &m.s.Dialogue
	if d.Tries++; d.Tries >= m.e.o.MaxTries {
		m.giveUp()
		return
	}
	m.sayOwn(reason)
	m.promptPIN(what, pinText(what))
}

// pinText is the engine's text that asks for a PIN.
func pinText(what string) string {
	switch what {
	case pinNew:
		return "pin-new"
	case pinTwice:
		return "pin-again"
	case pinOld:
		return "pin-old"
	}
	return "pin-ask"
}

// weak says that a PIN is among the first that others would try: one digit four
// times, digits in a row, a year of birth.
func weak(pin string) bool {
	if strings.HasPrefix(pin, "19") || strings.HasPrefix(pin, "20") {
		return true
	}
	step := int(pin[1]) - int(pin[0])
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return step >= -1 && step <= 1
}

// Proven takes the keyed digest of Outcome.PIN; s is the session of that
// outcome. What stands in mac before its first dot names the key.
func (e *Engine) Proven(s gateway.Session, medium gateway.Medium, mac string, now time.Time) gateway.Outcome {
	m := e.begin(s, medium, now)
	if !m.atPIN() {
		m.menu(0)
		return m.done()
	}
	m.s.Dialogue.Tries = 0
	p := &m.s.PIN
	switch what := m.s.Dialogue.Offers[0].Value; {
	case what == pinNew:
		p.Chosen = mac
		m.promptPIN(pinTwice, "pin-again")
	case what == pinTwice && same(p.Chosen, mac):
		*p = gateway.PIN{MAC: mac}
		m.sayOwn("pin-set")
		m.afterPIN()
	case what == pinTwice:
		p.Chosen = ""
		m.sayOwn("pin-differs")
		m.promptPIN(pinNew, "pin-new")
	case keyOf(p.MAC) != keyOf(mac): // nothing can be compared any more
		*p = gateway.PIN{}
		m.promptPIN(pinNew, "pin-new")
	case !same(p.MAC, mac):
		m.wrongPIN(what)
	default:
		p.Wrong, p.Locks, p.Until = 0, 0, time.Time{}
		if what == pinOld {
			m.promptPIN(pinNew, "pin-new")
			break
		}
		m.afterPIN()
	}
	return m.done()
}

// wrongPIN counts a wrong PIN, and locks it after too many.
func (m *move) wrongPIN(what string) {
	p := &m.s.PIN
	if p.Wrong++; p.Wrong < maxWrong {
		m.say(*ownWith("pin-wrong", map[string]i18n.Value{"count": numberValue(maxWrong - p.Wrong)}))
		m.promptPIN(what, pinText(what))
		return
	}
	p.Wrong = 0
	lock := nextLock
	if p.Locks++; p.Locks == 1 {
		lock = firstLock
	}
	p.Until = m.now.UTC().Add(lock)
	m.locked()
}

// afterPIN goes on with what the PIN was wanted for.
func (m *move) afterPIN() {
	m.s.Live.Proved = true
	m.clearOffers()
	switch {
	case m.inService():
		m.carryOn()
	case m.s.Dialogue.Step == stepCancel:
		m.cancel()
	default:
		m.leave()
	}
}

// same compares two digests in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// keyOf names the key of a digest.
func keyOf(mac string) string {
	key, _, _ := strings.Cut(mac, ".")
	return key
}
