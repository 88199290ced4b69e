package dialogue

import (
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// repeatOf says when the transaction of a step is one that was asked for before.
func repeatOf(st *catalogue.Step, anew bool) gateway.Repeat {
	if st.Call.Repeat == 0 {
		return gateway.Repeat{}
	}
	return gateway.Repeat{Within: st.Call.Repeat, Done: st.Done(), Wanted: anew}
}

// Repeated takes an outcome whose transaction the citizen had asked for before:
// she is told again what came of that, and asked whether she wants it once more.
// st is where the first one stands.
//
// Her first option, like both YES and NO, leaves it as it is: who is not sure
// whether her yes arrived sends that twice too, and must not buy a second lot by
// it.
func (e *Engine) Repeated(out gateway.Outcome, st gateway.Standing, now time.Time) gateway.Outcome {
	m := e.begin(*out.Asked, out.Submit.Medium, now)
	m.s.Updated = out.Session.Updated
	m.clearOffers()
	m.note(gateway.MeterRefused, gateway.RefusedRepeat)
	m.say(e.repeatedPart(st))
	m.offer(doKeep, string(st.Receipt), gateway.Part{Text: "repeat-keep"})
	m.offer(doAnew, "", gateway.Part{Text: "repeat-anew"})
	m.out.Reply.Expect = string(catalogue.InputChoice)
	if m.medium == gateway.App {
		m.out.Reply.Result = &gateway.Result{Receipt: st.Receipt, Code: st.Code, Pending: !st.State.Final(), Repeated: true}
	}
	return m.done()
}

// repeatedPart says that a transaction was asked for before, and where it stands.
func (e *Engine) repeatedPart(st gateway.Standing) gateway.Part {
	p := ownReceipt("repeat-waiting", st.Receipt)
	if s, ok := e.words.Service(st.Service); ok {
		s.Titles(p.Values, "service")
	}
	switch {
	case st.State == gateway.Parked:
		p.Text = "repeat-held"
	case st.State.Final():
		p.Text = "repeat-recorded"
		p.Values["at"] = i18n.Value{Kind: i18n.Time, Raw: st.At.UTC().Format(time.RFC3339)}
	}
	return p
}
