// Package packed packs the replies that a session keeps: the screen that a citizen
// has before her, and what "repeat" says again. Thousands of them are in memory
// and few are ever looked at; each is one string, which the garbage collector
// need not look into (a sixth of the processor at 10,000 citizens, measured), and
// which a store writes as it is.
//
// The form is JSON, short: texts and offers are arrays, and options have no digits
// where these count up from 1. It takes half of the octets of a [gateway.Reply] and
// is part of the store's format.
package packed

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"setu/gateway"
	"setu/gateway/internal/object"
	"setu/i18n"
)

// stored is a reply in the short form.
type stored struct {
	Lang    i18n.Lang `json:"l,omitempty"`
	Flags   uint8     `json:"f,omitempty"`
	Expect  string    `json:"x,omitempty"`
	Page    int       `json:"n,omitempty"`
	Parts   []part    `json:"p,omitempty"`
	Options []part    `json:"o,omitempty"`
	Digits  []string  `json:"d,omitempty"` // where they do not count up
	Values  []string  `json:"v,omitempty"` // of the options, where they have some

	Result *gateway.Result `json:"r,omitempty"`
}

// Flags of a stored reply.
const (
	flagNative = 1 << iota
	flagLatin
	flagMore
	flagBack
	flagEnd
)

// part is ["text"], ["service","text"] or ["service","text",{values}].
type part gateway.Part

// UnmarshalJSON reads what [putPart] writes.
func (p *part) UnmarshalJSON(b []byte) error {
	var three [3]json.RawMessage
	n := 0
	if err := json.Unmarshal(b, &three); err != nil {
		return err
	}
	for n < len(three) && three[n] != nil {
		n++
	}
	if n == 1 { // the engine's own text
		return json.Unmarshal(three[0], &p.Text)
	}
	return json.Unmarshal(b, &[]any{&p.Service, &p.Text, &p.Values})
}

// Reply is the reply that was packed; ok is false for none.
func Reply(p gateway.Packed) (r gateway.Reply, ok bool) {
	var s stored
	if p == "" || json.Unmarshal([]byte(p), &s) != nil {
		return r, false
	}
	r = gateway.Reply{
		Format: i18n.Format{Lang: s.Lang, Native: s.Flags&flagNative != 0, Latin: s.Flags&flagLatin != 0},
		More:   s.Flags&flagMore != 0, Back: s.Flags&flagBack != 0, End: s.Flags&flagEnd != 0,
		Expect: s.Expect, Page: s.Page, Result: s.Result,
	}
	for _, p := range s.Parts {
		r.Parts = append(r.Parts, gateway.Part(p))
	}
	for i, p := range s.Options {
		o := gateway.Option{Digit: strconv.Itoa(i + 1), Label: gateway.Part(p)}
		if i < len(s.Digits) {
			o.Digit = s.Digits[i]
		}
		if i < len(s.Values) {
			o.Value = s.Values[i]
		}
		r.Options = append(r.Options, o)
	}
	return r, true
}

// buffers are what replies are packed in.
var buffers = sync.Pool{New: func() any { return new(object.JSON) }}

// Of packs a reply. Replies that say the same are packed alike.
func Of(r gateway.Reply) gateway.Packed {
	var flags int64
	for i, set := range [...]bool{r.Format.Native, r.Format.Latin, r.More, r.Back, r.End} {
		if set {
			flags |= 1 << i
		}
	}
	o, _ := buffers.Get().(*object.JSON)
	defer buffers.Put(o)
	*o = (*o)[:0]
	o.Open("", '{')
	o.Text("l", string(r.Format.Lang))
	o.Number("f", flags)
	o.Text("x", r.Expect)
	o.Number("n", int64(r.Page))
	if len(r.Parts) > 0 {
		o.Open("p", '[')
		for i := range r.Parts {
			putPart(o, &r.Parts[i])
		}
		o.Close(']')
	}
	if len(r.Options) > 0 {
		putOptions(o, r.Options)
	}
	putResult(o, r.Result)
	o.Close('}')
	return gateway.Packed(*o)
}

// Show makes r the screen that the citizen of s has before her.
func Show(s *gateway.Session, r gateway.Reply) {
	if s.Live.Shown = Of(r); s.Live.Shown == s.Dialogue.Last {
		s.Live.Shown = s.Dialogue.Last // in memory once
	}
}

// putOptions writes the labels of options, and their digits and values where the
// reader could not make them.
func putOptions(o *object.JSON, options []gateway.Option) {
	o.Open("o", '[')
	counted, valued := true, false
	for i := range options {
		putPart(o, &options[i].Label)
		counted = counted && options[i].Digit == strconv.Itoa(i+1)
		valued = valued || options[i].Value != ""
	}
	o.Close(']')
	if !counted {
		o.Open("d", '[')
		for i := range options {
			o.Key("")
			o.Quote(options[i].Digit)
		}
		o.Close(']')
	}
	if valued {
		o.Open("v", '[')
		for i := range options {
			o.Key("")
			o.Quote(options[i].Value)
		}
		o.Close(']')
	}
}

// putPart writes a part as an array.
func putPart(o *object.JSON, p *gateway.Part) {
	o.Open("", '[')
	if p.Service != "" || len(p.Values) > 0 {
		o.Key("")
		o.Quote(p.Service)
	}
	o.Key("")
	o.Quote(p.Text)
	if len(p.Values) > 0 {
		o.Open("", '{')
		names := slices.AppendSeq(make([]string, 0, 16), maps.Keys(p.Values))
		slices.Sort(names)
		for _, name := range names {
			o.Member(name)
			putValue(o, p.Values[name])
		}
		o.Close('}')
	}
	o.Close(']')
}

func putValue(o *object.JSON, v i18n.Value) {
	*o = append(*o, '{')
	if v.Kind != i18n.Text {
		o.Text("kind", v.Kind.String())
	}
	o.Text("raw", v.Raw)
	*o = append(*o, '}')
}

// putResult writes what a reply tells of the ledger.
func putResult(o *object.JSON, r *gateway.Result) {
	if r == nil {
		return
	}
	o.Open("r", '{')
	o.Text("code", r.Code)
	o.Text("receipt", string(r.Receipt))
	if r.Block != 0 {
		o.Key("block")
		*o = strconv.AppendUint(*o, r.Block, 10)
	}
	if !r.At.IsZero() {
		o.Text("at", r.At.UTC().Format(time.RFC3339Nano))
	}
	o.Flag("refused", r.Refused)
	o.Flag("pending", r.Pending)
	o.Text("needs", string(r.Needs))
	o.Flag("repeated", r.Repeated)
	o.Close('}')
}
