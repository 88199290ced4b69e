// Package conversation plays conversations that are written down in a text
// file, and writes what comes out: golden tests of services that a translator
// can read and correct.
//
// Each line of a file begins with one sign and a space:
//
//	# a comment; the first one says what the conversation is about
//	> what a citizen writes
//	< what she is told; further lines of the same message begin with two spaces
//	= query benefits.Status beneficiary=1000000001 -> found
//	@ +5m              time passes
//	@ from +919830000001  another citizen writes from here on
//	@ ledger down      the ledger is out of reach, until "@ ledger up"
//	@ incomplete       a long message of which a part is missing
//	@ undecodable      a message that is no text
//	@ ussd             from here on she dials; "@ sms" goes back to messages
//	@ call             from here on she calls, and presses keys
//	@ hang up          she ends the session on her handset
//
// After "@ ussd" a line such as "> *51969#" or "> *51969*1*1000000001#" dials,
// other lines with > are what she enters, and each line with < is a screen with
// its footer. "= end" says that the session is over, "= sms" that the next text
// comes as a message.
//
// After "@ call" the line "> call" is a call, "> 1" or "> 1000000001#" are keys,
// and "> silence" is none; each line with < is what she hears, in words.
//
// Lines with < and = are made by playing; the others are kept as they are.
// Receipt numbers, block numbers and times are the same in every run.
package conversation

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ledgerclient"
	"setu/ussd"
)

// Ledger answers the calls of a conversation.
type Ledger interface {
	// Query answers a question that from asked at a time.
	Query(ask gateway.Ask, from gateway.Address, at time.Time) (ledgerclient.Answer, error)
	// Submit records a transaction with the receipt r.
	Submit(ask gateway.Ask, r ledgerclient.Receipt, from gateway.Address, at time.Time) (ledgerclient.Answer, error)
}

// Options say where a conversation begins. The zero value is the defaults.
type Options struct {
	From   gateway.Address // who writes; +919830009999, who is in no record of the sandbox
	Medium gateway.Medium  // SMS
	Start  time.Time       // 25 November 2026, 10:00 in India
}

// DefaultStart is when conversations begin: 25 November 2026, 04:30 UTC, which
// is 10:00 in India.
func DefaultStart() time.Time { return time.Date(2026, time.November, 25, 4, 30, 0, 0, time.UTC) }

const (
	defaultFrom = gateway.Address("+919830009999")
	maxLine     = 64 << 10 // octets
)

// ErrLine says that a line of a file cannot be played.
var ErrLine = errors.New("conversation: line cannot be played")

// Engine is the dialogue of a catalogue as [Play] wants it, with the screens of
// a USSD link that has the standard's room.
func Engine(c *catalogue.Catalogue) *dialogue.Engine {
	layout := ussd.Layout{Words: c}
	return dialogue.New(c, dialogue.Options{
		Screens: func(r gateway.Reply, m gateway.Medium, _ string) int {
			if m != gateway.USSD {
				return 1
			}
			return layout.Count(r)
		},
	})
}

// Play plays a file and gives it as it comes out: equal to the file if all is
// as it was written down. Errors are those of the ledger, of reading, and
// [ErrLine] with the line's number.
func Play(c *catalogue.Catalogue, e *dialogue.Engine, l Ledger, file io.Reader, o Options) (got string, err error) {
	p := &player{
		words: c, engine: e, ledger: l, o: o, now: o.Start,
		sessions: make(map[gateway.Address]*gateway.Session),
		standing: make(map[ledgerclient.Receipt]gateway.Standing),
		requests: make(map[string]request),
		layout:   ussd.Layout{Words: c},
		calls:    make(map[gateway.Address]string),
	}
	if p.o.From == "" {
		p.o.From = defaultFrom
	}
	if p.o.Medium == "" {
		p.o.Medium = gateway.SMS
	}
	if p.now.IsZero() {
		p.now = DefaultStart()
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := p.line(lines.Text()); err != nil {
			return p.out.String(), fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return p.out.String(), fmt.Errorf("read conversation: %w", err)
	}
	return p.out.String(), nil
}

// Difference says where two conversations first differ, for a test or an
// author; empty if they are equal.
func Difference(want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d:\n- %s\n+ %s", i+1, x, y)
		}
	}
	return ""
}

