package dialogue

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// What an offer on the screen does.
const (
	doService = "service" // begins the service Value
	doOption  = "option"  // chooses the option Value
	doItem    = "item"    // chooses the row Value
	doYes     = "yes"
	doNo      = "no"
	doKeep    = "keep"  // leaves it at the transaction with the receipt Value
	doAnew    = "anew"  // makes the same transaction once more
	doMeant   = "meant" // takes Value as the message
	doLang    = "lang"
	doLetters = "letters" // sets language and letters to Value
	doSpeech  = "speech"  // asks for language and letters
	doReceipt = "receipt" // asks for the number of a receipt
	doPIN     = "pin"     // is on no screen: a PIN is asked for
	doResume  = "resume"
	doRestart = "restart"
)

// Steps of the engine itself, in a dialogue without a service.
const (
	stepMenu    = "menu"
	stepReceipt = "receipt"
)

// hear takes a message.
func (m *move) hear(raw string) {
	if m.live() && m.atPIN() {
		m.typedPIN(raw)
		return
	}
	if len(raw) > maxOctets {
		m.note(gateway.MeterRefused, noteTooLong)
		if !m.mute() {
			m.sayOwn("too-long")
		}
		return
	}
	msg := parse(raw)
	word, used := m.e.word(&msg)
	if m.mute() {
		if word.Command == catalogue.Start {
			m.start()
		}
		return
	}
	if msg.text != strings.TrimSpace(raw) {
		m.note(gateway.MeterCleansed, noteNFC)
	}
	m.detect(msg.text)
	if m.guarded() {
		return
	}
	m.age()
	m.read(&msg, word, used)
}

// guarded says that only a PIN can be taken now, and has asked for it. By message
// none is: what wants one is left.
func (m *move) guarded() bool {
	switch {
	case !m.barred() && !m.atPIN():
	case !m.live():
		m.leave()
	case !m.overlaid():
		m.askPIN()
		return true
	}
	return false
}

// read finds what a message means where the dialogue stands.
func (m *move) read(msg *said, word catalogue.Word, used int) {
	outdated := m.outdated()
	switch {
	case !outdated && m.chosen(msg, word, used):
	case m.barred() && word.Command != catalogue.Menu && !msg.is("00"): // no way round by a word
		m.askPIN()
	case m.s.Dialogue.Step == stepLetters && word.Command != catalogue.Menu && !msg.is("0") && !msg.is("00"):
		m.askLetters()
	case m.command(msg, word, used):
	case outdated && word.Service == nil:
		m.renew()
	case m.stale:
		m.heardStale(msg, word, used)
	case m.inService():
		m.answer(msg, word, used)
	default:
		m.outside(msg, word, used)
	}
}

// detect takes the language from the script of a message, as long as the
// citizen has not chosen one and is not being asked for it. Latin letters count only as long as nothing else
// is known: keywords are written in them in every language.
func (m *move) detect(text string) {
	if m.s.LangChosen || m.s.Dialogue.Step == stepLetters {
		return
	}
	lang, ok := i18n.DetectLang(text)
	if ok && (lang != i18n.English || m.s.Lang == "" && !m.inService()) {
		m.s.Lang = lang
	}
}

// age forgets a dialogue that has rested too long.
func (m *move) age() {
	if !m.open() || m.s.Updated.IsZero() {
		return
	}
	switch idle := m.now.Sub(m.s.Updated); {
	case idle <= m.e.o.Expiry:
	case idle <= m.e.o.ResumeFor && m.inService() && !m.waiting():
		m.stale = true
	default:
		m.leave()
	}
}

// heardStale asks whether to go on, unless the message begins something new.
func (m *move) heardStale(msg *said, word catalogue.Word, used int) {
	if word.Service != nil {
		m.outside(msg, word, used)
		return
	}
	m.askResume()
}

