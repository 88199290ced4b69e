package ivr

import (
	"cmp"
	"strings"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ivr/speech"
)

// maxTries is how often a question is asked before the call is ended with a way to
// go on later.
const maxTries = 3

// Step is what a driver does next.
type Step struct {
	// Say is played in the place of what is playing; without any, that plays on,
	// unless Stop says that it ends.
	Say  []Prompt
	Stop bool
	// Barge says that keys are taken while it plays; otherwise they are dropped.
	Barge bool
	// Wait is how long a key is waited for, from the end of what plays, before
	// [Call.Quiet]; 0 is not at all.
	Wait time.Duration
	// Send says that Input goes to the dialogue, whose reply goes to [Call.Hear].
	Send  bool
	Input gateway.Private
	// End says that the call is over when all is played, and GaveUp that it is
	// since no key came that could be used.
	End, GaveUp bool
}

// What a key is taken for.
type state uint8

const (
	asking     state = iota // by the plan
	confirming              // that a number was heard right
	practising              // the lesson of the first call
	answered                // a dialogue has ended, and the call not yet
	offering                // that she is called back, since she cannot go on
	leaving                 // when she has heard that she will be called
	over                    // goodbye has been said
)

// Call is where one call stands between two replies. It is for one goroutine.
type Call struct {
	layout Layout
	lang   i18n.Lang
	plan   Plan
	state  state
	typed  []byte
	tries  int
	heard  bool // a reply, so that this is no longer the beginning
	lesson bool // is due once the language is chosen
}

// NewCall begins a call.
func NewCall(l Layout) *Call { return &Call{layout: l} }

// Hear takes the dialogue's reply. A call that begins with the question for a
// language is a number's first one: when the language is known, she is told who
// is speaking, and practises one key.
func (c *Call) Hear(r gateway.Reply) Step {
	first := !c.heard
	c.heard, c.lang, c.plan = true, r.Format.Lang, c.layout.Plan(r)
	if c.state == leaving {
		return c.promised(r)
	}
	c.state, c.tries, c.typed = asking, 0, c.typed[:0]
	switch languages := asksLanguage(r); {
	case languages && first:
		c.lesson = true
	case r.End:
		c.state = answered
		return c.result()
	case c.lesson && !languages:
		c.lesson, c.state = false, practising
		return Step{Say: c.own("welcome", "practice"), Wait: FirstKey}
	}
	return c.ask()
}

// asksLanguage says that a reply lets choose a language.
func asksLanguage(r gateway.Reply) bool {
	return len(r.Options) > 0 && strings.HasPrefix(r.Options[0].Label.Text, "language-")
}

// ask plays the plan, with words before it.
func (c *Call) ask(before ...Prompt) Step {
	return Step{Say: append(before, c.plan.Prompts...), Stop: true, Barge: c.plan.Barge, Wait: FirstKey}
}

// result plays what ends a dialogue, to its end, and what can be done then.
func (c *Call) result() Step {
	s := c.ask()
	s.Say = append(s.Say, c.own("after-result")...)
	return s
}

// own are texts for calls.
func (c *Call) own(keys ...string) []Prompt {
	list := make([]Prompt, 0, len(keys))
	for _, key := range keys {
		list = append(list, c.layout.own(key, cmp.Or(c.lang, i18n.Bengali), nil))
	}
	return list
}

// Everybody is a text of calls in each language, for who has not chosen one.
func (l Layout) Everybody(key string) []Prompt {
	langs := i18n.Langs()
	list := make([]Prompt, 0, len(langs))
	for _, lang := range langs {
		list = append(list, l.own(key, lang, nil))
	}
	return list
}

// Keys with a meaning everywhere.
const (
	backKey  = '*'
	hashKey  = '#'
	helpKey  = '0'
	againKey = '8'
	endKey   = '9'
)

// Press takes a key: 0 to 9, * or #. Others are nothing.
func (c *Call) Press(key byte) Step {
	if !isKey(key) {
		return Step{}
	}
	switch c.state {
	case over:
		return Step{}
	case answered:
		return c.afterwards(key)
	case practising:
		return c.practised(key == '1')
	case confirming:
		return c.confirmed(key)
	case offering:
		return c.offered(key)
	}
	if c.plan.Most > 0 {
		return c.digit(key)
	}
	return c.choose(key)
}

// Takes is how many keys are waited for: one where something is chosen, and a
// number's where one is asked for. It is for drivers that take keys together.
func (c *Call) Takes() (least, most int) {
	if c.state == asking && c.plan.Most > 0 {
		return c.plan.Least, c.plan.Most
	}
	return 1, 1
}

func isKey(key byte) bool { return '0' <= key && key <= '9' || key == backKey || key == hashKey }

// send gives the dialogue an input.
func (c *Call) send(input string) Step {
	return Step{Stop: true, Send: true, Input: gateway.Private(input)}
}

// choose takes a key where none of a number is waited for.
func (c *Call) choose(key byte) Step {
	if input, ok := c.plan.Keys[key]; ok {
		return c.send(input)
	}
	switch key {
	case backKey:
		return c.send(back)
	case helpKey:
		return c.send(help)
	case againKey:
		return c.ask()
	case endKey:
		return c.goodbye()
	}
	return c.again("wrong-key")
}

// afterwards takes a key behind a result.
func (c *Call) afterwards(key byte) Step {
	switch key {
	case againKey:
		return c.result()
	case endKey:
		return c.goodbye()
	}
	return c.send(menu)
}

