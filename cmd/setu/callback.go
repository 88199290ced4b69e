package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/turn"
	"setu/ivr"
	"setu/ivr/callback"
	"setu/ivr/ivrsip"
)

// CallBack is how citizens are called: who gave a missed call or wrote CALL, and
// whose answer came late.
type CallBack struct {
	// From is our number that is shown to them; "" calls nobody. For calls of the
	// government that is one of the 1600 series.
	From string `yaml:"from"`
	// Lines are the ways, in the order in which they are tried: sip for the trunks of
	// ivr.sip, or the name of a gateway of ivr.twiml or of an exchange of ivr.ari;
	// none is sip.
	Lines []string `yaml:"lines"`
	// Hours are those of calls, India's time; "always" is at any time. "" is
	// 08:00-20:00, and in the sandbox always.
	Hours string `yaml:"hours"`
	// Prefixes are what numbers begin with that may be called; none is +91.
	Prefixes  []string   `yaml:"prefixes"`
	Delay     Duration   `yaml:"delay"` // from the missed call to ours; 0 is 10s
	Apart     Duration   `yaml:"apart"` // in which missed calls of one number are one; 0 is 2m
	Keep      Duration   `yaml:"keep"`  // after which a call-back is not worth placing; 0 is 16h
	Retry     []Duration `yaml:"retry"` // pauses after busy or no answer; none are 2m and 10m
	PerNumber int        `yaml:"per_number"`
	InAll     int        `yaml:"in_all"`  // calls a day; 0 is 5000, and per_number 10
	AtOnce    int        `yaml:"at_once"` // calls at one time; 0 is 10
	// Dropped calls who hangs up or is cut off within a service.
	Dropped bool `yaml:"dropped"`
}

// sipLine is the line of all SIP trunks.
const sipLine = "sip"

// lateLink is the link of late answers to who has asked by telephone.
const lateLink = "ivr/call-back"

// validate checks what can be checked without opening anything. missed are the
// numbers that are called back, others what lines may be called.
func (c CallBack) validate(missed, others []string) []error {
	var errs []error
	if c.From == "" && len(missed) > 0 {
		errs = append(errs, errors.New("ivr.missed_call needs ivr.call_back.from: the number that is shown to those who are called back"))
	}
	for _, l := range c.Lines {
		if l != sipLine && !slices.Contains(others, l) {
			errs = append(errs, fmt.Errorf("ivr.call_back.lines: %q is neither sip nor the name of a gateway of ivr.twiml or an exchange of ivr.ari", l))
		}
	}
	for _, p := range c.Prefixes {
		if !strings.HasPrefix(p, "+") {
			errs = append(errs, fmt.Errorf("ivr.call_back.prefixes: %q: begin with + and the country's code, such as +91", p))
		}
	}
	if _, _, _, err := c.hours(); err != nil {
		errs = append(errs, err)
	}
	for key, n := range map[string]int{"per_number": c.PerNumber, "in_all": c.InAll, "at_once": c.AtOnce} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("ivr.call_back.%s is %d: a number of calls is not negative", key, n))
		}
	}
	return errs
}

// hours reads "08:00-20:00".
func (c CallBack) hours() (from, until time.Duration, always bool, err error) {
	switch c.Hours {
	case "":
		return 0, 0, false, nil
	case "always":
		return 0, 0, true, nil
	}
	first, last, ok := strings.Cut(c.Hours, "-")
	a, errA := time.Parse("15:04", strings.TrimSpace(first))
	b, errB := time.Parse("15:04", strings.TrimSpace(last))
	if !ok || errA != nil || errB != nil || !a.Before(b) {
		return 0, 0, false, fmt.Errorf("ivr.call_back.hours is %q: write 08:00-20:00, or always", c.Hours)
	}
	midnight := a.Truncate(24 * time.Hour)
	return a.Sub(midnight), b.Sub(midnight), false, nil
}

// nationalDigits are those of an Indian number without the country's code.
const nationalDigits = 10

// number is a number of ours, which may be a line in an office, in one form,
// however it is written or dialled: 033 2200 0001 is +913322000001. A short code
// stays as it is.
func number(text string) gateway.Address {
	digits := strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text), "0")
	switch {
	case len(digits) == nationalDigits:
		return gateway.Address("+91" + digits)
	case len(digits) > nationalDigits:
		return gateway.Address("+" + digits)
	}
	return gateway.Address(digits)
}