func (m *move) askResume() {
	m.clearOffers()
	part := gateway.Part{Text: "resume"}
	if s, ok := m.e.words.Service(m.s.Dialogue.Service); ok {
		part.Values = make(map[string]i18n.Value)
		s.Titles(part.Values, "service")
	}
	m.say(part)
	m.offer(doResume, "", gateway.Part{Text: "resume-yes"})
	m.offer(doRestart, "", gateway.Part{Text: "resume-no"})
	m.out.Reply.Expect = string(catalogue.InputChoice)
}

// entry is a line of the main menu.
type entry struct {
	do    string
	label gateway.Part
}

// entries are the lines of the main menu: the services, and what else who dials
// could not find by a word that she writes.
func (m *move) entries() []entry {
	services := m.e.words.Services()
	out := make([]entry, 0, len(services)+2)
	for _, s := range services {
		out = append(out, entry{doService, gateway.Part{Service: s.ID, Text: "title"}})
	}
	if m.dials() {
		out = append(out, entry{doSpeech, gateway.Part{Text: "menu-language"}}, entry{doReceipt, gateway.Part{Text: "menu-receipt"}})
	}
	return out
}

// overlaid says that the screen shows an engine's question over a service's.
func (m *move) overlaid() bool {
	offers := m.s.Dialogue.Offers
	return len(offers) > 0 && (offers[0].Do == doLang || offers[0].Do == doLetters || offers[0].Do == doResume)
}

// chosen takes a message that is one of the options on the screen.
func (m *move) chosen(msg *said, word catalogue.Word, used int) bool {
	d := &m.s.Dialogue
	if len(d.Offers) == 0 || len(msg.tokens) == 0 || m.stale {
		return false
	}
	whole := used == len(msg.tokens)
	for i, o := range d.Offers {
		var hit bool
		switch {
		case msg.number():
			hit = msg.tokens[0].folded == digit(i+1)
		case whole && word.Command == catalogue.Yes:
			hit = o.Do == doYes || o.Do == doMeant || o.Do == doResume || o.Do == doKeep
		case whole && word.Command == catalogue.No:
			hit = o.Do == doNo || o.Do == doRestart || o.Do == doKeep
		default:
			hit = namesLang(o, msg.text)
		}
		if hit {
			m.choose(o)
			return true
		}
	}
	if m.overlaid() { // anything else answers the question below
		m.clearOffers()
		if !m.open() {
			m.leave()
		}
	}
	return false
}

// namesLang says that a text is the name of the language that an option sets.
func namesLang(o gateway.Offer, text string) bool {
	if o.Do != doLang && o.Do != doLetters {
		return false
	}
	lang, err := i18n.ParseLang(text)
	return err == nil && string(lang) == o.Value
}

// choose does what an option stands for.
func (m *move) choose(o gateway.Offer) {
	switch o.Do {
	case doService:
		if s, ok := m.e.words.Service(o.Value); ok {
			m.enter(s, s.Steps[0].ID, said{})
			return
		}
		m.menu(0)
	case doLang:
		m.setLang(i18n.Lang(o.Value))
	case doLetters:
		m.setLetters(o.Value)
	case doSpeech:
		m.speech()
	case doReceipt:
		m.receipt(said{})
	case doMeant:
		m.note(gateway.MeterCleansed, noteKeyword)
		m.leave()
		msg := parse(o.Value)
		word, used := m.e.word(&msg)
		if !m.command(&msg, word, used) {
			m.outside(&msg, word, used)
		}
	case doResume:
		m.clearOffers()
		m.carryOn()
	case doRestart:
		m.menu(0)
	case doYes:
		m.act()
	case doNo:
		if m.inService() {
			m.leave()
			m.sayOwn("declined")
			return
		}
		m.menu(0)
	case doKeep:
		m.leave()
		m.say(ownReceipt("repeat-kept", ledgerclient.Receipt(o.Value)))
	case doAnew:
		m.anew = true
		m.act()
	case doOption, doItem:
		m.fill(o.Value, said{})
	}
}

