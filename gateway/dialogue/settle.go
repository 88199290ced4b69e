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

// Settle puts an answer into words that comes after the dialogue has moved on:
// of a transaction always, of a query when the ledger was slow. r is the
// transaction's receipt, or empty.
func (e *Engine) Settle(ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Reply {
	reply := gateway.Reply{Format: ask.Format, End: true, Result: resultOf(ask, a, r)}
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
	case gateway.CodeUndone:
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
	key := standingText(st)
	if key == "receipt-recorded" {
		vals["at"] = i18n.Value{Kind: i18n.Time, Raw: st.At.UTC().Format(time.RFC3339)}
		vals["block"] = i18n.Value{Kind: i18n.Number, Raw: strconv.FormatUint(st.Block, 10)}
	}
	m.say(gateway.Part{Text: key, Values: vals})
	return m.done()
}

func standingText(st gateway.Standing) string {
	if st.Undone {
		return "receipt-withdrawn"
	}
	switch st.State {
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
