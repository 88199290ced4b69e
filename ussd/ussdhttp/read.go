package ussdhttp

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"setu/gateway"
)

// The bounds of what a request may hold: a session's name of any gateway has
// under 100 octets, and all inputs of a session joined under 1,000.
const (
	maxSession = 256
	maxText    = 4 << 10
)

// Errors of a request: what its sender has to change. None of them tells what
// the request held.
var (
	errNumber  = errors.New("the number is missing or is none with its country code")
	errSession = errors.New("the session's identifier is missing or too long")
	errEvent   = errors.New("what happened is missing or not known")
	errText    = errors.New("the text is too long")
)

// reading is a request taken apart into the fields that its dialect names. It
// points into the request, and is used again for others.
type reading struct {
	values [maxFields][]byte
	there  [maxFields]bool
	// path are the last elements of the request's path, for as many as the
	// dialect names.
	path    [][]byte
	walker  walker
	dialect *Dialect
	out     []byte // the answer's body
}

// get is a field, or nil.
func (r *reading) get(i int) []byte {
	if i < 0 {
		return nil
	}
	return r.values[i]
}

// take takes a request apart. rest is its path behind the mount.
func (r *reading) take(d *Dialect, ctx *fasthttp.RequestCtx, rest []byte) error {
	r.dialect = d
	clear(r.values[:])
	clear(r.there[:])
	r.takePath(rest)
	if d.in == inBody {
		if r.walker.leaf == nil {
			r.walker.leaf = r.leaf
		}
		if err := r.walker.walk(ctx.PostBody()); err != nil && !r.bare() {
			return err
		}
	}
	args := ctx.QueryArgs()
	if d.in == inForm && !ctx.IsGet() {
		args = ctx.PostArgs()
	}
	for i := range d.fields {
		f := &d.fields[i]
		if f.header != "" {
			r.set(i, ctx.Request.Header.Peek(f.header))
			continue
		}
		if d.in != inBody {
			r.takeFirst(i, f.names, args)
		}
	}
	return nil
}

// takeFirst takes a field under the first of its names that is there.
func (r *reading) takeFirst(i int, names []string, args *fasthttp.Args) {
	for _, name := range names {
		if v := args.Peek(name); v != nil {
			r.values[i], r.there[i] = v, true
			return
		}
	}
}

// bare says that the path alone tells what happened, so that a body may be
// missing.
func (r *reading) bare() bool {
	return slices.ContainsFunc(r.dialect.rules, func(rl rule) bool {
		return (rl.status || rl.event == gateway.Abort) && rl.path != "" && r.event(rl.path)
	})
}

func (r *reading) set(i int, v []byte) {
	if len(v) > 0 {
		r.values[i], r.there[i] = v, true
	}
}

// leaf notes a leaf of the JSON body if the dialect names it. The first one of
// a name counts.
func (r *reading) leaf(path, text []byte, str bool) {
	for i := range r.dialect.fields {
		f := &r.dialect.fields[i]
		if r.there[i] || !f.named(path) {
			continue
		}
		if str {
			text = unescape(text)
		} else if string(text) == "null" {
			continue
		}
		r.values[i], r.there[i] = text, true
	}
}

func (f *field) named(path []byte) bool {
	for _, n := range f.names {
		if n == string(path) {
			return true
		}
	}
	return false
}

// takePath splits the path into as many elements, from its end, as the dialect
// names.
func (r *reading) takePath(rest []byte) {
	r.path = r.path[:0]
	for range r.dialect.path {
		rest = bytes.Trim(rest, "/")
		i := bytes.LastIndexByte(rest, '/')
		r.path = append(r.path, rest[i+1:])
		rest = rest[:max(i, 0)]
	}
	slices.Reverse(r.path)
}

// element is the path's element that stands for a reference, such as
// "{session}".
func (r *reading) element(name string) []byte {
	for i, e := range r.dialect.path {
		if e == name {
			return r.path[i]
		}
	}
	return nil
}

func (r *reading) event(name string) bool { return string(r.element("{event}")) == name }

// happened finds the rule that holds; nil is an input.
func (r *reading) happened(g *Gateway) *rule {
	for i := range r.dialect.rules {
		if rl := &r.dialect.rules[i]; r.holds(rl, g) {
			return rl
		}
	}
	return nil
}

// holds says that all that a rule names is so.
func (r *reading) holds(rl *rule, g *Gateway) bool {
	text := r.get(r.dialect.known.text)
	switch {
	case rl.path != "" && !r.event(rl.path),
		rl.field >= 0 && !rl.value(r.there[rl.field], r.values[rl.field]),
		rl.empty && len(text) > 0,
		rl.contains != "" && !strings.Contains(string(text), rl.contains):
		return false
	}
	return !rl.code || r.namesCode(g, text)
}

