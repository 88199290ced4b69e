package dialogue

import (
	"maps"
	"strconv"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// act makes the step's call: a query waits for its answer, a transaction ends
// the dialogue.
func (m *move) act() {
	st, s := m.step(), m.service()
	if st == nil || st.Call == nil || !m.filled(st) {
		m.menu(0)
		return
	}
	m.clearOffers()
	ask := m.callOf(s, st)
	if !st.Call.Submit {
		m.out.Query = ask
		return
	}
	m.leave()
	m.out.Submit = ask
	m.say(gateway.Part{Text: "received"})
	m.s.Undo = nil
	if undo := st.Call.Undo; undo != nil {
		m.s.Undo = undoOf(ask, undo, m.now)
		ask.Undo = &gateway.UndoOffer{Call: m.s.Undo.Ask.Call, Window: undo.Window, Until: m.s.Undo.Until}
		m.say(undoLine(undo.Window))
	}
}

// undoLine says for how long CANCEL helps.
func undoLine(left time.Duration) gateway.Part {
	return gateway.Part{Text: "undo-line", Values: map[string]i18n.Value{"minutes": numberValue(int(left.Round(time.Minute).Minutes()))}}
}

// callOf is the step's call with all that is needed to say its answer later.
func (m *move) callOf(s *catalogue.Service, st *catalogue.Step) *gateway.Ask {
	args := make(map[string]string, len(st.Call.Args))
	for _, a := range st.Call.Args {
		args[a.Name] = a.Fixed
		if a.Slot != "" {
			args[a.Name] = m.s.Dialogue.Slots[a.Slot].Reveal()
		}
	}
	return &gateway.Ask{
		Call:    ledgerclient.Call{Contract: st.Call.Contract, Function: st.Call.Function, Args: args},
		Service: s.ID, Version: s.Version, Department: s.Department, Step: st.ID,
		Format: format(&m.s), Medium: m.medium, Slots: m.answerSlots(s, st), Private: st.Call.Private,
	}
}

// answerSlots are the slots that the texts of the call's answers use. Private
// ones are not among them: no text may use those.
func (m *move) answerSlots(s *catalogue.Service, st *catalogue.Step) map[string]i18n.Value {
	var vals map[string]i18n.Value
	for _, a := range st.Answers {
		t, ok := s.Text(a.Say)
		if !ok {
			continue
		}
		for _, name := range t.Names() {
			if _, _, isSlot := s.Slot(name); !isSlot {
				continue
			}
			if vals == nil {
				vals = make(map[string]i18n.Value, 2)
			}
			slotValue(vals, s, name, m.s.Dialogue.Slots)
		}
	}
	return vals
}

// undoOf is how CANCEL takes back what ask does.
func undoOf(ask *gateway.Ask, undo *catalogue.Undo, now time.Time) *gateway.Undo {
	return &gateway.Undo{
		Ask: gateway.Ask{
			Call:    ledgerclient.Call{Contract: ask.Call.Contract, Function: undo.Function},
			Service: ask.Service, Version: ask.Version, Department: ask.Department,
			Step: catalogue.UndoStep, Format: ask.Format, Medium: ask.Medium, Consent: ask.Consent,
		},
		Until: now.Add(undo.Window),
	}
}

// Resume takes the answer to Outcome.Query; s is the session of that outcome.
func (e *Engine) Resume(s gateway.Session, ask gateway.Ask, a ledgerclient.Answer, now time.Time) gateway.Outcome {
	m := e.begin(s, ask.Medium, now)
	st := m.step()
	if st == nil || s.Dialogue.Service != ask.Service || s.Dialogue.Step != ask.Step {
		return gateway.Outcome{Session: s, Reply: e.Settle(ask, a, "")}
	}
	answer, known := st.Answers[a.Code]
	if !known {
		m.leave()
		m.sayOwn("unexpected")
		return m.done()
	}
	svc := m.service()
	if answer.Say != "" {
		m.say(e.answerPart(svc, answer.Say, ask, a, ""))
	}
	switch {
	case answer.Next != "":
		m.follow(answer.Next, a.Items)
	case answer.Retry != "":
		m.retry(answer.Retry)
	default:
		m.leave()
	}
	return m.done()
}

// follow goes on from an answer to the next step.
func (m *move) follow(next string, items []map[string]string) {
	svc := m.service()
	st, ok := svc.Step(next)
	if !ok {
		m.leave()
		return
	}
	if st.Input != nil && st.Input.Type == catalogue.InputItem {
		if len(items) == 0 {
			m.leave()
			m.sayOwn("none")
			return
		}
		kept, all := m.keepItems(svc, items)
		m.s.Dialogue.Items = kept
		if !all {
			m.say(listCut(len(kept)))
		}
	}
	m.goTo(next)
	m.run(said{}, false)
}

// listCut says how many rows of a longer list are there.
func listCut(rows int) gateway.Part {
	return gateway.Part{Text: "list-cut", Values: map[string]i18n.Value{"count": numberValue(rows)}}
}

// retry asks a step again after the ledger did not know what was given.
func (m *move) retry(step string) {
	d := &m.s.Dialogue
	tries := d.Tries + 1
	if tries >= m.e.o.MaxTries {
		m.leave()
		m.sayOwn("give-up")
		return
	}
	m.goTo(step)
	m.s.Dialogue.Tries = tries
	m.run(said{}, false)
}

// maxItems bounds the rows that are kept of a list, in octets.
const maxItems = 5 << 10

// keepItems takes the fields that texts may show, in all languages if there is
// room and otherwise in the reader's. all is false if rows had to be left out.
func (m *move) keepItems(s *catalogue.Service, items []map[string]string) (kept []map[string]string, all bool) {
	suffixes := []string{"", ".bn", ".hi", ".en"}
	kept, size := selectItems(s, items, suffixes)
	if size > maxItems {
		own := "." + string(format(&m.s).Lang)
		kept, size = selectItems(s, items, []string{"", own})
	}
	all = true
	for size > maxItems && len(kept) > 1 {
		size -= itemSize(kept[len(kept)-1])
		kept, all = kept[:len(kept)-1], false
	}
	return kept, all
}

func selectItems(s *catalogue.Service, items []map[string]string, suffixes []string) (kept []map[string]string, size int) {
	for _, item := range items {
		row := map[string]string{"id": item["id"]}
		for field := range s.Fields {
			for _, suffix := range suffixes {
				if v, ok := item[field+suffix]; ok {
					row[field+suffix] = v
				}
			}
		}
		kept = append(kept, row)
		size += itemSize(row)
	}
	return kept, size
}

func itemSize(row map[string]string) int {
	n := 0
	for k, v := range row {
		n += len(k) + len(v) + 6 // quotes, colon and comma of JSON
	}
	return n
}

// Settle puts an answer into words that comes after the dialogue has moved on:
// of a transaction always, of a query when the ledger was slow. r is the
// transaction's receipt, or empty.
func (e *Engine) Settle(ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Reply {
	reply := gateway.Reply{Format: ask.Format, End: true}
	if ask.Step == catalogue.UndoStep {
		reply.Parts = []gateway.Part{undoPart(ask, a, r)}
		return reply
	}
	svc, st := e.find(ask)
	if st == nil {
		reply.Parts = []gateway.Part{settledUnknown(r, "recorded", "unexpected")}
		return reply
	}
	answer, known := st.Answers[a.Code]
	if !known || answer.Say == "" {
		reply.Parts = []gateway.Part{settledUnknown(r, "refused-later", "unexpected")}
		return reply
	}
	reply.Parts = append(reply.Parts, e.answerPart(svc, answer.Say, ask, a, r))
	if t, ok := svc.Text(answer.Say); ok && r != "" && !t.Uses("receipt") {
		reply.Parts = append(reply.Parts, ownReceipt("receipt-line", r))
	}
	if left := undoLeft(ask, a); answer.Undoable && left >= time.Minute {
		reply.Parts = append(reply.Parts, undoLine(left))
	}
	if answer.Retry != "" {
		vals := make(map[string]i18n.Value, 3)
		for _, lang := range i18n.Langs() {
			vals["keyword."+string(lang)] = i18n.Value{Raw: svc.Keyword(lang)}
		}
		reply.Parts = append(reply.Parts, gateway.Part{Text: "write-again", Values: vals})
	}
	return reply
}

// undoLeft is for how long a transaction that is recorded now can be taken back.
func undoLeft(ask gateway.Ask, a ledgerclient.Answer) time.Duration {
	switch {
	case ask.Undo == nil:
		return 0
	case a.AsOf.Time.IsZero():
		return ask.Undo.Window
	}
	return min(ask.Undo.Until.Sub(a.AsOf.Time), ask.Undo.Window)
}

// find is the step that an ask was made at.
func (e *Engine) find(ask gateway.Ask) (*catalogue.Service, *catalogue.Step) {
	svc, ok := e.words.Service(ask.Service)
	if !ok {
		return nil, nil
	}
	st, ok := svc.Step(ask.Step)
	if !ok {
		return svc, nil
	}
	return svc, st
}

func ownReceipt(key string, r ledgerclient.Receipt) gateway.Part {
	return gateway.Part{Text: key, Values: map[string]i18n.Value{"receipt": receiptValue(r)}}
}

// settledUnknown says what can be said of an answer that no text is known for.
func settledUnknown(r ledgerclient.Receipt, transaction, query string) gateway.Part {
	if r == "" {
		return gateway.Part{Text: query}
	}
	return ownReceipt(transaction, r)
}

// undoPart says what became of a CANCEL.
func undoPart(ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Part {
	var key string
	switch a.Code {
	case "undone":
		key = "undone"
	case "late":
		key = "undo-late"
	case "missing":
		key = "undo-missing"
	default:
		return ownReceipt("refused-later", r)
	}
	vals := maps.Clone(ask.Slots)
	if vals == nil {
		vals = make(map[string]i18n.Value, 1)
	}
	vals["receipt"] = receiptValue(r)
	return gateway.Part{Text: key, Values: vals}
}

// answerPart is a text with the fields of an answer.
func (e *Engine) answerPart(s *catalogue.Service, key string, ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Part {
	p := gateway.Part{Service: s.ID, Text: key}
	t, ok := s.Text(key)
	if !ok || len(t.Names()) == 0 {
		return p
	}
	p.Values = make(map[string]i18n.Value, len(t.Names()))
	for _, name := range t.Names() {
		switch name {
		case "receipt":
			p.Values[name] = receiptValue(r)
		case "block":
			p.Values[name] = i18n.Value{Kind: i18n.Number, Raw: strconv.FormatUint(a.AsOf.Block, 10)}
		case "as_of":
			p.Values[name] = i18n.Value{Kind: i18n.Time, Raw: a.AsOf.Time.UTC().Format(time.RFC3339)}
		default:
			if !fieldValue(p.Values, s, name, a.Fields) {
				addSlots(p.Values, ask.Slots, name)
			}
		}
	}
	return p
}

// addSlots copies a slot that an ask has kept, in each of its forms.
func addSlots(vals, slots map[string]i18n.Value, name string) {
	for _, suffix := range [...]string{"", ".bn", ".hi", ".en"} {
		if v, ok := slots[name+suffix]; ok {
			vals[name+suffix] = v
		}
	}
}

// Standing takes the answer to Outcome.Lookup; s is the session of that outcome.
func (e *Engine) Standing(s gateway.Session, st gateway.Standing, now time.Time) gateway.Outcome {
	m := e.begin(s, "", now)
	vals := map[string]i18n.Value{"receipt": receiptValue(st.Receipt)}
	if svc, ok := e.words.Service(st.Service); ok {
		svc.Titles(vals, "service")
	} else {
		vals["service"] = i18n.Value{Raw: st.Service}
	}
	key := standingText(st.State)
	if key == "receipt-recorded" {
		vals["at"] = i18n.Value{Kind: i18n.Time, Raw: st.At.UTC().Format(time.RFC3339)}
		vals["block"] = i18n.Value{Kind: i18n.Number, Raw: strconv.FormatUint(st.Block, 10)}
	}
	m.say(gateway.Part{Text: key, Values: vals})
	return m.done()
}

func standingText(s gateway.State) string {
	switch s {
	case gateway.Queued, gateway.Endorsed, gateway.Submitted, gateway.Unknown:
		return "receipt-waiting"
	case gateway.Parked:
		return "receipt-held"
	case gateway.Recorded, gateway.Sent, gateway.Delivered:
		return "receipt-recorded"
	case gateway.Rejected, gateway.Expired, gateway.Dead, gateway.Superseded:
		return "receipt-refused"
	case gateway.Withdrawn:
		return "receipt-withdrawn"
	}
	return "receipt-missing"
}