// outside takes a message that answers no question of a service.
func (m *move) outside(msg *said, word catalogue.Word, used int) {
	if word.Service != nil {
		m.enter(word.Service, word.Step, msg.from(used))
		return
	}
	d := &m.s.Dialogue
	if d.Service == "" && d.Step == stepReceipt {
		m.checkReceipt(msg)
		return
	}
	if r, err := ledgerclient.ParseReceipt(msg.text); err == nil {
		m.leave()
		m.out.Lookup = r
		return
	}
	if utf8.RuneCountInString(msg.text) > 3 { // a language's name, not "hi"
		if lang, err := i18n.ParseLang(msg.text); err == nil {
			m.setLang(lang)
			return
		}
	}
	switch {
	case d.Step == stepMenu && msg.number():
		m.wrongAtMenu()
	case used == len(msg.tokens) && used > 0: // a yes or no to nothing
		m.menu(0)
	case msg.blank(), !strings.ContainsFunc(msg.text, unicode.IsLetter):
		m.menu(0)
	default:
		m.unknown(msg)
	}
}

// wrongAtMenu answers a number that the menu does not have.
func (m *move) wrongAtMenu() {
	page := m.s.Dialogue.Page
	m.note(gateway.MeterRefused, noteChoice)
	m.sayOwn("again-choice")
	m.menu(page)
}

// unknown answers a message that nothing is known by: with the keyword that was
// perhaps meant, or the menu.
func (m *move) unknown(msg *said) {
	m.leave()
	if len(msg.tokens) == 0 {
		m.menu(0)
		return
	}
	if text, shown, ok := m.guess(msg); ok {
		m.say(gateway.Part{Text: "meant", Values: map[string]i18n.Value{"word": {Raw: shown}}})
		m.offer(doMeant, text, gateway.Part{Text: "yes"})
		m.offer(doNo, "", gateway.Part{Text: "no"})
		m.out.Reply.Expect = string(catalogue.InputChoice)
		return
	}
	m.note(gateway.MeterRefused, noteUnknown)
	m.sayOwn("unknown")
	m.menu(0)
}

// maxGuess bounds what is kept of a message that is offered with another
// keyword, in octets.
const maxGuess = 480

// guess finds what an unknown message may have meant: the one keyword among its
// words, or a keyword that is nearly its first word. A word of the engine is
// only guessed from a word that stands alone.
func (m *move) guess(msg *said) (text, shown string, ok bool) {
	if w, found := m.mentioned(msg); found {
		return w.Text, w.Text, true
	}
	w, near := m.e.words.Suggest(msg.tokens[0].folded)
	if !near || w.Service == nil && len(msg.tokens) > 1 {
		return "", "", false
	}
	rest := msg.from(1)
	text = strings.TrimSpace(w.Text + " " + rest.rest())
	if len(text) > maxGuess {
		text = w.Text
	}
	return text, w.Text, true
}

// mentioned finds the one service that a message names.
func (m *move) mentioned(msg *said) (found catalogue.Word, ok bool) {
	for i := range msg.tokens {
		w, known := m.e.words.Word(msg.tokens[i].folded)
		switch {
		case !known || w.Service == nil:
		case ok && (found.Service != w.Service || found.Step != w.Step):
			return catalogue.Word{}, false
		default:
			found, ok = w, true
		}
	}
	return found, ok
}

// menu shows a page of the main menu and leaves whatever was under way.
func (m *move) menu(page int) {
	m.leave()
	m.clearOffers()
	entries := m.entries()
	size := m.e.words.MenuPage(m.medium)
	if all(m.medium) {
		size = len(entries)
	}
	if page*size >= len(entries) {
		page = 0
	}
	m.s.Dialogue.Step, m.s.Dialogue.Page = stepMenu, page
	m.sayOwn("menu")
	m.out.Reply.More = len(entries) > size
	for _, e := range entries[page*size : min(len(entries), (page+1)*size)] {
		m.offer(e.do, e.label.Service, e.label)
	}
	m.out.Reply.Expect = string(catalogue.InputChoice)
}