// player is a conversation under way.
type player struct {
	words    *catalogue.Catalogue
	engine   *dialogue.Engine
	ledger   Ledger
	o        Options
	now      time.Time
	sessions map[gateway.Address]*gateway.Session
	out      strings.Builder

	down     bool
	later    []func() error // what waits for the ledger
	receipts int
	standing map[ledgerclient.Receipt]gateway.Standing
	requests map[string]request // by citizen and call

	layout ussd.Layout
	spoken *ivr.Call                  // the call under way
	calls  map[gateway.Address]string // the live session of each citizen who is in one
	dialed int
	texts  []string // messages that go out while a screen is made
	waking bool     // what waited for the ledger is being done
}

// line plays one line of the file.
func (p *player) line(line string) error {
	line = strings.TrimRight(line, " \r")
	switch {
	case strings.HasPrefix(line, "<"), strings.HasPrefix(line, "="), strings.HasPrefix(line, "  "):
		return nil // made anew
	case line == "", strings.HasPrefix(line, "#"):
		p.print(line)
		return nil
	case strings.HasPrefix(line, ">"):
		p.print(line)
		text := strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ")
		switch p.o.Medium {
		case gateway.USSD:
			return p.enter(text)
		case gateway.IVR:
			return p.press(text)
		}
		return p.hear(gateway.Inbound{Text: gateway.Private(text)})
	case strings.HasPrefix(line, "@ "):
		p.print(line)
		return p.direct(strings.TrimPrefix(line, "@ "))
	}
	return fmt.Errorf("%w: it begins with none of # > < = @", ErrLine)
}

// direct does what a line with @ says.
func (p *player) direct(what string) error {
	switch {
	case strings.HasPrefix(what, "+"):
		d, err := time.ParseDuration(what[1:])
		if err != nil {
			return fmt.Errorf("%w: %q is not a time such as +5m", ErrLine, what)
		}
		p.now = p.now.Add(d)
	case strings.HasPrefix(what, "from "):
		p.o.From = gateway.Address(strings.TrimSpace(strings.TrimPrefix(what, "from ")))
	case what == "ledger down":
		p.down = true
	case what == "ledger up":
		p.down = false
		waiting := p.later
		p.later, p.waking = nil, true
		defer func() { p.waking = false }()
		for _, do := range waiting {
			if err := do(); err != nil {
				return err
			}
		}
	case what == "call":
		p.o.Medium = gateway.IVR
	case what == "ussd":
		p.o.Medium = gateway.USSD
	case what == "sms":
		p.o.Medium = gateway.SMS
	case what == "hang up":
		return p.hangUp()
	case what == "incomplete":
		return p.hear(gateway.Inbound{Incomplete: true})
	case what == "undecodable":
		return p.hear(gateway.Inbound{Undecodable: true})
	default:
		return fmt.Errorf("%w: unknown direction %q", ErrLine, what)
	}
	return nil
}

// hear takes a message through the dialogue, as a turn does.
func (p *player) hear(in gateway.Inbound) error {
	in.Medium, in.From, in.To, in.At = p.o.Medium, p.o.From, "51969", p.now
	s := p.session()
	out := p.engine.Step(*s, in)
	if err := p.consult(&out); err != nil {
		return err
	}
	if err := p.transact(&out); err != nil {
		return err
	}
	*s = out.Session
	s.Version++
	p.tell(out.Reply)
	return nil
}

// session is the session of who writes.
func (p *player) session() *gateway.Session {
	s := p.sessions[p.o.From]
	if s == nil {
		s = &gateway.Session{Citizen: p.o.From}
		p.sessions[p.o.From] = s
	}
	return s
}

// consult answers what the dialogue asks before it has a reply.
func (p *player) consult(out *gateway.Outcome) error {
	for {
		switch {
		case out.Lookup != "":
			st := p.standing[out.Lookup]
			st.Receipt = out.Lookup
			*out = p.engine.Standing(out.Session, st, p.now)
		case out.PIN != "":
			*out = p.engine.Proven(out.Session, p.o.Medium, digest(p.o.From, out.PIN), p.now)
		case out.Query != nil && p.down:
			p.late(out)
		case out.Query != nil:
			ask := *out.Query
			a, err := p.query(ask)
			if err != nil {
				return err
			}
			*out = p.engine.Resume(out.Session, ask, a, p.now)
			if !ask.Silent {
				p.copyAnswer(out)
			}
		default:
			return nil
		}
	}
}

// late says that the answer to a question follows.
func (p *player) late(out *gateway.Outcome) {
	ask, notice := *out.Query, "later"
	if ask.Silent || p.silent(&out.Session) {
		notice = "late-expired"
	} else {
		p.wait(ask)
	}
	out.Reply, out.Query = p.engine.Notice(ask.Format, notice, nil), nil
}

