// Package bench drives a running gateway over SMPP from a process of its own,
// as the partner whose subscribers are the citizens: it submits messages,
// takes the gateway's answers as deliver_sm, and matches them.
//
// Each round trip under way has a citizen's number of its own, so an answer
// is matched by the number that it is sent to and by how its text begins. A
// number is used again only after all others had their turn, so an answer
// that comes twice is told from the next one.
//
// The generator has one connection and two goroutines that matter: one reads
// and, for whatever has come, encodes the next messages at once; the other
// writes all that is encoded in one call. It takes 1 to 2 µs of CPU for a
// round trip (measured, see BenchmarkGenerator), so that on a machine that it
// shares with the gateway it is the gateway that is measured.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Errors of [Run]. A run that ends with lost or doubled answers is no error:
// the [Report] says so.
var (
	// ErrRefused says that the gateway did not let the generator bind.
	ErrRefused = errors.New("bench: bind refused")
	// ErrConfig says that the settings do not fit together.
	ErrConfig = errors.New("bench: unusable setting")
	// ErrSilent says that the gateway took messages and answered none.
	ErrSilent = errors.New("bench: the gateway answers nothing")
	// ErrLink says that the connection ended before the run did.
	ErrLink = errors.New("bench: link lost")
)

// Config is one run. Zero values are the defaults of [Config.withDefaults].
type Config struct {
	Addr     string // of the gateway's SMPP listener; default 127.0.0.1:2775
	SystemID string // of the partner; default sandbox
	Password string // of the partner; default sandbox
	Code     string // the short code that is written to; default 51969

	N        int     // round trips that count; default 20,000
	WarmUp   int     // round trips before them; default 1,000, negative for none
	Window   int     // submit_sm without an answer; default 400
	UnderWay int     // round trips under way; default 1,000
	Citizens int     // numbers in use; default 10,000, at least 2 for each round trip under way
	Bengali  float64 // share of messages in Bengali, 0 to 1
	Mix      Mix     // what is asked; default Help
	// Steps, when not empty, are said instead of what the mix says: one
	// message of one segment each, the next after the answer to the last.
	Steps []string
	// Rate is how many round trips are begun in a second, whether or not the
	// gateway keeps up; latency then counts from when a message was due. 0
	// begins the next as soon as one has ended.
	Rate float64

	// Patience is how long nothing may be answered before the rest is given
	// up as lost; default 10 s.
	Patience time.Duration
	// Linger is how long answers that come twice are waited for after the
	// last one; default 300 ms, negative for not at all.
	Linger time.Duration

	// PID is the gateway's process, whose CPU time and memory are read from
	// /proc; 0 for unknown.
	PID int
	// AdminAddr is the gateway's admin listener, whose /metrics say the same
	// when PID is 0; empty for unknown.
	AdminAddr string
	// Ceiling measures how many durable round trips a second this machine's
	// disk and one writer can do with nothing else, after the run; nil for
	// not measured.
	Ceiling func(ctx context.Context) (float64, error)

	// JSON makes the report one JSON object instead of text.
	JSON bool
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	c.Addr = orText(c.Addr, "127.0.0.1:2775")
	c.SystemID = orText(c.SystemID, "sandbox")
	c.Password = orText(c.Password, "sandbox")
	c.Code = orText(c.Code, "51969")
	c.N = orNumber(c.N, 20_000)
	c.WarmUp = orNumber(c.WarmUp, 1_000)
	c.Window = orNumber(c.Window, 400)
	c.UnderWay = orNumber(c.UnderWay, 1_000)
	c.Citizens = max(orNumber(c.Citizens, 10_000), 2*c.UnderWay)
	c.Patience = orNumber(c.Patience, 10*time.Second)
	c.Linger = orNumber(c.Linger, 300*time.Millisecond)
	if c.Mix == "" {
		c.Mix = Help
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.Bengali < 0 || c.Bengali > 1:
		return c, fmt.Errorf("%w: the share of Bengali is between 0 and 1", ErrConfig)
	case c.N < 0 || c.Window < 1 || c.UnderWay < 1:
		return c, fmt.Errorf("%w: messages, window and round trips under way are above 0", ErrConfig)
	case c.Window > maxWindow || c.Citizens > maxCitizens:
		return c, fmt.Errorf("%w: at most a window of %d and %d citizens", ErrConfig, maxWindow, maxCitizens)
	case c.Rate < 0:
		return c, fmt.Errorf("%w: the rate is not below 0", ErrConfig)
	}
	return c, nil
}

func orText(v, d string) string {
	if v == "" {
		return d
	}
	return v
}

// orNumber gives d for zero, and zero for a negative number that stands for none.
func orNumber[T int | time.Duration](v, d T) T {
	switch {
	case v == 0:
		return d
	case v < 0:
		return 0
	}
	return v
}

// Run drives the gateway as cfg says and writes the report to out. It returns
// what was measured also when the run was cut short by ctx or a lost link.
func Run(ctx context.Context, cfg Config, out io.Writer) (Report, error) {
	report, err := measure(ctx, cfg)
	if err != nil && report.PerSecond == 0 {
		return report, err
	}
	if werr := writeReport(report, out, cfg.JSON); werr != nil && err == nil {
		err = fmt.Errorf("write report: %w", werr)
	}
	return report, err
}

// measure is Run without its report written.
func measure(ctx context.Context, cfg Config) (Report, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Report{}, err
	}
	kinds, err := cfg.kinds()
	if err != nil {
		return Report{}, err
	}
	l, err := dial(ctx, cfg)
	if err != nil {
		return Report{}, err
	}
	t := newTraffic(cfg, kinds, l)
	stop := l.serve(ctx, t)
	defer stop()

	if cfg.WarmUp > 0 {
		if err := t.phase(ctx, cfg.WarmUp, 0); err != nil {
			return Report{}, fmt.Errorf("warm up: %w", err)
		}
		if r := t.report(cfg); r.Latency.Max == 0 {
			return r, fmt.Errorf("%w: %v", ErrSilent, strings.Join(r.Notes, "; "))
		}
	}
	gauge := newGauge(cfg)
	before, beforeErr := gauge.read(ctx)
	own, machine := ownCPU(), readProcessors()
	err = t.phase(ctx, cfg.N, cfg.Rate)
	after, afterErr := gauge.read(ctx)
	report := t.report(cfg)
	report.Generator, report.Host = micros(ownCPU()-own, report.Done), readProcessors().since(machine).host()
	if beforeErr == nil && afterErr == nil {
		report.Gateway = after.since(before, report.Done)
	} else {
		report.Notes = append(report.Notes, errors.Join(beforeErr, afterErr).Error())
	}
	stop()
	if err == nil && cfg.Ceiling != nil {
		err = report.measureCeiling(ctx, cfg.Ceiling)
	}
	return report, err
}
