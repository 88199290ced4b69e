package dialogue

import (
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/ledgerclient"
)

// maxPolite is how many tokens a message may have that begins with a word of
// the engine and is still taken for it: "menu please", "বন্ধ করে দিন".
const maxPolite = 3

// command takes a message that is a word of the engine, or one of its digits.
func (m *move) command(msg *said, word catalogue.Word, used int) bool {
	cmd := word.Command
	if msg.text == "?" {
		cmd, used = catalogue.Help, 0
	}
	if cmd == "" && msg.number() {
		cmd, used = m.digitCommand(msg.tokens[0].folded), 1
	}
	if cmd == "" || cmd == catalogue.Yes || cmd == catalogue.No {
		return false
	}
	rest := msg.from(used)
	if len(rest.tokens) > 0 && !m.takesRest(cmd, msg, rest) {
		return false
	}
	if m.stale && (cmd == catalogue.Back || cmd == catalogue.More || cmd == catalogue.Repeat) {
		m.askResume()
		return true
	}
	m.obey(cmd, rest)
	return true
}

// digitCommand is the command that a digit stands for on this screen: 0 and 00
// everywhere, 8 and 9 where no number is asked for.
func (m *move) digitCommand(folded string) catalogue.Command {
	switch folded {
	case "0":
		return catalogue.Back
	case "00":
		return catalogue.Menu
	}
	if m.inService() && len(m.s.Dialogue.Offers) == 0 {
		return ""
	}
	switch {
	case folded == "9" && m.open():
		return catalogue.More
	case folded == "8" && (m.open() || m.s.Dialogue.Last != ""):
		return catalogue.Repeat
	}
	return ""
}

// takesRest says that a word of the engine means itself although more follows.
func (m *move) takesRest(cmd catalogue.Command, msg *said, rest said) bool {
	if st := m.step(); st != nil && st.Input != nil && !m.filled(st) {
		if st.Input.Type == catalogue.InputText {
			return false
		}
		if _, option := st.Input.Word(msg.phrase(len(msg.tokens))); option {
			return false
		}
	}
	switch cmd {
	case catalogue.Help:
		if w, _ := m.e.word(&rest); w.Service != nil {
			return true
		}
	case catalogue.Language:
		if _, err := i18n.ParseLang(rest.rest()); err == nil {
			return true
		}
	case catalogue.Receipt:
		return true
	}
	return len(msg.tokens) <= maxPolite
}

func (m *move) obey(cmd catalogue.Command, rest said) {
	switch cmd {
	case catalogue.Menu:
		m.menu(0)
	case catalogue.Help:
		m.help(rest)
	case catalogue.Back:
		m.back()
	case catalogue.More:
		m.more()
	case catalogue.Repeat:
		m.repeat()
	case catalogue.Language:
		m.language(rest)
	case catalogue.Numerals:
		m.numerals()
	case catalogue.Stop:
		m.leave()
		m.s.Stopped = true
		m.sayOwn("stopped")
	case catalogue.Start:
		if m.s.Stopped {
			m.start()
			return
		}
		m.menu(0)
	case catalogue.PIN:
		m.choosePIN()
	case catalogue.Cancel:
		m.cancel()
	case catalogue.Receipt:
		m.receipt(rest)
	case catalogue.CallMe:
		m.callBack()
	}
}

// callBack promises a call to who wants to be called, and has not sent STOP. A dialogue under way stays:
// the call goes on with it.
func (m *move) callBack() {
	if m.s.Stopped || m.e.o.Calls == nil || !m.e.o.Calls(m.s.Citizen) {
		m.sayOwn("no-calls")
		return
	}
	m.out.CallBack = true
	m.sayOwn("will-call")
}

// start begins again after STOP.
func (m *move) start() {
	m.s.Stopped = false
	m.sayOwn("started")
	m.menu(0)
}

// help explains a service, or Setu. Within a service the question follows.
func (m *move) help(rest said) {
	if w, _ := m.e.word(&rest); w.Service != nil {
		m.say(gateway.Part{Service: w.Service.ID, Text: "about"})
		return
	}
	st := m.step()
	if st == nil || st.Input == nil || m.filled(st) {
		m.sayOwn("help")
		return
	}
	m.say(gateway.Part{Service: m.s.Dialogue.Service, Text: "about"})
	if st.Input.Type == catalogue.InputItem { // a list leaves no room for both
		return
	}
	m.ask()
}

// more shows the next page of options; after the last comes the first.
func (m *move) more() {
	d := &m.s.Dialogue
	d.Page++
	switch {
	case d.Service == "" && d.Step == stepMenu:
		m.menu(d.Page)
	case m.step() != nil:
		m.carryOn()
	default:
		m.repeat()
	}
}

// repeat says again what was said last.
func (m *move) repeat() {
	d := &m.s.Dialogue
	switch {
	case m.step() != nil && !m.waiting():
		m.carryOn()
	case d.Step == stepReceipt && d.Service == "":
		m.sayOwn("receipt-ask")
	case d.Step == stepMenu:
		m.menu(d.Page)
	case d.Last != "":
		last, _ := packed.Reply(d.Last)
		m.leave()
		m.out.Reply = last
	case m.s.Undo != nil && m.s.Undo.Receipt != "" && !m.now.After(m.s.Undo.Until):
		m.leave()
		m.out.Lookup = m.s.Undo.Receipt
	default:
		m.menu(0)
	}
}