// wait keeps a question until the ledger is back.
func (p *player) wait(ask gateway.Ask) {
	from := p.o.From
	p.later = append(p.later, func() error {
		back := p.o.From
		p.o.From = from
		a, err := p.query(ask)
		p.o.From = back
		if err != nil {
			return err
		}
		p.text(p.engine.Settle(ask, a, ""))
		return nil
	})
}

func (p *player) query(ask gateway.Ask) (ledgerclient.Answer, error) {
	a, err := p.ledger.Query(ask, p.o.From, p.now)
	if err != nil {
		return a, fmt.Errorf("query %s.%s: %w", ask.Call.Contract, ask.Call.Function, err)
	}
	p.call("query", ask, a)
	p.fix(&a)
	return a, nil
}

// submit gives a transaction its receipt, and records it now or when the ledger
// is back. As in a gateway, "received" is said only if it must wait.
func (p *player) submit(out *gateway.Outcome) error {
	ask, from := *out.Submit, p.o.From
	ask.Silent = p.silent(&out.Session)
	r := p.receipt()
	p.keep(out, r)
	if u := out.Session.Undo; u != nil && u.Receipt == "" {
		undo := *u
		undo.Receipt = r
		out.Session.Undo = &undo
	}
	p.standing[r] = gateway.Standing{Receipt: r, State: gateway.Queued, Service: ask.Service, At: p.now}
	undoes := out.Undoes
	record := func() error {
		a, err := p.ledger.Submit(ask, r, from, p.now)
		if err != nil {
			return fmt.Errorf("submit %s.%s: %w", ask.Call.Contract, ask.Call.Function, err)
		}
		p.call("submit", ask, a)
		p.fix(&a)
		p.standing[r] = gateway.Standing{
			Receipt: r, State: gateway.Recorded, Service: ask.Service, Code: a.Code, Block: a.AsOf.Block, At: p.now,
		}
		if first, ok := p.standing[undoes]; ok && a.Code == gateway.CodeUndone {
			first.Undone = true
			p.standing[undoes] = first
		}
		settled := p.engine.Settle(ask, a, r)
		if out.Reply = (gateway.Reply{}); p.o.Medium.Live() && !p.down {
			out.Reply = settled
		}
		if !ask.Silent {
			p.text(settled)
		}
		return nil
	}
	if !p.down {
		return record()
	}
	p.later = append(p.later, record)
	received(&out.Reply, r, ask.Silent)
	if p.o.Medium.Live() && !ask.Silent {
		p.text(out.Reply)
	}
	return nil
}

// received fills the receipt into what is said of a transaction that waits.
func received(reply *gateway.Reply, r ledgerclient.Receipt, silent bool) {
	for i := range reply.Parts {
		part := &reply.Parts[i]
		vals := map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: string(r)}}
		maps.Copy(vals, part.Values)
		part.Values = vals
		if silent && part.Text == "received" {
			part.Text = "received-quiet"
		}
	}
}

// receipt is the next receipt number of the conversation.
func (p *player) receipt() ledgerclient.Receipt {
	p.receipts++
	eleven := fmt.Sprintf("%011d", 12345678900+int64(p.receipts))
	return ledgerclient.Receipt(eleven + string(i18n.Damm(eleven)))
}

// fix gives an answer the block and time of the conversation.
func (p *player) fix(a *ledgerclient.Answer) {
	a.AsOf = ledgerclient.AsOf{Block: uint64(100 + p.receipts), Time: p.now}
}

// call writes down a call of the ledger and its outcome.
func (p *player) call(kind string, ask gateway.Ask, a ledgerclient.Answer) {
	var b strings.Builder
	fmt.Fprintf(&b, "= %s %s.%s", kind, ask.Call.Contract, ask.Call.Function)
	for _, name := range slices.Sorted(maps.Keys(ask.Call.Args)) {
		value := ask.Call.Args[name]
		switch {
		case slices.Contains(ask.Private, name):
			value = "(private)"
		case value == "" || strings.ContainsAny(value, " \""):
			value = fmt.Sprintf("%q", value)
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	fmt.Fprintf(&b, " -> %s", a.Code)
	p.print(b.String())
}

// tell writes down a message to the citizen.
func (p *player) tell(r gateway.Reply) {
	if r.Empty() {
		return
	}
	p.show(p.words.Render(r, p.o.Medium))
}

func (p *player) show(text string) { p.print("< " + strings.ReplaceAll(text, "\n", "\n  ")) }

func (p *player) print(line string) {
	p.out.WriteString(line)
	p.out.WriteByte('\n')
}
