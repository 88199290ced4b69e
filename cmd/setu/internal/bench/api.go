package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// APIConfig is one measurement of the mobile API.
type APIConfig struct {
	Addr    string // of the gateway's public listener
	N       int    // requests of each kind
	Callers int    // connections, each of a phone that waits for its answers
	// Requests are the kinds of request, ready to be sent: making and signing
	// them is not measured.
	Requests []APIKind
	// Bare starts a plain fiber handler in a process of its own, which also
	// checks one signature with each call to /verify.
	Bare  func(ctx context.Context) (*Bare, error)
	Goals bool
	JSON  bool
	Now   func() time.Time // nil for time.Now
}

// APIKind is a kind of request.
type APIKind struct {
	Name   string
	Status int // that is right
	// Beside is the request to the plain handler that it is measured beside.
	Beside []byte
	// Goal is the least share of the plain handler's rate; 0 is none.
	Goal float64
	// Part is how many times fewer requests are made than of the others; 0 is 1.
	Part int
	// Make is the i-th request of a caller, as it is sent.
	Make func(caller, i int) ([]byte, error)
}

// APIRun is what one kind has come to.
type APIRun struct {
	Name     string  `json:"name"`
	Rate     float64 `json:"per_second"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	BareRate float64 `json:"bare_per_second"`
	Share    float64 `json:"share_of_bare"`
	Goal     float64 `json:"goal,omitempty"`
	Host     Host    `json:"host_took"`       // the plain handler beside it included
	Wrong    int     `json:"wrong"`           // answers with another status
	Fault    string  `json:"fault,omitempty"` // the first of them
}

// Reached says that the run is at its goal; without one it is.
func (r APIRun) Reached() bool { return r.Wrong == 0 && r.Share >= r.Goal }

// APIReport is what all kinds have come to.
type APIReport struct {
	Runs  []APIRun `json:"runs"`
	goals bool
}

// Sound says that every answer was right, and with goals that these are reached.
func (r APIReport) Sound() bool {
	for _, run := range r.Runs {
		if run.Wrong > 0 || r.goals && !run.Reached() {
			return false
		}
	}
	return true
}

// String is the report as people read it.
func (r APIReport) String() string {
	var b strings.Builder
	for _, run := range r.Runs {
		verdict := ""
		if r.goals && run.Goal > 0 {
			verdict = fmt.Sprintf(" (goal %.0f %%: missed)", 100*run.Goal)
			if run.Reached() {
				verdict = fmt.Sprintf(" (goal %.0f %%: reached)", 100*run.Goal)
			}
		}
		if run.Host >= noticed {
			verdict += fmt.Sprintf("; the host %v", run.Host)
		}
		if run.Wrong > 0 {
			verdict += fmt.Sprintf(", %d WRONG ANSWERS, such as %s", run.Wrong, run.Fault)
		}
		fmt.Fprintf(&b, "%-24s %8.0f/s  p50 %6.2f ms  p99 %6.2f ms  %3.0f %% of a plain handler's %.0f/s%s\n",
			run.Name, run.Rate, run.P50, run.P99, 100*run.Share, run.BareRate, verdict)
	}
	return b.String()
}

// RunAPI measures each kind of request over kept connections, in parts that take
// turns with the plain handler's.
func RunAPI(ctx context.Context, cfg APIConfig, out io.Writer) (APIReport, error) {
	if cfg.N < runParts*cfg.Callers || cfg.Callers < 1 {
		return APIReport{}, fmt.Errorf("%w: at least one caller, and %d requests for each", ErrConfig, runParts)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	bare, err := cfg.Bare(ctx)
	if err != nil {
		return APIReport{}, fmt.Errorf("start the plain handler: %w", err)
	}
	report := APIReport{goals: cfg.Goals}
	for _, kind := range cfg.Requests {
		var run APIRun
		if run, err = cfg.run(ctx, kind, bare.Addr); err != nil {
			break
		}
		report.Runs = append(report.Runs, run)
	}
	err = errors.Join(err, bare.Stop())
	if err == nil {
		err = writeReport(report, out, cfg.JSON)
	}
	return report, err
}

// run measures one kind.
func (cfg APIConfig) run(ctx context.Context, kind APIKind, bare string) (APIRun, error) {
	each := max(cfg.N/max(1, kind.Part)/cfg.Callers, runParts) / runParts // requests of a caller in a part
	requests, err := cfg.requests(kind, each*runParts)
	if err != nil {
		return APIRun{}, fmt.Errorf("%s: %w", kind.Name, err)
	}
	beside := slices.Repeat([][][]byte{slices.Repeat([][]byte{kind.Beside}, each)}, cfg.Callers)
	var times histogram
	var took, tookBare time.Duration
	run, machine := APIRun{Name: kind.Name, Goal: kind.Goal}, readProcessors()
	for part := range runParts {
		of := make([][][]byte, cfg.Callers)
		for c := range of {
			of[c] = requests[c][part*each : (part+1)*each]
		}
		d, wrong, err := cfg.send(ctx, cfg.Addr, of, kind.Status, &times)
		if err != nil {
			return run, fmt.Errorf("%s: %w", kind.Name, err)
		}
		took, run.Wrong = took+d, run.Wrong+len(wrong)
		if run.Fault == "" && len(wrong) > 0 {
			run.Fault = wrong[0]
		}
		if d, _, err = cfg.send(ctx, bare, beside, http.StatusOK, &histogram{}); err != nil {
			return run, fmt.Errorf("plain handler: %w", err)
		}
		tookBare += d
	}
	n := float64(each * runParts * cfg.Callers)
	run.Rate, run.BareRate = n/took.Seconds(), n/tookBare.Seconds()
	run.Share = run.Rate / run.BareRate
	run.Host = readProcessors().since(machine).host()
	run.P50, run.P99 = milliseconds(times.quantile(0.5)), milliseconds(times.quantile(0.99))
	return run, nil
}

// requests are n requests of each caller.
func (cfg APIConfig) requests(kind APIKind, n int) ([][][]byte, error) {
	all := make([][][]byte, cfg.Callers)
	for c := range all {
		for i := range n {
			r, err := kind.Make(c, i)
			if err != nil {
				return nil, err
			}
			all[c] = append(all[c], r)
		}
	}
	return all, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// send sends each caller's requests over a connection of its own, and waits for
// every answer. wrong are those with another status.
func (cfg APIConfig) send(ctx context.Context, addr string, requests [][][]byte, status int, times *histogram) (took time.Duration, wrong []string, err error) {
	conns := make([]net.Conn, cfg.Callers)
	for i := range conns {
		if conns[i], err = new(net.Dialer).DialContext(ctx, "tcp", addr); err != nil {
			return 0, nil, err
		}
		defer func() { _ = conns[i].Close() }()
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	begun := cfg.Now()
	for i, c := range conns {
		wg.Go(func() {
			own, bad, failed := cfg.call(c, requests[i], status)
			mu.Lock()
			defer mu.Unlock()
			wrong, err = append(wrong, bad...), errors.Join(err, failed)
			for _, d := range own {
				times.add(d)
			}
		})
	}
	wg.Wait()
	return cfg.Now().Sub(begun), wrong, err
}

// call sends requests on one connection, one after another.
func (cfg APIConfig) call(c net.Conn, requests [][]byte, status int) (times []time.Duration, wrong []string, err error) {
	in, answer := bufio.NewReader(c), bytes.Buffer{}
	times = make([]time.Duration, 0, len(requests))
	for _, r := range requests {
		begun := cfg.Now()
		if err := c.SetDeadline(begun.Add(30 * time.Second)); err != nil {
			return times, wrong, err
		}
		if _, err := c.Write(r); err != nil {
			return times, wrong, err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return times, wrong, err
		}
		answer.Reset()
		_, err = answer.ReadFrom(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return times, wrong, err
		}
		times = append(times, cfg.Now().Sub(begun))
		if resp.StatusCode != status {
			wrong = append(wrong, fmt.Sprintf("HTTP %d: %.300s", resp.StatusCode, answer.Bytes()))
		}
	}
	return times, wrong, nil
}

// askOnce sends one request on a connection of its own, and gives the answer.
func askOnce(ctx context.Context, addr string, from net.Addr, request []byte) (body []byte, status int, err error) {
	c, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, 0, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, 0, err
	}
	body, err = io.ReadAll(resp.Body)
	return body, resp.StatusCode, errors.Join(err, resp.Body.Close())
}
