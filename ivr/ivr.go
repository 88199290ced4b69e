// Package ivr turns replies into what is heard on a telephone call, and keys into
// what the dialogue takes: prompts of sentences with pauses between them, what may
// be cut short by a key, which keys mean what, and how long is waited for them.
//
// Keys mean the same everywhere (ISO/IEC 13714, but for 8): * goes back, 0 is
// help, 9 ends the call, # ends a number, 8 says everything again.
//
// It is pure: no I/O, clock, goroutine or logger. A driver plays the prompts and
// brings the keys.
package ivr

import (
	"slices"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr/speech"
)

// Pauses and waiting times. Between options people need 500 to 750 ms
// (Commarford and Lewis); ISO/IEC 13714 allows 3 to 10 s for the first key.
const (
	OptionGap  = 600 * time.Millisecond
	PartGap    = 400 * time.Millisecond
	FirstKey   = 8 * time.Second // until the first key, from the end of the prompt
	NextKey    = 4 * time.Second // from one key of a number to the next
	MaxResult  = 20              // seconds of audio that a result may take
	maxHeard   = 32              // seconds with a word before the question
	maxOptions = 6               // on a page that has all of them
	maxOnPage  = 4               // where there is another page
)

// Words puts parts of replies into words. *catalogue.Catalogue does.
type Words interface {
	// Saying is a part as it is said in a language.
	Saying(p gateway.Part, l i18n.Lang) catalogue.Saying
	// Asked is the input that a reply asks for; ok is false if it asks for none
	// of a service's.
	Asked(r gateway.Reply) (in catalogue.Input, ok bool)
}

// Layout makes the prompts of a gateway. It may be used by many goroutines.
type Layout struct {
	Words Words
	// CallBack says that the citizen may be called: then that is offered to her
	// where she cannot go on.
	CallBack bool
}

// Prompt is what is said without a break.
type Prompt struct {
	// Key names the text, such as "benefit/want"; "call/press" for an option.
	Key       string
	Sentences []speech.Sentence
	// Gap is the silence behind it.
	Gap time.Duration
}

// Length is how long a prompt takes by estimate, with the silence behind it.
func (p Prompt) Length() time.Duration {
	if len(p.Sentences) == 0 {
		return 0
	}
	return speech.Length(p.Sentences[0].Lang, speech.Text(p.Sentences)) + p.Gap
}

// String is what is said, in words.
func (p Prompt) String() string { return speech.Text(p.Sentences) }

// Length is how long prompts take by estimate, without the silence at the end.
func Length(prompts []Prompt) time.Duration {
	var d time.Duration
	for i, p := range prompts {
		d += p.Length()
		if i == len(prompts)-1 {
			d -= p.Gap
		}
	}
	return d
}

// Plan is a reply as a call goes through it.
type Plan struct {
	Prompts []Prompt
	// Barge says that a key cuts the prompts short: not for what must be heard
	// to its end, which is a consent, a result and the lesson.
	Barge bool
	// Keys are the keys that choose, each with what it gives the dialogue.
	Keys map[byte]string
	// Least and Most are how many keys make a number; Most is 0 where none is
	// asked for.
	Least, Most int
	// Secret says that the keys are a PIN, which is never read back.
	Secret bool
	// Written says that the question is asked by SMS, too, and answered there.
	Written bool
	// End says that the dialogue ends with the prompts.
	End bool
}

// Plan plans a reply.
func (l Layout) Plan(r gateway.Reply) Plan {
	lang := r.Format.Lang
	p := Plan{Barge: !r.End, End: r.End, Keys: make(map[byte]string)}
	var receipt i18n.Value
	for _, part := range r.Parts {
		p.add(l.prompt(part, lang, PartGap))
		for _, v := range part.Values {
			if v.Kind == i18n.Receipt {
				receipt = v
			}
		}
	}
	if r.End && receipt.Raw != "" {
		p.add(l.own("receipt-again", lang, map[string]i18n.Value{"receipt": receipt}))
	}
	l.options(&p, r)
	l.number(&p, r)
	return p
}

// add adds a prompt that says something.
func (p *Plan) add(one Prompt) {
	if len(one.Sentences) > 0 {
		p.Prompts = append(p.Prompts, one)
	}
}

