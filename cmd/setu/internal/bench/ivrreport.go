package bench

import (
	"fmt"
	"strings"
)

// What a gateway on two cores is meant to reach with a thousand calls, their callers
// beside it.
const (
	goalGap        = 25.0     // ms, 99 of 100 gaps between packets
	goalSound      = 1.5      // times the CPU of a loop that only sends the same sound
	goalCallMemory = 40 << 10 // octets a call
)

// IVRReport is what was measured of calls.
type IVRReport struct {
	Calls   int     `json:"calls"`
	Rate    float64 `json:"rate"` // begun in a second
	Cores   int     `json:"cores"`
	Seconds float64 `json:"seconds"` // that were measured

	Refused int       `json:"refused"`
	Dropped int       `json:"dropped"` // that ended before their callers hung up
	SetUp   Quantiles `json:"set_up"`  // from INVITE to the answer
	Pacing  Pacing    `json:"pacing"`

	Keys       int       `json:"keys"` // presses, one or a number each
	Unanswered int       `json:"unanswered"`
	Replies    Quantiles `json:"replies"` // from a key to the first sound of the reply

	Gateway   *IVRUsage  `json:"gateway,omitempty"`
	Generator float64    `json:"generator_cores"`
	Host      Host       `json:"host_took"`
	Bare      *BareSound `json:"bare,omitempty"`
	Notes     []string   `json:"notes,omitempty"`

	goals bool
}

// Pacing is how packets of sound have come, by the kernel's clock at the receiver.
type Pacing struct {
	Packets   int       `json:"packets"`
	Gap       Quantiles `json:"gap"`
	Late      int       `json:"late"` // came over 30 ms after the one before
	Lost      int       `json:"lost"`
	Stretched int       `json:"stretched"` // calls whose sound took over 1 % longer than it should
}

// IVRUsage is what the gateway has used.
type IVRUsage struct {
	Cores  float64 `json:"cores"`
	Memory int64   `json:"memory"` // octets a call, over those without calls
	RSS    int64   `json:"rss"`    // octets in all
}

// BareSound is the same sound from a loop that only sends.
type BareSound struct {
	Cores  float64 `json:"cores"`
	Ratio  float64 `json:"ratio"` // of the gateway's cores to these; 0 if unknown
	Pacing Pacing  `json:"pacing"`
}

// Sound says that all calls came about and each key was answered.
func (r IVRReport) Sound() bool {
	return r.Refused == 0 && r.Dropped == 0 && r.Unanswered == 0 && r.Pacing.Packets > 0
}

// String is the report as people read it.
func (r IVRReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d calls at once that play and collect keys, %.0f set up a second, measured for %.0f s\n", r.Calls, r.Rate, r.Seconds)
	row(&b, "set-up", "%v", r.SetUp)
	row(&b, "calls", "refused %d, dropped %d, stretched %d", r.Refused, r.Dropped, r.Pacing.Stretched)
	row(&b, "gap", "%v", r.Pacing.Gap)
	row(&b, "packets", "%d, late %d, lost %d", r.Pacing.Packets, r.Pacing.Late, r.Pacing.Lost)
	row(&b, "keys", "%d presses, unanswered %d", r.Keys, r.Unanswered)
	row(&b, "", "%v to the reply's first sound", r.Replies)
	if g := r.Gateway; g != nil {
		row(&b, "gateway", "%.2f cores of %d, %.1f KiB a call, %.0f MiB in all", g.Cores, r.Cores, float64(g.Memory)/(1<<10), float64(g.RSS)/(1<<20))
	}
	row(&b, "callers", "%.2f cores", r.Generator)
	r.Host.row(&b)
	if bare := r.Bare; bare != nil {
		row(&b, "bare loop", "%.2f cores for sending alone, in a process of its own", bare.Cores)
		row(&b, "", "gap %v", bare.Pacing.Gap)
		row(&b, "", "%d packets, late %d, lost %d, stretched %d", bare.Pacing.Packets, bare.Pacing.Late, bare.Pacing.Lost, bare.Pacing.Stretched)
		if bare.Ratio > 0 {
			row(&b, "ratio", "%.2f times the CPU of the bare loop", bare.Ratio)
		}
	}
	for _, n := range r.Notes {
		row(&b, "note", "%s", n)
	}
	if r.goals {
		b.WriteString(r.verdict())
	}
	return b.String()
}

// verdict says which goals were reached.
func (r IVRReport) verdict() string {
	sound := "yes"
	if !r.Sound() {
		sound = "no"
	}
	goals := []goal{
		{"each call came about, each key was answered", sound, r.Sound()},
		{fmt.Sprintf("%d calls: p99 gap under 25 ms", r.Calls), fmt.Sprintf("%.1f ms", r.Pacing.Gap.P99), r.Pacing.Gap.P99 < goalGap && r.Pacing.Packets > 0},
		{"none stretched", fmt.Sprintf("%d", r.Pacing.Stretched), r.Pacing.Stretched == 0 && r.Pacing.Packets > 0},
	}
	if r.Bare != nil {
		goals = append(goals, goal{"1.5 times the CPU of the bare loop", fmt.Sprintf("%.2f", r.Bare.Ratio), r.Bare.Ratio > 0 && r.Bare.Ratio <= goalSound})
	}
	memory := goal{what: "40 KiB a call", got: "not known"}
	if r.Gateway != nil {
		memory.got, memory.met = fmt.Sprintf("%.1f KiB", float64(r.Gateway.Memory)/(1<<10)), r.Gateway.Memory < goalCallMemory
	}
	return verdictOf(append(goals, memory))
}
