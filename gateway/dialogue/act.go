package dialogue

import (
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
	if m.s.Citizen.Guest() { // nothing is signed for nobody
		m.leave()
		m.sayOwn("log-in")
		m.out.Reply.Result = &gateway.Result{Needs: ledgerclient.Number}
		return
	}
	asked := m.s
	m.leave()
	m.out.Submit, m.out.Asked, m.out.Repeat = ask, &asked, repeatOf(st, m.anew)
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
		Assurance: m.assurance(), Silent: guarded(s) && !st.Call.Submit,
	}
}

// assurance is how sure it is who asks; empty means by her number.
func (m *move) assurance() ledgerclient.Assurance {
	switch {
	case m.live() && m.s.Live.Device:
		return ledgerclient.Device
	case m.proved():
		return ledgerclient.PIN
	case m.s.Citizen.Guest():
		return ledgerclient.Open
	}
	return ""
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
	m.out.Reply.Result = resultOf(ask, a, "")
	answer, known := st.Answers[a.Code]
	if !known {
		m.leave()
		m.sayOwn("unexpected")
		return m.done().In(langOf(ask))
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
	return m.done().In(langOf(ask))
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