func (l Layout) prompt(part gateway.Part, lang i18n.Lang, gap time.Duration) Prompt {
	s := l.Words.Saying(part, lang)
	return Prompt{Key: s.Key, Sentences: speech.Say(lang, s.Pieces), Gap: gap}
}

// own is one of the engine's texts for calls.
func (l Layout) own(key string, lang i18n.Lang, values map[string]i18n.Value) Prompt {
	return l.prompt(gateway.Part{Text: key, Values: values}, lang, PartGap)
}

// options adds the options with their keys.
func (l Layout) options(p *Plan, r gateway.Reply) {
	for _, o := range r.Options {
		if len(o.Digit) != 1 {
			continue
		}
		lang := ownLang(o.Label, r.Format.Lang)
		p.add(l.option(o, lang))
		p.Keys[o.Digit[0]] = o.Digit
		if o.Label.Service == "" && o.Label.Text == "yes" {
			p.Barge = false // what she consents to is heard to its end
		}
	}
	if r.More && len(r.Options) > 0 {
		key := catalogue.MoreKey(len(r.Options))
		p.add(l.own("press-more", r.Format.Lang, map[string]i18n.Value{"digit": {Kind: i18n.Code, Raw: key}}))
		p.Keys[key[0]] = more
	}
}

// What the dialogue calls the next page, the step before, the main menu, and help.
const (
	more = "9"
	back = "0"
	menu = "00"
	help = "HELP"
)

// ownLang is the language that an option is said in: that of the reply, or the
// language itself where languages are what there is to choose from.
func ownLang(label gateway.Part, l i18n.Lang) i18n.Lang {
	own := i18n.Lang(strings.TrimPrefix(label.Text, "language-"))
	if label.Service == "" && label.Text != string(own) && own.Valid() {
		return own
	}
	return l
}

// option is an option as it is heard: what it is, and then its key.
func (l Layout) option(o gateway.Option, lang i18n.Lang) Prompt {
	press := l.Words.Saying(gateway.Part{Text: "press", Values: map[string]i18n.Value{
		"label": {}, "digit": {Kind: i18n.Code, Raw: o.Digit},
	}}, lang)
	label := l.Words.Saying(o.Label, lang)
	var pieces []i18n.Piece
	for _, piece := range press.Pieces {
		if piece.Slot == "label" {
			pieces = append(pieces, label.Pieces...)
			continue
		}
		pieces = append(pieces, piece)
	}
	return Prompt{Key: label.Key, Sentences: speech.Say(lang, pieces), Gap: OptionGap}
}

// Lengths of numbers whose type says them.
const (
	pinKeys   = 4
	dateKeys  = 8 // ddmmyyyy
	phoneKeys = 10
	mostKeys  = 12 // of any other number
	// receiptKeys is the length of a receipt's number.
	receiptKeys = 12
)

// number says which number is asked for, and how to end it.
func (l Layout) number(p *Plan, r gateway.Reply) {
	in, asked := l.Words.Asked(r)
	if !asked {
		in.Type = catalogue.InputType(r.Expect)
	}
	lang := r.Format.Lang
	switch in.Type {
	case catalogue.InputDigits:
		if !asked { // the engine's own: the number of a receipt
			p.Least, p.Most = receiptKeys, receiptKeys
			break
		}
		p.Least, p.Most = max(in.MinLength, 1), in.MaxLength
		if p.Most == 0 {
			p.Most = mostKeys
		}
	case catalogue.InputNumber, catalogue.InputMoney:
		p.Least, p.Most = 1, mostKeys
	case catalogue.InputDate:
		p.Least, p.Most = dateKeys, dateKeys
		p.add(l.own("press-date", lang, nil))
	case catalogue.InputPhone:
		p.Least, p.Most = phoneKeys, phoneKeys
	case catalogue.InputPIN:
		p.Least, p.Most, p.Secret = pinKeys, pinKeys, true
	case catalogue.InputText, catalogue.InputHash, catalogue.InputHost, catalogue.InputCode:
		if p.Written = slices.ContainsFunc(r.Parts, func(part gateway.Part) bool { return part.Service == "" && part.Text == gateway.PartBySMS }); !p.Written {
			p.add(l.own("by-letter", lang, nil))
		}
	}
	if p.Most > p.Least {
		p.add(l.own("press-hash", lang, nil))
	}
}
