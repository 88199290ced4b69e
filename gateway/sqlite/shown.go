package sqlite

import (
	"encoding/json"
	"strconv"
	"time"

	"setu/gateway"
	"setu/i18n"
)

// A screen is written with each input of a live dialogue, so that it is in a
// short form: texts and offers are arrays, and options have no digits where
// these count up from 1. It takes half of the octets of a [gateway.Reply] (see
// TestSession_ScreenIsShort).

// storedShown is a reply in the short form.
type storedShown struct {
	Lang    i18n.Lang    `json:"l,omitempty"`
	Flags   uint8        `json:"f,omitempty"`
	Expect  string       `json:"x,omitempty"`
	Page    int          `json:"n,omitempty"`
	Parts   []storedPart `json:"p,omitempty"`
	Options []storedPart `json:"o,omitempty"`
	Digits  []string     `json:"d,omitempty"` // where they do not count up
	Values  []string     `json:"v,omitempty"` // of the options, where they have some

	Result *gateway.Result `json:"r,omitempty"`
}

// Flags of a storedShown.
const (
	shownNative = 1 << iota
	shownLatin
	shownMore
	shownBack
	shownEnd
)

// storedPart is ["text"], ["service","text"] or ["service","text",{values}].
type storedPart gateway.Part

// UnmarshalJSON reads what [object.shortPart] writes.
func (p *storedPart) UnmarshalJSON(b []byte) error {
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

// reply is the reply; nil gives nil.
func (s *storedShown) reply() *gateway.Reply {
	if s == nil {
		return nil
	}
	r := &gateway.Reply{
		Format: i18n.Format{Lang: s.Lang, Native: s.Flags&shownNative != 0, Latin: s.Flags&shownLatin != 0},
		More:   s.Flags&shownMore != 0, Back: s.Flags&shownBack != 0, End: s.Flags&shownEnd != 0,
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
	return r
}

// live writes the last screen of a live channel.
func (o *object) live(s *gateway.Session) {
	l := &s.Live
	if *l == (gateway.Live{}) {
		return
	}
	o.open("live", '{')
	o.text("session", l.Session)
	o.text("key", l.Key)
	o.flag("proved", l.Proved)
	o.flag("device", l.Device)
	switch {
	case l.Shown == nil:
	case l.Shown == s.Dialogue.Last:
		o.flag("last", true)
	default:
		o.shown(l.Shown)
	}
	o.close('}')
}

func (o *object) shown(r *gateway.Reply) {
	var flags int64
	for i, set := range [...]bool{r.Format.Native, r.Format.Latin, r.More, r.Back, r.End} {
		if set {
			flags |= 1 << i
		}
	}
	o.open("shown", '{')
	o.text("l", string(r.Format.Lang))
	o.number("f", flags)
	o.text("x", r.Expect)
	o.number("n", int64(r.Page))
	if r.Parts != nil {
		o.open("p", '[')
		for i := range r.Parts {
			o.shortPart(&r.Parts[i])
		}
		o.close(']')
	}
	if r.Options != nil {
		o.shownOptions(r.Options)
	}
	o.result("r", r.Result)
	o.close('}')
}

// shownOptions writes the labels of options, and their digits and values where
// the reader could not make them.
func (o *object) shownOptions(options []gateway.Option) {
	o.open("o", '[')
	counted, valued := true, false
	for i := range options {
		o.shortPart(&options[i].Label)
		counted = counted && options[i].Digit == strconv.Itoa(i+1)
		valued = valued || options[i].Value != ""
	}
	o.close(']')
	if !counted {
		o.open("d", '[')
		for i := range options {
			o.key("")
			o.quote(options[i].Digit)
		}
		o.close(']')
	}
	if valued {
		o.open("v", '[')
		for i := range options {
			o.key("")
			o.quote(options[i].Value)
		}
		o.close(']')
	}
}

// result writes what a reply tells of the ledger.
func (o *object) result(name string, r *gateway.Result) {
	if r == nil {
		return
	}
	o.open(name, '{')
	o.text("code", r.Code)
	o.text("receipt", string(r.Receipt))
	if r.Block != 0 {
		o.key("block")
		*o = strconv.AppendUint(*o, r.Block, 10)
	}
	if !r.At.IsZero() {
		o.text("at", r.At.UTC().Format(time.RFC3339Nano))
	}
	o.flag("pending", r.Pending)
	o.text("needs", string(r.Needs))
	o.flag("repeated", r.Repeated)
	o.close('}')
}

// shortPart writes a part as an array.
func (o *object) shortPart(p *gateway.Part) {
	o.open("", '[')
	if p.Service != "" || p.Values != nil {
		o.key("")
		o.quote(p.Service)
	}
	o.key("")
	o.quote(p.Text)
	if p.Values != nil {
		o.key("")
		*o = append(*o, '{')
		for name, v := range p.Values {
			o.member(name)
			o.value(v)
		}
		o.close('}')
	}
	o.close(']')
}

// storedOffer is ["do"] or ["do","value"]; older files have an object.
type storedOffer gateway.Offer

// UnmarshalJSON reads both forms.
func (s *storedOffer) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, (*gateway.Offer)(s))
	}
	return json.Unmarshal(b, &[]any{&s.Do, &s.Value})
}

// offers are the offers; nil gives nil.
func offers(stored []storedOffer) []gateway.Offer {
	if stored == nil {
		return nil
	}
	all := make([]gateway.Offer, len(stored))
	for i, s := range stored {
		all[i] = gateway.Offer(s)
	}
	return all
}

// offer writes an offer as an array.
func (o *object) offer(f *gateway.Offer) {
	o.open("", '[')
	o.key("")
	o.quote(f.Do)
	if f.Value != "" {
		o.key("")
		o.quote(f.Value)
	}
	o.close(']')
}
