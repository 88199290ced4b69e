package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// processors is what the processors of this machine have done since it started, in
// ticks.
type processors struct {
	all   int64
	taken int64 // what the host of a virtual machine gave to others meanwhile
}

// readProcessors reads the first line of /proc/stat, as proc(5) describes it; where
// there is none, nothing was done and nothing taken.
func readProcessors() processors {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return processors{}
	}
	return parseProcessors(string(stat))
}

func parseProcessors(stat string) processors {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	const steal = 8 // after it come guests' times, which are within the first ones
	if len(fields) <= steal || fields[0] != "cpu" {
		return processors{}
	}
	var p processors
	for _, f := range fields[1 : steal+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return processors{}
		}
		p.all, p.taken = p.all+n, n
	}
	return p
}

// since is what was done between before and p.
func (p processors) since(before processors) processors {
	return processors{p.all - before.all, p.taken - before.taken}
}

func (p processors) plus(more processors) processors {
	return processors{p.all + more.all, p.taken + more.taken}
}

// host is the part of the processors that was taken, 0 to 1.
func (p processors) host() Host {
	if p.all <= 0 {
		return 0
	}
	return Host(float64(p.taken) / float64(p.all))
}

// Host is the part of this machine's processors, 0 to 1, that its host took for
// others in a run. A run with much of it says little: besides that time, what is
// left is slower, since caches and cores are shared.
type Host float64

// noticed is the part that a report speaks of.
const noticed = 0.01

// row adds it to a report, if it is worth a line.
func (h Host) row(b *strings.Builder) {
	if h >= noticed {
		row(b, "host", "%v", h)
	}
}

// String is the part as people read it.
func (h Host) String() string {
	return fmt.Sprintf("took %.0f %% of the processors for others meanwhile", 100*float64(h))
}
