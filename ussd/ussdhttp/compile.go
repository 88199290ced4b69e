package ussdhttp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"setu/gateway"
	"setu/ussd"
)

// body is an answer, compiled.
type body struct {
	contentType string
	text        template
	headers     []header
	status      int
}

// header is one header of an answer.
type header struct {
	name string
	text template
}

// choice is a word of the file and what it stands for.
type choice[T any] struct {
	word string
	is   T
}

// choose finds a word; "" is the first.
func choose[T any](wrong *faults, at, word string, list ...choice[T]) T {
	if word == "" {
		return list[0].is
	}
	words := make([]string, len(list))
	for i, c := range list {
		if c.word == word {
			return c.is
		}
		words[i] = c.word
	}
	wrong.add(at, "%q is none of %s", word, strings.Join(words, ", "))
	return list[0].is
}

// The references of an answer and of a request.
func replyRefs() []ref {
	return []ref{refText, refMark, refSession, refNumber, refCode, refTime, refPage, refOctets, refEnd, refMask, refSecret, refStatus, refReason}
}

func requestRefs() []ref {
	return []ref{refText, refSession, refNumber, refCode, refSequence, refTime, refEvent}
}

// compile turns a file into a dialect and says what is wrong with it.
func compile(f file) (*Dialect, faults) {
	d := &Dialect{
		Title: f.Title, Limit: ussd.Limit{Septets: f.Limits.Septets, Units: f.Limits.Units},
		methods: f.Request.Methods, more: f.Reply.Marks.More, end: f.Reply.Marks.End,
	}
	var wrong faults
	if f.Title == "" {
		wrong.add("$", "a title is needed: whose gateway this is")
	}
	if n := f.Limits.Septets; n != 0 && (n < 40 || n > ussd.MaxSeptets) {
		wrong.add("$.limits.septets", "a screen has 40 to %d septets", ussd.MaxSeptets)
	}
	if n := f.Limits.Units; n != 0 && (n < 40 || n > ussd.MaxUnits) {
		wrong.add("$.limits.units", "a screen has 40 to %d units", ussd.MaxUnits)
	}
	d.compileRequest(f.Request, &wrong)
	d.compileEvents(f.Request.Events, &wrong)
	d.compileReply(f, &wrong)
	d.compileSend(f.Request, &wrong)
	if len(wrong) == 0 {
		d.agree(&wrong)
	}
	return d, wrong
}

func (d *Dialect) compileRequest(r fileRequest, wrong *faults) {
	if len(d.methods) == 0 {
		d.methods = []string{"POST"}
	}
	for i, m := range d.methods {
		if !slices.Contains([]string{"GET", "POST", "PUT"}, m) {
			wrong.add(fmt.Sprintf("$.request.methods[%d]", i), "%q is none of GET, POST, PUT", m)
		}
	}
	d.in = choose(wrong, "$.request.fields", r.Fields, choice[fieldIn]{"form", inForm}, choice[fieldIn]{"query", inQuery}, choice[fieldIn]{"json", inBody})
	d.cumulative = choose(wrong, "$.request.inputs", r.Inputs, choice[bool]{"last", false}, choice[bool]{"all", true})
	d.dialled = choose(wrong, "$.request.dialled", r.Dialled, choice[dialled]{"none", dialledNone},
		choice[dialled]{"rest", dialledRest}, choice[dialled]{"bare", dialledBare}, choice[dialled]{"string", dialledString})
	d.numberForm = choose(wrong, "$.request.forms.number", r.Forms.Number, choice[form]{"bare", formBare},
		choice[form]{"plus", formPlus}, choice[form]{"tel", formTel}, choice[form]{"tel-plus", formTelPlus})
	d.codeForm = choose(wrong, "$.request.forms.code", r.Forms.Code, choice[form]{"bare", formBare},
		choice[form]{"dialled", formDialled}, choice[form]{"tel", formTel})
	d.sessionOptional = r.SessionOptional
	if r.Path != "" {
		d.path = strings.Split(r.Path, "/")
	}
	for _, one := range []struct {
		at    string
		names names
		index *int
		must  bool
	}{
		{"session", r.Session, &d.known.session, false},
		{"number", r.Number, &d.known.number, true},
		{"code", r.Code, &d.known.code, false},
		{"text", r.Text, &d.known.text, true},
		{"sequence", r.Seq, &d.known.sequence, false},
	} {
		*one.index = -1
		if len(one.names) > 0 {
			*one.index = d.addField(one.names)
		} else if one.must {
			wrong.add("$.request", "%s is needed: the name of the field", one.at)
		}
	}
}