// value says that a field's value is one of the rule's, or that it is there
// when the rule names none.
func (rl *rule) value(there bool, v []byte) bool {
	if len(rl.is) == 0 {
		return there
	}
	for i := range rl.is {
		if there && strings.EqualFold(rl.is[i].text, string(v)) {
			return true
		}
	}
	return false
}

// namesCode says that a text is what a first request holds: a service code of
// the gateway's, and what was dialled behind it.
func (r *reading) namesCode(g *Gateway, text []byte) bool {
	dialled := readCode(text)
	for _, code := range g.ShortCodes {
		if _, ok := behind(dialled, code); ok {
			return true
		}
	}
	_, ok := behind(dialled, readCode(r.get(r.dialect.known.code)))
	return ok
}

// opensByCode says that a first request is known only by a short code in its
// text, which no other field names.
func (d *Dialect) opensByCode() bool {
	return d.known.code < 0 && !slices.ContainsFunc(d.rules, func(rl rule) bool {
		return rl.event == gateway.New && !rl.status && !rl.code
	})
}

// inbound makes of a request what happened to a citizen. status is true when
// nothing happened to her: then only the gateway is answered.
func (r *reading) inbound(g *Gateway) (in gateway.Inbound, status bool, err error) {
	d := r.dialect
	in = gateway.Inbound{Link: g.Name, Medium: gateway.USSD, Cumulative: d.cumulative}
	switch rl := r.happened(g); {
	case rl != nil:
		in.Event, status = rl.event, rl.status
	case d.inputTold:
		return in, false, errEvent
	}
	over := status || in.Event == gateway.Abort || in.Event == gateway.Timeout
	var ok bool
	if in.From, ok = readNumber(r.get(d.known.number), g.CountryCode); !ok {
		// A call that is over needs no answer that its citizen sees.
		if over {
			return in, true, nil
		}
		return in, status, errNumber
	}
	if in.Session, err = r.session(); err != nil && !over {
		return in, status, err
	}
	text := r.get(d.known.text)
	if len(text) > maxText {
		return in, status, errText
	}
	if !utf8.Valid(text) {
		in.Undecodable, text = true, nil
	}
	r.address(g, &in, text)
	if over { // what comes with it is the network's, not hers
		in.Text = ""
		return in, status, nil
	}
	in.Key = r.key(&in)
	return in, status, nil
}

// session is the provider's identifier; a dialect that gives none has "".
func (r *reading) session() (string, error) {
	id := r.get(r.dialect.known.session)
	if e := r.element("{session}"); e != nil {
		id = e
	} else if r.dialect.known.session < 0 {
		return "", nil
	}
	if len(id) == 0 && r.dialect.sessionOptional {
		return "", nil
	}
	if len(id) == 0 || len(id) > maxSession || !utf8.Valid(id) {
		return "", errSession
	}
	return string(id), nil
}

// address fills in the service code and the text, which of a first request may
// be both.
func (r *reading) address(g *Gateway, in *gateway.Inbound, text []byte) {
	d := r.dialect
	code := readCode(r.get(d.known.code))
	if in.Event == gateway.New && d.dialled != dialledRest {
		in.Text = ""
		if d.dialled != dialledNone {
			var rest string
			code, rest = g.split(readCode(text), code)
			in.Text = gateway.Private(rest)
		}
	} else {
		in.Text = gateway.Private(text)
	}
	if code == "" && len(g.ShortCodes) > 0 {
		code = g.ShortCodes[0]
	}
	in.To = gateway.Address(code)
}

// split parts what was dialled into the service code and what followed it. The
// longest of the gateway's codes that fits counts, then the code that the
// request names, then the first number.
func (g *Gateway) split(dialled, code string) (to, rest string) {
	for _, known := range g.ShortCodes {
		if r, ok := behind(dialled, known); ok && len(known) > len(to) {
			to, rest = known, r
		}
	}
	if r, ok := behind(dialled, code); ok && len(code) > len(to) {
		to, rest = code, r
	}
	switch {
	case to != "":
		return to, rest
	case code != "":
		return code, ""
	}
	to, rest, _ = strings.Cut(dialled, "*")
	return to, rest
}

// key tells an input from all others of its session, where the dialect can; a
// retry has the same. It holds nothing of what was typed, which may be a PIN:
// of all inputs joined it is the number of them and their length.
func (r *reading) key(in *gateway.Inbound) string {
	d := r.dialect
	seq := r.get(d.known.sequence)
	switch {
	case in.Session == "":
		return ""
	case len(seq) > 0 && len(seq) <= maxSession:
		return in.Session + "/" + string(seq)
	case d.cumulative:
		text := in.Text.Reveal()
		return in.Session + "/" + strconv.Itoa(strings.Count(text, "*")) + "." + strconv.Itoa(len(text))
	case in.Event == gateway.New:
		return in.Session + "/0"
	}
	return ""
}
