package mobileapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// States of an answer.
const (
	stateAsking   = "asking"   // an input is waited for
	stateAnswered = "answered" // the dialogue has ended with what is said
	stateRecorded = "recorded" // a transaction is on the ledger: what was asked is done
	stateRefused  = "refused"  // the contract refused a transaction: nothing is on the ledger
	stateReceived = "received" // a transaction is kept and will be recorded
	stateLater    = "later"    // the answer to a question follows in the changes
)

// answerJSON is what the citizen is told, and what is expected of her.
type answerJSON struct {
	State   string       `json:"state"`
	Session string       `json:"session,omitempty"`
	Prompt  string       `json:"prompt"`
	Options []optionJSON `json:"options,omitempty"`
	Input   *inputJSON   `json:"input,omitempty"`
	Back    bool         `json:"back,omitempty"`
	End     bool         `json:"end"`
	*resultJSON
}

// resultJSON is what the ledger said.
type resultJSON struct {
	Code      string            `json:"code,omitempty"`
	Receipt   string            `json:"receipt,omitempty"`
	Repeated  bool              `json:"repeated,omitempty"`
	Operation string            `json:"operation,omitempty"`
	Values    map[string]string `json:"values,omitempty"`
	AsOf      *asOfJSON         `json:"as_of,omitempty"`
}

// asOfJSON is the state of the ledger that an answer was read at.
type asOfJSON struct {
	Block uint64    `json:"block"`
	Time  time.Time `json:"time"`
}

// Texts that are told as problems.
const (
	textNoDialogue = "no-dialogue"
	textNoAnswer   = "late-expired"
)

// answer answers with a reply of the dialogue.
func (a *API) answer(r *request, session string, reply gateway.Reply) error {
	if p := asProblem(reply); p != nil {
		return p
	}
	out := a.draw(reply)
	if !reply.End {
		out.Session = session
	}
	status := fiber.StatusOK
	switch out.State {
	case stateRecorded, stateRefused:
		status = fiber.StatusCreated
		r.Set(fiber.HeaderLocation, out.Operation)
	case stateReceived:
		status = fiber.StatusAccepted
		r.Set(fiber.HeaderLocation, out.Operation)
	case stateLater:
		status = fiber.StatusAccepted
	}
	return writeJSON(r, status, out)
}

// asProblem is the problem that a reply is about; nil is none.
func asProblem(reply gateway.Reply) *Problem {
	if reply.Result != nil && reply.Result.Needs != "" {
		return problem(logIn, "POST /v1/otp and then /v1/devices bind a key to a number; sign the request with it")
	}
	if len(reply.Parts) == 0 || reply.Parts[0].Service != "" {
		return nil
	}
	switch reply.Parts[0].Text {
	case textNoDialogue:
		return problem(noDialogue, "the session has ended, or another one of the same citizen has begun: begin again")
	case textNoAnswer:
		return problem(noAnswer, "the ledger did not answer in time: ask again")
	}
	return nil
}

// draw puts a reply into words and what a program needs.
func (a *API) draw(reply gateway.Reply) answerJSON {
	words := a.cfg.Words
	parts, _ := words.Lines(gateway.Reply{Format: reply.Format, Parts: reply.Parts}, gateway.App)
	out := answerJSON{State: stateAsking, Prompt: strings.Join(parts, "\n"), Back: reply.Back, End: reply.End}
	for _, o := range reply.Options {
		label := words.Render(gateway.Reply{Format: reply.Format, Parts: []gateway.Part{o.Label}}, gateway.App)
		value := o.Value
		if value == "" {
			value = o.Digit
		}
		out.Options = append(out.Options, optionJSON{Value: value, Label: label})
	}
	if !reply.End {
		out.Input = a.asked(reply)
		if reply.Result != nil && reply.Result.Repeated {
			_, out.resultJSON = result(reply)
		}
		return out
	}
	out.State = stateAnswered
	if reply.Result != nil {
		out.State, out.resultJSON = result(reply)
	}
	return out
}

// asked is the input that a reply asks for.
func (a *API) asked(reply gateway.Reply) *inputJSON {
	switch st := a.cfg.Words.AskedStep(reply); {
	case st != nil:
		return drawInput(st)
	case reply.Expect == "":
		return nil
	case confirms(reply):
		return &inputJSON{Type: "confirm"}
	}
	return &inputJSON{Type: reply.Expect}
}

// confirms says that a reply asks for the yes to a transaction.
func confirms(reply gateway.Reply) bool {
	n := len(reply.Parts)
	return n > 0 && reply.Parts[n-1].Service != "" && len(reply.Options) == 2 && reply.Options[0].Label.Service == "" &&
		reply.Expect == string(catalogue.InputChoice)
}

// result is what the ledger said, and the state that it makes.
func result(reply gateway.Reply) (state string, out *resultJSON) {
	r := reply.Result
	out = &resultJSON{Code: r.Code, Receipt: string(r.Receipt), Repeated: r.Repeated, Values: values(reply)}
	if !r.At.IsZero() && r.Code != "" {
		out.AsOf = &asOfJSON{Block: r.Block, Time: r.At.UTC()}
	}
	if r.Receipt != "" {
		out.Operation = Base + "/operations/" + string(r.Receipt)
	}
	switch {
	case r.Pending && r.Receipt != "":
		return stateReceived, out
	case r.Pending:
		return stateLater, out
	case r.Refused:
		return stateRefused, out
	case r.Receipt != "":
		return stateRecorded, out
	}
	return stateAnswered, out
}

// values are those of the service's texts in canonical form: amounts in rupees,
// dates as 2006-01-02. What differs by language is in the reply's.
func values(reply gateway.Reply) map[string]string {
	var out map[string]string
	own := "." + string(reply.Format.Lang)
	for _, p := range reply.Parts {
		if p.Service == "" {
			continue
		}
		for name, v := range p.Values {
			base, own := strings.CutSuffix(name, own)
			if !own && strings.Contains(name, ".") || v.Kind == i18n.Receipt {
				continue
			}
			if out == nil {
				out = make(map[string]string, len(p.Values))
			}
			out[base] = v.Raw
		}
	}
	return out
}

// writeJSON answers with JSON that is nobody else's to keep.
func writeJSON(r *request, status int, v any) error {
	octets, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	r.Set(fiber.HeaderCacheControl, "no-store")
	r.Set(fiber.HeaderContentLanguage, string(r.lang))
	r.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return r.Status(status).Send(octets)
}
