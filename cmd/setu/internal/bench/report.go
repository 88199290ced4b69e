package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"setu/channels/sms"
	"setu/i18n"
)

// Report is what a run has measured.
type Report struct {
	Mix      Mix     `json:"mix"`
	Bengali  float64 `json:"bengali"` // share, 0 to 1
	Window   int     `json:"window"`
	UnderWay int     `json:"under_way"`
	Rate     float64 `json:"rate,omitempty"` // begun in a second; 0: as fast as it goes

	Done      int     `json:"done"` // round trips ended, refused ones too
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // round trips

	Latency Quantiles `json:"latency"` // of round trips, all segments of the answer included
	Ack     Quantiles `json:"ack"`     // of submit_sm_resp, which follows the gateway's commit

	Lost      int `json:"lost"`       // begun and not answered
	Doubled   int `json:"doubled"`    // answers that came again
	Misrouted int `json:"misrouted"`  // to a number that never asked, or from another code
	Wrong     int `json:"wrong"`      // answers that begin otherwise than the first of their kind
	Refused   int `json:"refused"`    // submit_sm refused for good
	Throttled int `json:"throttled"`  // submit_sm refused for now, and repeated
	FollowUps int `json:"follow_ups"` // receipts that came after the answer
	Segments  int `json:"segments"`   // received in all

	Gateway   *Usage  `json:"gateway,omitempty"`
	Generator float64 `json:"generator_cpu_us"` // CPU of this process for a round trip, in µs
	Host      Host    `json:"host_took"`

	Ceiling float64  `json:"ceiling,omitempty"` // durable round trips a second, nothing else done
	Share   float64  `json:"share,omitempty"`   // PerSecond of Ceiling
	Answers []Answer `json:"answers"`
	Notes   []string `json:"notes,omitempty"`
}

// Quantiles are of a duration, in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p99_9_ms"`
	Max  float64 `json:"max_ms"`
}

func quantiles(h *histogram) Quantiles {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return Quantiles{
		P50: ms(h.quantile(0.5)), P95: ms(h.quantile(0.95)), P99: ms(h.quantile(0.99)),
		P999: ms(h.quantile(0.999)), Max: ms(h.max),
	}
}

// String is the quantiles as people read them.
func (q Quantiles) String() string {
	return fmt.Sprintf("p50 %.2f  p95 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms", q.P50, q.P95, q.P99, q.P999, q.Max)
}

// Answer is how the gateway answered one kind of question, so that a reader
// sees that it was answered and not apologised for.
type Answer struct {
	Lang     i18n.Lang `json:"lang"`
	Text     string    `json:"text"` // of the first segment
	Segments int       `json:"segments"`
}

// Sound says that each round trip had its one right answer.
func (r Report) Sound() bool {
	return r.Lost == 0 && r.Doubled == 0 && r.Misrouted == 0 && r.Wrong == 0 && r.Refused == 0
}

// report sums a phase up.
func (t *traffic) report(cfg Config) Report {
	t.link.mu.Lock()
	defer t.link.mu.Unlock()
	c := t.tally
	end := t.ended
	if end == 0 {
		end = t.clock()
	}
	r := Report{
		Mix: cfg.Mix, Bengali: cfg.Bengali, Window: cfg.Window, UnderWay: cfg.UnderWay, Rate: cfg.Rate,
		Done: c.done, Seconds: (end - t.start).Seconds(),
		Latency: quantiles(c.latency), Ack: quantiles(c.ack),
		Lost: c.begun - c.done, Doubled: c.doubled, Misrouted: c.misrouted, Wrong: c.wrong,
		Refused: c.refused, Throttled: c.throttled, FollowUps: c.followUps, Segments: c.parts,
	}
	if r.Seconds > 0 {
		r.PerSecond = float64(c.latency.n) / r.Seconds
	}
	if c.status != 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("the latest refusal was %v", c.status))
	}
	if c.wrong > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("the latest wrong answer began %q", c.wrongText.String()))
	}
	r.Answers = t.answers()
	return r
}

// answers are the first answers, one for each language and step.
func (t *traffic) answers() []Answer {
	var all []Answer
	half := len(t.kinds) / 2
	for _, k := range []int{0, half} {
		for _, f := range t.firsts[k] {
			if f.segments > 0 {
				all = append(all, Answer{t.kinds[k].lang, f.answer.String(), int(f.segments)})
			}
		}
	}
	return all
}

// String is the text, as far as it can be read.
func (b body) String() string {
	text, _ := sms.Decode(b.octets, b.coding) // the best that can be had is good enough to look at
	return strings.ReplaceAll(text, "\n", " ")
}

// measureCeiling adds what the disk can do.
func (r *Report) measureCeiling(ctx context.Context, measure func(context.Context) (float64, error)) error {
	ceiling, err := measure(ctx)
	if err != nil {
		return fmt.Errorf("measure the durable ceiling: %w", err)
	}
	r.Ceiling = ceiling
	if ceiling > 0 {
		r.Share = r.PerSecond / ceiling
	}
	return nil
}

// writeReport writes a report as people or programs read it.
func writeReport(r fmt.Stringer, out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	_, err := io.WriteString(out, r.String())
	return err
}

// String is the report as people read it.
func (r Report) String() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-13s %s\n", name, fmt.Sprintf(format, args...))
	}
	how := "as fast as it goes"
	if r.Rate > 0 {
		how = fmt.Sprintf("%.0f begun a second", r.Rate)
	}
	fmt.Fprintf(&b, "%s, %.0f %% Bengali: %d round trips in %.2f s, %s, %d under way, window %d\n",
		r.Mix, 100*r.Bengali, r.Done, r.Seconds, how, r.UnderWay, r.Window)
	row("round trips", "%.0f a second", r.PerSecond)
	if r.Ceiling > 0 {
		row("", "%.0f %% of the durable ceiling, %.0f a second", 100*r.Share, r.Ceiling)
	}
	row("latency", "%v", r.Latency)
	row("acknowledged", "%v", r.Ack)
	row("answers", "lost %d, doubled %d, misrouted %d, wrong %d, refused %d, throttled %d, receipts after %d",
		r.Lost, r.Doubled, r.Misrouted, r.Wrong, r.Refused, r.Throttled, r.FollowUps)
	if r.Gateway != nil {
		row("gateway", "%v", r.Gateway)
	}
	row("generator", "%.1f µs of CPU a round trip", r.Generator)
	r.Host.row(&b)
	for _, a := range r.Answers {
		row(string(a.Lang), "%q, %d segments", a.Text, a.Segments)
	}
	for _, n := range r.Notes {
		row("note", "%s", n)
	}
	return b.String()
}
