package bench

import (
	"fmt"
	"strings"
)

// What a gateway on two cores is meant to reach by USSD, with its generator
// beside it.
const (
	goalBare     = 0.25  // of the plain handler's calls
	goalUSSDTail = 100.0 // ms, 99 of 100 screens at a share of the highest rate
)

// USSDReport is what was measured.
type USSDReport struct {
	Mix     Mix           `json:"mix"`
	Bengali float64       `json:"bengali"` // share, 0 to 1
	New     float64       `json:"new"`     // share of sessions that begin with the choice of a language
	Runs    []USSDRun     `json:"runs"`
	Answers []ScreenShown `json:"answers"`

	goals bool
}

// USSDRun is one run.
type USSDRun struct {
	Callers  int       `json:"callers,omitempty"` // sessions at once; 0 at a fixed rate
	Rate     float64   `json:"rate,omitempty"`    // screens asked for in a second
	Sessions Flow      `json:"sessions"`
	Screens  Flow      `json:"screens"`
	Latency  Quantiles `json:"latency"` // of a screen

	Wrong   int `json:"wrong"`   // screens that are not what they should be
	Lost    int `json:"lost"`    // screens that never came
	Refused int `json:"refused"` // screens whose HTTP status was not 200

	Gateway   *Usage  `json:"gateway,omitempty"` // for a screen
	Generator float64 `json:"generator_cpu_us"`  // CPU of this process for a screen, in µs
	Host      Host    `json:"host_took"`         // the plain handler beside it included

	Plain *PlainRun `json:"plain,omitempty"`
	Notes []string  `json:"notes,omitempty"`
}

// Flow is how many of something there were.
type Flow struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"per_second"`
}

// PlainRun is the same number of calls to a plain fiber handler that answers a
// constant.
type PlainRun struct {
	Calls     Flow      `json:"calls"`
	Latency   Quantiles `json:"latency"`
	CPU       float64   `json:"cpu_us"`           // of the handler's process for a call, in µs; 0 if unknown
	Generator float64   `json:"generator_cpu_us"` // of this process for a call, in µs
	Ratio     float64   `json:"ratio"`            // of the gateway's screens to these calls, a second each
}

// Sound says that every screen was the one that belongs there.
func (r USSDRun) Sound() bool { return r.Wrong == 0 && r.Lost == 0 && r.Refused == 0 }

// Sound says that every screen of every run was the one that belongs there.
func (r USSDReport) Sound() bool {
	for _, run := range r.Runs {
		if !run.Sound() {
			return false
		}
	}
	return len(r.Runs) > 0
}

// sum sums up what the sides have done: the gateway, and perhaps the plain
// handler.
func (r *USSDRun) sum(sides []*side) {
	var machine processors
	for _, s := range sides {
		machine = machine.plus(s.machine)
	}
	r.Host = machine.host()
	s, t := sides[0], &sides[0].crowd.tally
	r.Sessions, r.Screens = flow(t.sessions, s.seconds), flow(t.screens, s.seconds)
	r.Latency, r.Generator = quantiles(&t.latency), micros(s.own, t.screens)
	r.Wrong, r.Lost, r.Refused = t.wrong, t.lost, t.refused
	if !r.Sound() {
		r.Notes = append(r.Notes, t.trouble())
	}
	if s.unknown != nil {
		r.Notes = append(r.Notes, s.unknown.Error())
	} else {
		r.Gateway = &Usage{CPU: micros(s.cpu, t.screens), RSS: s.rss, Peak: s.peak}
	}
	if len(sides) == 1 {
		return
	}
	s, t = sides[1], &sides[1].crowd.tally
	r.Plain = &PlainRun{Calls: flow(t.screens, s.seconds), Latency: quantiles(&t.latency), Generator: micros(s.own, t.screens)}
	if s.unknown == nil {
		r.Plain.CPU = micros(s.cpu, t.screens)
	}
	if r.Plain.Calls.PerSecond > 0 {
		r.Plain.Ratio = r.Screens.PerSecond / r.Plain.Calls.PerSecond
	}
	if n := t.wrong + t.lost + t.refused; n > 0 {
		r.Notes = append(r.Notes, "the plain handler: "+t.trouble())
	}
}

func flow(n int, seconds float64) Flow {
	if seconds <= 0 {
		return Flow{Count: n}
	}
	return Flow{n, float64(n) / seconds}
}

// String is the report as people read it.
func (r USSDReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "USSD over Africa's Talking, %s, %.0f %% Bengali, %.0f %% dial for the first time; each screen is on disk before it is sent\n",
		r.Mix, 100*r.Bengali, 100*r.New)
	for i := range r.Runs {
		r.Runs[i].text(&b)
	}
	for _, a := range r.Answers {
		row(&b, string(a.Lang), "%v", a)
	}
	if r.goals {
		b.WriteString(r.verdict())
	}
	return b.String()
}

func (r *USSDRun) text(b *strings.Builder) {
	how := fmt.Sprintf("%d sessions at once", r.Callers)
	if r.Rate > 0 {
		how = fmt.Sprintf("%.0f screens asked for in a second", r.Rate)
	}
	fmt.Fprintf(b, "%s: %d sessions, %d screens\n", how, r.Sessions.Count, r.Screens.Count)
	row(b, "sessions", "%.0f a second", r.Sessions.PerSecond)
	row(b, "screens", "%.0f a second", r.Screens.PerSecond)
	row(b, "latency", "%v", r.Latency)
	row(b, "errors", "wrong %d, lost %d, refused %d", r.Wrong, r.Lost, r.Refused)
	if r.Gateway != nil {
		row(b, "gateway", "%s", strings.ReplaceAll(r.Gateway.String(), "round trip", "screen"))
	}
	row(b, "generator", "%.1f µs of CPU a screen", r.Generator)
	if p := r.Plain; p != nil {
		row(b, "plain fiber", "%.0f calls a second, in a process of its own; %.0f µs of CPU a call, generator %.1f µs", p.Calls.PerSecond, p.CPU, p.Generator)
		row(b, "", "%v", p.Latency)
		row(b, "ratio", "%.0f %% of the plain handler", 100*p.Ratio)
	}
	r.Host.row(b)
	for _, n := range r.Notes {
		row(b, "note", "%s", n)
	}
}

func row(b *strings.Builder, name, format string, args ...any) {
	fmt.Fprintf(b, "  %-13s %s\n", name, fmt.Sprintf(format, args...))
}

// verdict says which goals were reached.
func (r USSDReport) verdict() string {
	var goals []goal
	sound := "yes"
	if !r.Sound() {
		sound = "no"
	}
	goals = append(goals, goal{"each screen is the one that belongs there", sound, r.Sound()})
	for _, run := range r.Runs {
		switch {
		case run.Rate > 0:
			goals = append(goals, goal{
				fmt.Sprintf("%.0f screens/s: p99 under 100 ms", run.Rate),
				fmt.Sprintf("%.1f ms", run.Latency.P99), run.Latency.P99 < goalUSSDTail,
			})
		case run.Plain != nil:
			goals = append(goals, goal{
				fmt.Sprintf("%d at once: 25 %% of the plain handler", run.Callers),
				fmt.Sprintf("%.0f %%, %.0f of %.0f a second", 100*run.Plain.Ratio, run.Screens.PerSecond, run.Plain.Calls.PerSecond),
				run.Plain.Ratio >= goalBare,
			})
		}
	}
	return verdictOf(goals)
}
