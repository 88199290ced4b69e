package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticksPerSecond is the unit of CPU times in /proc on Linux: USER_HZ, which is
// 100 on all of its architectures.
const ticksPerSecond = 100

// metricsTimeout is how long the admin listener may take to answer.
const metricsTimeout = 5 * time.Second

// errNoGauge says that neither a process nor an admin listener was named.
var errNoGauge = errors.New("the gateway's CPU and memory are unknown: neither its process nor its admin listener was named")

// Usage is what the gateway has used for a run.
type Usage struct {
	CPU  float64 `json:"cpu_us"`   // for a round trip, in µs
	Peak int64   `json:"peak_rss"` // octets, since the process began; 0 if unknown
	RSS  int64   `json:"rss"`      // octets, after the run
}

// String is the usage as people read it.
func (u *Usage) String() string {
	const mib = 1 << 20
	s := fmt.Sprintf("%.0f µs of CPU a round trip, %.0f MiB of memory", u.CPU, float64(u.RSS)/mib)
	if u.Peak > 0 {
		s += fmt.Sprintf(", %.0f MiB at its peak", float64(u.Peak)/mib)
	}
	return s
}

// reading is what a process has used so far.
type reading struct {
	cpu       time.Duration
	rss, peak int64
}

func (r reading) since(before reading, trips int) *Usage {
	return &Usage{CPU: micros(r.cpu-before.cpu, trips), RSS: r.rss, Peak: r.peak}
}

// micros is a duration's share of one round trip, in µs.
func micros(d time.Duration, trips int) float64 {
	if trips == 0 {
		return 0
	}
	return float64(d) / float64(time.Microsecond) / float64(trips)
}

// gauge reads what the gateway has used.
type gauge struct {
	pid   int
	admin string
}

func newGauge(cfg Config) gauge { return gauge{cfg.PID, cfg.AdminAddr} }

func (g gauge) read(ctx context.Context) (reading, error) {
	switch {
	case g.pid > 0:
		return readProcess(g.pid)
	case g.admin != "":
		return readMetrics(ctx, g.admin)
	}
	return reading{}, errNoGauge
}

// readProcess reads /proc, as proc(5) describes it.
func readProcess(pid int) (reading, error) {
	folder := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(folder + "/stat")
	if err != nil {
		return reading{}, fmt.Errorf("read the gateway's CPU time: %w", err)
	}
	// The name, field 2, is in brackets and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 14 - 3, 15 - 3 // fields are counted from 1, and 3 comes first here
	if len(fields) <= system {
		return reading{}, fmt.Errorf("read the gateway's CPU time: %s/stat is cut off", folder)
	}
	var ticks int64
	for _, f := range []int{user, system} {
		n, err := strconv.ParseInt(fields[f], 10, 64)
		if err != nil {
			return reading{}, fmt.Errorf("read the gateway's CPU time: %w", err)
		}
		ticks += n
	}
	r := reading{cpu: time.Duration(ticks) * time.Second / ticksPerSecond}
	status, err := os.ReadFile(folder + "/status")
	if err != nil {
		return reading{}, fmt.Errorf("read the gateway's memory: %w", err)
	}
	r.rss, r.peak = kibibytes(status, "VmRSS:"), kibibytes(status, "VmHWM:")
	return r, nil
}

// kibibytes reads a line such as "VmHWM:    5124 kB" and gives octets; 0 if
// there is none.
func kibibytes(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}

// readMetrics asks the admin listener, which counts CPU time more coarsely and
// knows no peak.
func readMetrics(ctx context.Context, addr string) (reading, error) {
	var r reading
	err := eachMetric(ctx, addr, func(name string, n float64) {
		switch name {
		case "process_cpu_seconds_total":
			r.cpu = time.Duration(n * float64(time.Second))
		case "process_resident_memory_bytes":
			r.rss = int64(n)
		}
	})
	if err == nil && r.rss == 0 {
		err = fmt.Errorf("http://%s/metrics names no process: is it the gateway's admin listener?", addr)
	}
	return r, err
}

// eachMetric reads what the admin listener counts: each name with its labels.
func eachMetric(ctx context.Context, addr string, take func(name string, n float64)) error {
	ctx, cancel := context.WithTimeout(ctx, metricsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return fmt.Errorf("read the gateway's metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("read the gateway's metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read from
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		take(name, n)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the gateway's metrics: %w", err)
	}
	return nil
}

// ownCPU is the CPU time of this process; 0 if the system does not say.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