// goodbye ends the call.
func (c *Call) goodbye() Step {
	c.state = over
	return Step{Say: c.own("goodbye"), Stop: true, End: true}
}

// Leave ends the call for a reason that is not hers, which is a text of calls, and
// says how to go on later.
func (c *Call) Leave(reason string) Step {
	c.state = over
	return Step{Say: c.own(reason, "offer", "goodbye"), Stop: true, End: true}
}

// Wait is what is said while an answer takes its time.
func (c *Call) Wait() []Prompt { return c.own("wait") }

// again says what was wrong and asks once more: the second time slowly, and then
// with ways to go on later.
func (c *Call) again(reason string) Step {
	c.tries++
	switch {
	case c.tries >= maxTries:
		return c.giveUp(reason)
	case c.tries > 1:
		step := c.ask(c.own(reason, "slowly")...)
		for i := range step.Say {
			step.Say[i].Gap *= 2
		}
		step.Say = append(step.Say, c.own("press-again")...)
		return step
	}
	return c.ask(c.own(reason)...)
}

// giveUp ends a question to which no usable key came. What it offers is one key
// away where she may be called, and else up to her.
func (c *Call) giveUp(reason string) Step {
	if !c.layout.CallBack {
		c.state = over
		return Step{Say: c.own(reason, "offer", "goodbye"), Stop: true, End: true, GaveUp: true}
	}
	c.state = offering
	return Step{Say: c.own(reason, "offer-call"), Stop: true, Barge: true, Wait: FirstKey}
}

// offered takes the key behind the offer of a call.
func (c *Call) offered(key byte) Step {
	switch key {
	case '1':
		c.state = leaving
		return c.send(gateway.AskCall.Reveal())
	case againKey:
		return Step{Say: c.own("offer-call"), Stop: true, Barge: true, Wait: FirstKey}
	}
	return c.goodbyeGivenUp()
}

// promised ends the call with the word that she will be called.
func (c *Call) promised(r gateway.Reply) Step {
	r.Options, r.More, r.Expect, r.End = nil, false, "", true
	c.state = over
	return Step{Say: append(c.layout.Plan(r).Prompts, c.own("goodbye")...), Stop: true, End: true, GaveUp: true}
}

func (c *Call) goodbyeGivenUp() Step {
	s := c.goodbye()
	s.GaveUp = true
	return s
}

// digit takes a key of a number.
func (c *Call) digit(key byte) Step {
	switch {
	case key == hashKey && len(c.typed) >= c.plan.Least:
		return c.complete()
	case key == backKey && len(c.typed) == 0:
		return c.send(back)
	case key == backKey: // what was typed is taken back
		c.typed = c.typed[:0]
		return c.ask()
	case key == hashKey:
		c.typed = c.typed[:0]
		return c.again("wrong-key")
	}
	c.typed = append(c.typed, key)
	if len(c.typed) >= c.plan.Most {
		return c.complete()
	}
	return Step{Stop: true, Barge: true, Wait: NextKey}
}

// complete reads a number back before it is used. A PIN is used at once: nobody
// beside her is to hear it.
func (c *Call) complete() Step {
	if c.plan.Secret {
		return c.send(string(c.typed))
	}
	c.state = confirming
	return Step{Say: c.readBack(), Stop: true, Barge: true, Wait: FirstKey}
}

func (c *Call) readBack() []Prompt {
	number := map[string]i18n.Value{"number": {Kind: i18n.Code, Raw: string(c.typed)}}
	return append([]Prompt{c.layout.own("heard", c.lang, number)}, c.own("heard-right")...)
}

// confirmed takes the key after a number was read back. A hash is nothing: it is
// that of "then press hash", behind a number that needed none.
func (c *Call) confirmed(key byte) Step {
	switch key {
	case '1':
		return c.send(string(c.typed))
	case hashKey:
		return Step{}
	case '2', backKey:
		c.state, c.typed = asking, c.typed[:0]
		return c.ask()
	case endKey:
		return c.goodbye()
	}
	return Step{Say: c.readBack(), Stop: true, Barge: true, Wait: FirstKey}
}

// practised goes on after the lesson, which is given once more at the most.
func (c *Call) practised(right bool) Step {
	c.tries++
	if !right && c.tries < 2 {
		return Step{Say: c.own("practice"), Wait: FirstKey}
	}
	c.state, c.tries = asking, 0
	if right {
		return c.ask(c.own("practised")...)
	}
	return c.ask()
}

// Quiet says that the time for a key is over.
func (c *Call) Quiet() Step {
	switch {
	case c.state == over:
		return Step{End: true}
	case c.state == answered, c.state == asking && c.plan.Written:
		return c.goodbye()
	case c.state == practising:
		return c.practised(false)
	case c.state == offering:
		return c.goodbyeGivenUp()
	case c.state == confirming:
		if c.tries++; c.tries < maxTries {
			return Step{Say: c.readBack(), Barge: true, Wait: FirstKey}
		}
		return c.again("silence")
	case len(c.typed) > 0 && len(c.typed) >= c.plan.Least:
		return c.complete()
	}
	c.typed = c.typed[:0]
	return c.again("silence")
}

// Text is what is said, a prompt on each line.
func Text(prompts []Prompt) string {
	lines := make([]string, 0, len(prompts))
	for _, p := range prompts {
		lines = append(lines, speech.Text(p.Sentences))
	}
	return strings.Join(lines, "\n")
}
