package dialogue

import (
	"slices"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/packed"
)

// bySMS has a question that the keys of a telephone cannot answer asked by SMS, too:
// her answer there goes on in the same dialogue. was is what she heard before, and
// from the session as it was then.
func (e *Engine) bySMS(out *gateway.Outcome, from *gateway.Session, was gateway.Packed) {
	if out.Reply.End || !written(out.Reply.Expect) {
		return
	}
	s, ok := e.words.Service(out.Session.Dialogue.Service)
	if !ok || guarded(s) {
		return
	}
	message := out.Reply
	said := gateway.Part{Text: gateway.PartBySMS}
	out.Reply.Parts = append(slices.Clip(out.Reply.Parts), said)
	shown, again := packed.Reply(was)
	again = again && from.Live.Session == out.Session.Live.Session &&
		from.Dialogue.Service == out.Session.Dialogue.Service && from.Dialogue.Step == out.Session.Dialogue.Step &&
		slices.ContainsFunc(shown.Parts, func(p gateway.Part) bool { return p.Service == "" && p.Text == gateway.PartBySMS })
	if !again {
		out.Message = &message
	}
}

// written says that an input is of letters.
func written(expect string) bool {
	switch catalogue.InputType(expect) {
	case catalogue.InputText, catalogue.InputHash, catalogue.InputHost, catalogue.InputCode:
		return true
	}
	return false
}
