package mobileapi

import (
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// serviceList is all that an app needs to draw every form: what a new service
// folder brings is here without a release of the app.
type serviceList struct {
	Lang     i18n.Lang     `json:"lang"`
	Services []serviceJSON `json:"services"`
}

type serviceJSON struct {
	ID      string                 `json:"id"`
	Version string                 `json:"version"`
	Title   string                 `json:"title"`
	About   string                 `json:"about"`
	Access  ledgerclient.Assurance `json:"access"`
	Steps   []stepJSON             `json:"steps"`
}

// stepJSON is one step: an input, a call, or both.
type stepJSON struct {
	ID     string     `json:"id"`
	Prompt string     `json:"prompt,omitempty"` // with slots in braces
	Input  *inputJSON `json:"input,omitempty"`
	Next   string     `json:"next,omitempty"` // step behind the input, where there is no call
	Call   string     `json:"call,omitempty"` // query or transaction
	// Confirm is what she says yes to before the transaction, with slots in
	// braces.
	Confirm string `json:"confirm,omitempty"`
	// UndoSeconds is for how long the transaction can be taken back.
	UndoSeconds int64 `json:"undo_seconds,omitempty"`
	// Then are the steps that an answer may lead to, such as the choice from a
	// list.
	Then []string `json:"then,omitempty"`
}

// inputJSON is what is asked for, and what it must keep to.
type inputJSON struct {
	Name      string       `json:"name,omitempty"` // in inputs of a request
	Type      string       `json:"type"`
	MinLength int          `json:"min_length,omitempty"`
	MaxLength int          `json:"max_length,omitempty"`
	Min       string       `json:"min,omitempty"`
	Max       string       `json:"max,omitempty"`
	Decimals  int          `json:"decimals,omitempty"`
	When      string       `json:"when,omitempty"`    // past or future
	Check     string       `json:"check,omitempty"`   // rule of the check digit
	Pattern   string       `json:"pattern,omitempty"` // A is a letter, 9 a digit
	Options   []optionJSON `json:"options,omitempty"`
}

type optionJSON struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Next  string `json:"next,omitempty"` // step that it leads to
}

// drawServices makes the list in each language.
func drawServices(c *catalogue.Catalogue) (map[i18n.Lang]*document, error) {
	all := make(map[i18n.Lang]*document, len(i18n.Langs()))
	for _, lang := range i18n.Langs() {
		list := serviceList{Lang: lang, Services: []serviceJSON{}}
		for _, s := range c.Services() {
			list.Services = append(list.Services, drawService(s, lang))
		}
		body, err := json.Marshal(list)
		if err != nil {
			return nil, fmt.Errorf("write the services: %w", err)
		}
		d := newDocument(fiber.MIMEApplicationJSONCharsetUTF8, body)
		d.language = string(lang)
		all[lang] = d
	}
	return all, nil
}

func drawService(s *catalogue.Service, lang i18n.Lang) serviceJSON {
	out := serviceJSON{ID: s.ID, Version: s.Version, Access: s.Access, Title: source(s, "title", lang), About: source(s, "about", lang)}
	for _, st := range s.Steps {
		out.Steps = append(out.Steps, drawStep(s, st, lang))
	}
	return out
}

// source is a text of a service as the app shows it, with its slots in braces.
func source(s *catalogue.Service, key string, lang i18n.Lang) string {
	t, ok := s.Text(key)
	if !ok {
		return ""
	}
	return t.Source(lang, gateway.App)
}

func drawStep(s *catalogue.Service, st *catalogue.Step, lang i18n.Lang) stepJSON {
	out := stepJSON{ID: st.ID, Next: st.Next}
	if st.Input != nil {
		out.Prompt, out.Input = source(s, st.ID, lang), drawInput(st)
		for _, o := range st.Input.Options {
			out.Input.Options = append(out.Input.Options, optionJSON{Value: o.ID, Next: o.Next, Label: source(s, st.ID+".options."+o.ID, lang)})
		}
	}
	if st.Call == nil {
		return out
	}
	out.Call = "query"
	if st.Call.Submit {
		out.Call, out.Confirm = "transaction", source(s, st.Call.Confirm, lang)
		if st.Call.Undo != nil {
			out.UndoSeconds = int64(st.Call.Undo.Window.Seconds())
		}
	}
	for _, code := range st.Codes() {
		if next := st.Answers[code].Next; next != "" {
			out.Then = append(out.Then, next)
		}
	}
	return out
}

// drawInput is a step's input without its options.
func drawInput(st *catalogue.Step) *inputJSON {
	in := st.Input
	out := &inputJSON{Name: st.Slot(), Type: string(in.Type), When: in.When, Check: in.Check, Pattern: in.Pattern}
	switch in.Type {
	case catalogue.InputNumber, catalogue.InputMoney:
		out.Min, out.Max, out.Decimals = in.Min, in.Max, in.Decimals
	case catalogue.InputChoice, catalogue.InputItem:
	default:
		out.MinLength, out.MaxLength = in.MinLength, in.MaxLength
	}
	return out
}

// listServices is GET /v1/services.
func (a *API) listServices(r *request) error { return a.send(r, a.services[r.lang]) }