// addField gives the index of a field, which is made if it is new.
func (d *Dialect) addField(list names) int {
	for i, f := range d.fields {
		if slices.Contains(f.names, list[0]) {
			return i
		}
	}
	f := field{names: list}
	if h, ok := strings.CutPrefix(list[0], "header:"); ok {
		f.header = h
	}
	d.fields = append(d.fields, f)
	return len(d.fields) - 1
}

func (d *Dialect) compileEvents(list []fileEvent, wrong *faults) {
	for i, e := range list {
		at := fmt.Sprintf("$.request.events[%d]", i)
		if e.Path == "" && e.Field == "" && e.Text == "" && e.Contains == "" && i < len(list)-1 {
			wrong.add(at, "the rule asks for nothing, so that those below it are never reached")
		}
		r := d.compileRule(e, at, wrong)
		d.inputTold = d.inputTold || r.event == gateway.Input && !r.status
		d.rules = append(d.rules, r)
	}
	if !slices.ContainsFunc(d.rules, func(r rule) bool { return r.event == gateway.New && !r.status }) {
		wrong.add("$.request", "events need a rule for new: how the gateway says that a session is opened")
	}
}

// statusEvent stands for the event that is none, while a rule is compiled.
const statusEvent = gateway.Timeout + 1

func (d *Dialect) compileRule(e fileEvent, at string, wrong *faults) rule {
	r := rule{field: -1, path: e.Path, is: e.Is, contains: e.Contains, send: e.Send}
	r.event = choose(wrong, at+".event", cmp.Or(e.Event, "none"), choice[gateway.Event]{"new", gateway.New}, choice[gateway.Event]{"input", gateway.Input},
		choice[gateway.Event]{"abort", gateway.Abort}, choice[gateway.Event]{"timeout", gateway.Timeout}, choice[gateway.Event]{"status", statusEvent})
	if r.event == statusEvent {
		r.event, r.status = gateway.Input, true
	}
	if e.Text != "" {
		r.empty = choose(wrong, at+".text", e.Text, choice[bool]{"empty", true}, choice[bool]{"code", false})
		r.code = !r.empty
	}
	switch {
	case e.Field != "":
		r.field = d.addField(names{e.Field})
		if len(e.Is) == 0 && e.Send == nil && !r.status {
			wrong.add(at+".field", "is or send is needed: a value that the field may have")
		}
	case len(e.Is) > 0:
		wrong.add(at+".is", "field is needed: whose value it is")
	}
	return r
}

func (d *Dialect) compileReply(f file, wrong *faults) {
	c := compiler{allowed: replyRefs(), field: func(name string) (int, error) { return d.addField(names{name}), nil }}
	d.screen = c.body("$.reply", f.Reply.Shape, wrong)
	d.done = c.body("$.reply.done", f.Reply.Done, wrong)
	d.refusal = c.body("$.refusal", f.Refusal.Shape, wrong)
	d.refusal.status = f.Refusal.Status
	if f.Push != nil {
		d.push = c.body("$.push", *f.Push, wrong)
	}
	if len(d.fields) > maxFields {
		wrong.add("$.request", "%d fields are named, and at most %d may be", len(d.fields), maxFields)
	}
	if s := f.Refusal.Status; s != 0 && (s < 200 || s > 599) {
		wrong.add("$.refusal.status", "%d is no HTTP status", s)
	}
	if len(d.refusal.text) == 0 {
		d.refusal.contentType = "text/plain; charset=utf-8"
		d.refusal.text = template{{ref: refReason}}
	}
	d.answer = d.shape(f, wrong)
}

// body compiles an answer.
func (c compiler) body(at string, b fileBody, wrong *faults) body {
	out := body{contentType: b.Type}
	var err error
	switch {
	case b.Body != nil && b.JSON != nil:
		wrong.add(at+".body", "an answer has a body or json, not both")
	case b.Body != nil:
		if out.text, err = c.text(*b.Body, inText); err != nil {
			wrong.add(at+".body", "%w", err)
		}
		if out.contentType == "" {
			out.contentType = "text/plain; charset=utf-8"
		}
	case b.JSON != nil:
		if out.text, err = c.json(nil, b.JSON); err != nil {
			wrong.add(at+".json", "%w", err)
		}
		if out.contentType == "" {
			out.contentType = "application/json"
		}
	}
	for _, name := range sortedKeys(b.Headers) {
		text, err := c.text(b.Headers[name], inHeader)
		if err != nil {
			wrong.add(at+".headers."+name, "%w", err)
		}
		out.headers = append(out.headers, header{name: name, text: text})
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