// policy is who is called, when and how often.
func (c Config) callPolicy() (callback.Policy, error) {
	b := c.IVR.CallBack
	from, until, always, err := b.hours()
	p := callback.Policy{
		Prefixes: b.Prefixes, Delay: time.Duration(b.Delay), Apart: time.Duration(b.Apart), Keep: time.Duration(b.Keep),
		From: from, Until: until, Always: always || b.Hours == "" && c.Profile == sandboxProfile,
		PerNumber: b.PerNumber, InAll: b.InAll, Own: []gateway.Address{number(b.From)},
	}
	for _, pause := range b.Retry {
		p.Retry = append(p.Retry, time.Duration(pause))
	}
	for _, n := range c.IVR.MissedCall {
		p.Own = append(p.Own, number(n))
	}
	switch {
	case b.From == "":
		p.Prefixes = nil // nobody
	case len(p.Prefixes) == 0:
		p.Prefixes = []string{"+91"}
	}
	return p, err
}

// openDialler makes what calls citizens; its lines need the drivers, which are made
// later.
func (g *gatewayParts) openDialler() error {
	p, err := g.cfg.callPolicy()
	if err != nil {
		return err
	}
	b, c := g.cfg.IVR.CallBack, &g.calls
	names := b.Lines
	if len(names) == 0 {
		names = []string{sipLine}
	}
	var lines []callback.Line
	for _, name := range names {
		line := callback.Line{Name: name, Caller: twimlLine{g, name}}
		switch {
		case name == sipLine:
			line.Caller = trunkLine{g}
		case slices.ContainsFunc(g.cfg.IVR.ARI, func(a ARI) bool { return a.Name == name }):
			line.Caller = ariLine{g, name}
		}
		lines = append(lines, line)
	}
	c.dialler = callback.New(callback.Config{
		Queue: g.store, Sessions: g.store, Lines: lines, Policy: p, From: number(b.From), AtOnce: b.AtOnce,
		Over: func(ctx context.Context, citizen gateway.Address) { c.desk.Over(ctx, citizen) },
		Log:  g.log.With(slog.String("part", "call-back")), Now: time.Now,
	})
	c.desk = &callback.Desk{
		Answers: g.store, Sessions: g.store, Dialler: c.dialler, Dropped: b.Dropped,
		Length: func(r gateway.Reply) time.Duration { return ivr.Length(ivr.Layout{Words: g.cat}.Plan(r).Prompts) },
	}
	return nil
}

// late is the way of a late answer: to who asked by telephone and may be called, by
// telephone.
func (g *gatewayParts) late(in gateway.Inbound, to gateway.Route) gateway.Route {
	if in.Medium == gateway.IVR && g.calls.dialler.Policy.May(in.From) {
		to.Link = lateLink
	}
	return to
}

// wishes is the wish of who has asked to be called.
func (g *gatewayParts) wishes(citizen gateway.Address) *gateway.CallWish {
	return g.calls.dialler.Wish(citizen, gateway.CallAsked)
}

// lateSender tells late answers.
func (g *gatewayParts) lateSender(links map[string]channels.Sender) channels.Sender {
	way := func(citizen gateway.Address) gateway.Route { return g.bySMS(gateway.Inbound{From: citizen}) }
	return &callback.Sender{
		Dialler: g.calls.dialler, SMS: textSender{g: g, links: links}, Way: way, Life: turn.DefaultAnswerLife,
	}
}

// Missed says that a call is to be turned away, and queues the call-back.
func (c *callParts) Missed(ctx context.Context, from, to gateway.Address) (bool, error) {
	if !slices.Contains(c.missed, number(to.Reveal())) {
		return false, nil
	}
	return true, c.dialler.Missed(ctx, from)
}

// trunkLine places calls by SIP.
type trunkLine struct{ g *gatewayParts }

