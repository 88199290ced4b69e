package bench

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// What a gateway on two cores is meant to reach, with its generator beside it.
const (
	goalHelp   = 0.40      // of the durable ceiling, for an answer without the ledger
	goalQuery  = 0.20      // of the durable ceiling, for a signed query by keyword
	goalCPU    = 120.0     // µs of gateway CPU for such a query
	goalMedian = 3.0       // ms, one message at a time
	goalTail   = 10.0      // ms, 99 of 100 of those
	goalHalf   = 100.0     // ms, 99 of 100 at half of the highest rate
	goalMemory = 128 << 20 // octets, with waiting messages
	waiting    = 10_000    // messages under way for that
)

// Goals drives the gateway in five ways, one after another, reports each and
// then says which of the goals it reached. The number of messages and the
// addresses are those of cfg; so is the ceiling, which the first two goals
// need.
func Goals(ctx context.Context, cfg Config, out io.Writer) ([]Report, error) {
	asJSON := cfg.JSON
	full, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	help, query, single, half, crowd := cfg, cfg, cfg, cfg, cfg
	help.Mix, help.Rate = Help, 0
	query.Mix, query.Rate, query.Ceiling = Query, 0, nil
	single.Mix, single.Rate, single.Ceiling = Help, 0, nil
	single.Window, single.UnderWay, single.N = 1, 1, max(full.N/10, 1)
	half.Mix, half.Ceiling = Help, nil
	crowd.Mix, crowd.Rate, crowd.Ceiling = Help, 0, nil
	crowd.Window, crowd.UnderWay, crowd.N = waiting, waiting, max(full.N, 2*waiting)

	var reports []Report
	for _, run := range []*Config{&help, &query, &single, &half, &crowd} {
		if run == &half {
			run.Rate = reports[0].PerSecond / 2
		}
		r, err := measure(ctx, *run)
		if err != nil {
			return reports, err
		}
		if run == &query && reports[0].Ceiling > 0 {
			r.Ceiling = reports[0].Ceiling
			r.Share = r.PerSecond / r.Ceiling
		}
		reports = append(reports, r)
		if err := writeReport(r, out, asJSON); err != nil {
			return reports, fmt.Errorf("write report: %w", err)
		}
	}
	if asJSON {
		return reports, nil
	}
	_, err = io.WriteString(out, verdict(reports))
	return reports, err
}

// goal is one line of the verdict.
type goal struct {
	what string
	got  string
	met  bool
}

// verdict says which goals the five reports of Goals reach.
func verdict(r []Report) string {
	help, query, single, half, crowd := r[0], r[1], r[2], r[3], r[4]
	goals := []goal{
		{"each message has its one right answer", sound(r), sound(r) == "yes"},
		{"help: 40 % of the ceiling", percent(help), help.Share >= goalHelp},
		{"query: 20 % of the ceiling", percent(query), query.Share >= goalQuery},
		{"query: 120 µs of CPU", usage(query, func(u *Usage) string { return fmt.Sprintf("%.0f µs", u.CPU) }), query.Gateway != nil && query.Gateway.CPU <= goalCPU},
		{"one at a time: p50 under 3 ms", fmt.Sprintf("%.2f ms", single.Latency.P50), single.Latency.P50 < goalMedian},
		{"one at a time: p99 under 10 ms", fmt.Sprintf("%.2f ms", single.Latency.P99), single.Latency.P99 < goalTail},
		{"half the peak: p99 under 100 ms", fmt.Sprintf("%.1f ms", half.Latency.P99), half.Latency.P99 < goalHalf},
		{"10,000 under way: 128 MiB", usage(crowd, func(u *Usage) string { return fmt.Sprintf("%.0f MiB", float64(u.most())/(1<<20)) }), crowd.Gateway != nil && crowd.Gateway.most() <= goalMemory},
	}
	return verdictOf(goals)
}

// verdictOf is the list of goals as people read it.
func verdictOf(goals []goal) string {
	var b strings.Builder
	b.WriteString("goals\n")
	for _, g := range goals {
		mark := "✗"
		if g.met {
			mark = "✓"
		}
		fmt.Fprintf(&b, "  %s %-40s %s\n", mark, g.what, g.got)
	}
	return b.String()
}

// most is the peak of memory, or what is known of it.
func (u *Usage) most() int64 { return max(u.Peak, u.RSS) }

func sound(reports []Report) string {
	for _, r := range reports {
		if !r.Sound() {
			return "no"
		}
	}
	return "yes"
}

func percent(r Report) string {
	if r.Ceiling == 0 {
		return "the ceiling was not measured"
	}
	return fmt.Sprintf("%.0f %%, %.0f of %.0f a second", 100*r.Share, r.PerSecond, r.Ceiling)
}

func usage(r Report, say func(*Usage) string) string {
	if r.Gateway == nil {
		return "not known"
	}
	return say(r.Gateway)
}