// language sets the language, or asks which.
func (m *move) language(rest said) {
	if len(rest.tokens) > 0 {
		if lang, err := i18n.ParseLang(rest.rest()); err == nil {
			m.setLang(lang)
			return
		}
	}
	if m.dials() {
		m.speech()
		return
	}
	if !m.inService() {
		m.leave()
	}
	m.clearOffers()
	m.sayOwn("language")
	for _, lang := range i18n.Langs() {
		m.offer(doLang, string(lang), gateway.Part{Text: "language-" + string(lang)})
	}
	m.out.Reply.Expect = string(catalogue.InputChoice)
}

// setLang sets the language for good, and asks the question under way in it.
func (m *move) setLang(lang i18n.Lang) {
	m.s.Lang, m.s.LangChosen = lang, true
	m.sayOwn("language-set")
	m.goOnAfter()
}

// numerals turns the digits of the reader's own script on or off.
func (m *move) numerals() {
	m.s.Native = !m.s.Native
	if m.s.Native {
		m.sayOwn("digits-native")
	} else {
		m.sayOwn("digits-western")
	}
	m.goOnAfter()
}

// goOnAfter asks the question of a service again after a change of settings;
// other dialogues end.
func (m *move) goOnAfter() {
	m.clearOffers()
	if m.inService() && !m.waiting() {
		m.carryOn()
		return
	}
	m.leave()
}

// cancel leaves a dialogue, or takes the last transaction back.
func (m *move) cancel() {
	undo := m.s.Undo
	switch {
	case m.inService() && !m.waiting():
		m.leave()
		m.sayOwn("left")
	case undo == nil || undo.Receipt == "":
		m.leave()
		m.sayOwn("nothing-to-cancel")
	case m.now.After(undo.Until):
		m.leave()
		m.s.Undo = nil
		m.say(gateway.Part{Text: "too-late-to-cancel", Values: map[string]i18n.Value{"undone": receiptValue(undo.Receipt)}})
	case m.undoBarred(undo):
		m.leave()
		if !m.live() {
			m.sayOwn("no-pin")
			return
		}
		m.s.Dialogue.Step = stepCancel
		m.askPIN()
	default:
		m.leave()
		m.s.Undo = nil
		m.undo(undo)
	}
}

// undoBarred says that taking a transaction back wants the PIN that making it
// did.
func (m *move) undoBarred(u *gateway.Undo) bool {
	s, ok := m.e.words.Service(u.Ask.Service)
	return ok && guarded(s) && !m.proved()
}

// undo asks the ledger to take a transaction back.
func (m *move) undo(u *gateway.Undo) {
	ask := u.Ask
	ask.Step, ask.Format, ask.Medium, ask.Undo = catalogue.UndoStep, format(&m.s), m.medium, nil
	ask.Assurance = m.assurance()
	ask.Call.Args = map[string]string{"receipt": string(u.Receipt)}
	ask.Slots = map[string]i18n.Value{"undone": receiptValue(u.Receipt)}
	m.out.Submit, m.out.Undoes = &ask, u.Receipt
	m.say(gateway.Part{Text: "cancelling", Values: map[string]i18n.Value{"undone": receiptValue(u.Receipt)}})
}

func receiptValue(r ledgerclient.Receipt) i18n.Value {
	return i18n.Value{Kind: i18n.Receipt, Raw: string(r)}
}

// receipt looks a receipt up, or asks for its number.
func (m *move) receipt(rest said) {
	m.leave()
	m.s.Dialogue.Step = stepReceipt
	if len(rest.tokens) == 0 {
		m.sayOwn("receipt-ask")
		m.out.Reply.Expect = string(catalogue.InputDigits)
		return
	}
	m.checkReceipt(&rest)
}

// checkReceipt takes a message as a receipt number.
func (m *move) checkReceipt(msg *said) {
	d := &m.s.Dialogue
	if r, err := ledgerclient.ParseReceipt(msg.rest()); err == nil {
		m.leave()
		m.out.Lookup = r
		return
	}
	m.note(gateway.MeterRefused, noteReceipt)
	if d.Tries++; d.Tries >= m.e.o.MaxTries {
		m.giveUp()
		return
	}
	m.sayOwn("again-receipt")
	if d.Tries > 1 {
		m.sayOwn("hint")
	}
	m.out.Reply.Expect = string(catalogue.InputDigits)
}

// giveUp leaves a dialogue after too many wrong inputs.
func (m *move) giveUp() {
	m.sayOwn("give-up")
	m.menu(0)
}

// octetsPerLetter is more than any word has: a letter of three octets with
// three signs. What has more is no text, but an attempt to fill the store.
const octetsPerLetter = 12

// tooWide says that a text has more than n letters; signs on letters and
// invisible characters do not count.
func tooWide(text string, n int) bool {
	return len(text) > n && (len(text) > octetsPerLetter*n || letters(text) > n)
}