// Call calls a citizen.
func (l trunkLine) Call(ctx context.Context, from, to gateway.Address) callback.Result {
	if !l.g.hearsSIP() || l.g.calls.Busy() {
		return callback.Result{Outcome: callback.Unavailable, Reason: "no calls are taken or placed now"}
	}
	// The driver ends its calls with a word when the gateway stops.
	o := l.g.calls.sip.Call(context.WithoutCancel(ctx), from, to)
	r := callback.Result{Reason: o.Reason}
	switch {
	case o.Answered:
		r.Outcome = callback.Answered
	case o.End == ivrsip.TheyBusy:
		r.Outcome = callback.Busy
	case o.End == ivrsip.NoAnswer:
		r.Outcome = callback.NoAnswer
	case o.End == ivrsip.Declined && o.Status == http.StatusNotFound, o.Status == 484, o.Status == 604:
		r.Outcome = callback.Refused
	case o.End == ivrsip.Declined: // by herself: not now
		r.Outcome = callback.Busy
	case !o.Rang:
		r.Outcome = callback.Unavailable
	}
	return r
}

// callBackView is a call-back as an operator sees it: no number.
type callBackView struct {
	ID      int64     `json:"id"`
	Reason  string    `json:"reason"`
	State   string    `json:"state"`
	Tries   int       `json:"tries"`
	Created time.Time `json:"created"`
	Due     time.Time `json:"due"`
	Note    string    `json:"note,omitempty"`
}

// serveCallBacks answers the operators' list of call-backs.
func (g *gatewayParts) serveCallBacks(c *fiber.Ctx) error {
	calls, err := g.store.Calls(c.UserContext(), gateway.CallFilter{All: c.QueryBool("all"), After: int64(c.QueryInt("after")), Limit: c.QueryInt("limit")})
	if err != nil {
		return err
	}
	out := make([]callBackView, 0, len(calls))
	for _, b := range calls {
		out = append(out, callBackView{b.ID, b.Reason.String(), b.State.String(), b.Tries, b.Created, b.Due, b.Note})
	}
	return c.JSON(out)
}

// callBacksCmd lists call-backs.
type callBacksCmd struct {
	running
	All   bool  `help:"Those that are over too."`
	After int64 `help:"Only those after this number."`
	Limit int   `help:"Call-backs at most." default:"100"`
}

// Run lists who waits to be called.
func (q *callBacksCmd) Run(ctx context.Context, io streams) error {
	var list []callBackView
	if err := q.call(ctx, http.MethodGet, fmt.Sprintf("/api/call-backs?all=%t&after=%d&limit=%d", q.All, q.After, q.Limit), nil, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(io.out, "nobody waits to be called")
		return nil
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CALL-BACK\tWHY\tSTATE\tTRIES\tAGE\tDUE\tNOTE")
	for _, b := range list {
		due := "-"
		if b.State == gateway.CallWaiting.String() {
			due = b.Due.Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\n", b.ID, b.Reason, b.State, b.Tries, time.Since(b.Created).Round(time.Second), due, b.Note)
	}
	return w.Flush()
}

// callBackMetrics are the counts of call-backs, for Prometheus.
func (g *gatewayParts) callBackMetrics() []prometheus.Collector {
	c := g.calls.dialler.Counts()
	list := []prometheus.Collector{prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "setu_call_backs_live", Help: "Call-backs that are being placed or go on."},
		func() float64 { return float64(g.calls.dialler.UnderWay()) })}
	for _, m := range []struct {
		name, help string
		value      *atomic.Int64
	}{
		{"missed_total", "Calls that were turned away to be called back.", &c.Missed},
		{"merged_total", "Those of them that were the same wish once more.", &c.Merged},
		{"placed_total", "Call-backs that were placed, by line and try.", &c.Placed},
		{"answered_total", "Call-backs that were answered.", &c.Answered},
		{"busy_total", "Call-backs that met a busy line.", &c.Busy},
		{"unanswered_total", "Call-backs that nobody answered.", &c.Unanswered},
		{"unavailable_total", "Call-backs that a line did not take.", &c.Unavailable},
		{"unknown_total", "Call-backs whose fate is not known.", &c.Unknown},
		{"given_up_total", "Citizens who were not reached at any try.", &c.GivenUp},
		{"refused_total", "Wishes for calls that are not allowed, and numbers that do not exist.", &c.Refused},
		{"capped_total", "Call-backs put off or refused by the caps of a day.", &c.Capped},
		{"expired_total", "Call-backs that could not be placed in time.", &c.Expired},
		{"late_answers_total", "Late answers that are told by telephone.", &c.Late},
		{"faults_total", "Faults that call-backs met.", &c.Faults},
	} {
		list = append(list, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "setu_call_backs_" + m.name, Help: m.help},
			func() float64 { return float64(m.value.Load()) }))
	}
	return list
}
