package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// USSDConfig is one measurement of USSD. Zero values are the defaults of
// [USSDConfig.withDefaults].
type USSDConfig struct {
	Addr string // of the gateway's public listener; default 127.0.0.1:8080
	Path string // of the Africa's Talking dialect; default /ussd/africastalking
	Code string // the service code, without * and #; default 51969

	Levels []int // concurrent sessions, one run each; default 50, 500, 5,000
	// Citizens are known to the gateway before the runs begin; default 2,000, at
	// least two for each concurrent session.
	Citizens int
	N        int     // sessions that count in a run; default 10,000, at least four for each concurrent one
	Mix      Mix     // what is asked; default Query
	Bengali  float64 // share of citizens in Bengali, 0 to 1
	// New is the share of sessions by citizens who never dialled before and
	// are asked for their language first, 0 to 1.
	New float64
	// Rate is how many screens are asked for in a second, whether or not the
	// gateway keeps up, in the place of the runs that go as fast as they can.
	Rate float64
	// Share is the part of the highest rate at which a last run is made; 0 for
	// none.
	Share float64

	// Patience is how long a screen may take before it counts as lost; default
	// 10 s.
	Patience time.Duration
	// PID is the gateway's process, and AdminAddr its admin listener, as in
	// [Config].
	PID       int
	AdminAddr string
	// Bare starts a plain fiber handler in a process of its own that answers
	// every call with [Constant]; nil for not measured.
	Bare func(ctx context.Context) (*Bare, error)

	// Goals says which goals were reached.
	Goals bool
	// JSON makes the report one JSON object instead of text.
	JSON bool
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

// Bare is the plain handler that a gateway is measured beside.
type Bare struct {
	Addr string
	PID  int
	Stop func() error
}

// Constant is what the plain handler answers: a menu of the usual length.
const Constant = "CON কী জানতে চান?\n1 শেষ টাকা\n2 টাকা পেয়েছি\n0 পিছনে"

// runParts is how many parts a run is made in, those of the gateway in turn with
// those of the plain handler: so what a shared machine does meanwhile falls on
// both.
const runParts = 4

// rateCallers is how many sessions may be under way in a run at a fixed rate.
const rateCallers = 1_000

func (c USSDConfig) withDefaults() (USSDConfig, error) {
	c.Addr = orText(c.Addr, "127.0.0.1:8080")
	c.Path = orText(c.Path, "/ussd/africastalking")
	c.Code = orText(c.Code, "51969")
	c.N = orNumber(c.N, 10_000)
	c.Citizens = orNumber(c.Citizens, 2_000)
	c.Patience = orNumber(c.Patience, 10*time.Second)
	if c.Mix == "" {
		c.Mix = Query
	}
	if len(c.Levels) == 0 {
		c.Levels = []int{50, 500, 5_000}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, level := range c.Levels {
		if level < 1 || level > maxCallers {
			return c, fmt.Errorf("%w: between 1 and %d concurrent sessions", ErrConfig, maxCallers)
		}
	}
	switch {
	case c.Mix == Help:
		return c, fmt.Errorf("%w: USSD has the mixes query and submit", ErrConfig)
	case c.Bengali < 0 || c.Bengali > 1, c.New < 0 || c.New > 1, c.Share < 0 || c.Share > 1:
		return c, fmt.Errorf("%w: a share is between 0 and 1", ErrConfig)
	case c.N < runParts || c.Rate < 0:
		return c, fmt.Errorf("%w: sessions and rate are above 0", ErrConfig)
	}
	return c, nil
}

// RunUSSD drives the gateway over the Africa's Talking dialect as cfg says and
// writes a report to out: at each level as many sessions at once as it says,
// each of them a conversation with a service in which every screen is checked,
// side by side with the same calls to a plain handler; then at a share of the
// highest rate.
func RunUSSD(ctx context.Context, cfg USSDConfig, out io.Writer) (USSDReport, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return USSDReport{}, err
	}
	b := &ussdBench{cfg: cfg, talk: newTalk(cfg), gauge: gauge{cfg.PID, cfg.AdminAddr}}
	report, err := b.run(ctx)
	if err != nil && len(report.Runs) == 0 {
		return report, err
	}
	if werr := writeReport(report, out, cfg.JSON); werr != nil && err == nil {
		err = fmt.Errorf("write report: %w", werr)
	}
	return report, err
}

// ussdBench is one measurement under way.
type ussdBench struct {
	cfg   USSDConfig
	talk  *talk
	gauge gauge
	bare  *Bare
}

func (b *ussdBench) run(ctx context.Context) (report USSDReport, err error) {
	report = USSDReport{Mix: b.cfg.Mix, Bengali: b.cfg.Bengali, New: b.cfg.New, goals: b.cfg.Goals}
	if b.cfg.Bare != nil {
		if b.bare, err = b.cfg.Bare(ctx); err != nil {
			return report, fmt.Errorf("start the plain handler: %w", err)
		}
		defer func() { err = errors.Join(err, b.bare.Stop()) }()
	}
	if err := b.enrol(ctx); err != nil {
		return report, err
	}
	report.Answers = b.talk.answers()
	if b.cfg.Rate > 0 {
		err = b.atRate(ctx, b.cfg.Rate, &report)
		return report, err
	}
	peak := 0.0
	for _, level := range b.cfg.Levels {
		r, err := b.level(ctx, level)
		report.Runs = append(report.Runs, r)
		if err != nil {
			return report, err
		}
		peak = max(peak, r.Screens.PerSecond)
	}
	if b.cfg.Share > 0 {
		err = b.atRate(ctx, b.cfg.Share*peak, &report)
	}
	return report, err
}

// enrol lets every citizen who is to be known already dial once, which warms
// the gateway up too.
func (b *ussdBench) enrol(ctx context.Context) error {
	c, err := newCrowd(ctx, b.cfg, b.talk, b.cfg.Addr, min(enrolling, b.talk.citizens))
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.phase(ctx, b.talk.citizens, 0); err != nil {
		return fmt.Errorf("enrol citizens: %w", err)
	}
	if t := &c.tally; t.wrong+t.lost+t.refused > 0 {
		return fmt.Errorf("%w: of %d sessions before the run: %s", ErrSilent, b.talk.citizens, t.trouble())
	}
	b.talk.enrolled.Store(true)
	return nil
}

// level measures one number of concurrent sessions, and the plain handler
// beside it.
func (b *ussdBench) level(ctx context.Context, callers int) (USSDRun, error) {
	run := USSDRun{Callers: callers}
	n := max(b.cfg.N, 4*callers) / runParts
	var sides []*side
	defer func() {
		for _, s := range sides {
			s.crowd.close()
		}
	}()
	add := func(addr string, g gauge, t *talk) error {
		c, err := newCrowd(ctx, b.cfg, t, addr, callers)
		if err == nil {
			sides = append(sides, &side{crowd: c, gauge: g})
		}
		return err
	}
	if err := add(b.cfg.Addr, b.gauge, b.talk); err != nil {
		return run, err
	}
	if b.bare != nil {
		if err := add(b.bare.Addr, gauge{pid: b.bare.PID}, b.talk.plain()); err != nil {
			return run, err
		}
	}
	var err error
	for i := 0; i < runParts && err == nil; i++ {
		for _, s := range sides {
			if err = s.slice(ctx, n, 0); err != nil {
				break
			}
		}
	}
	run.sum(sides)
	return run, err
}

// atRate measures at a fixed number of screens a second.
func (b *ussdBench) atRate(ctx context.Context, screens float64, report *USSDReport) error {
	c, err := newCrowd(ctx, b.cfg, b.talk, b.cfg.Addr, rateCallers)
	if err != nil {
		return err
	}
	defer c.close()
	s := &side{crowd: c, gauge: b.gauge}
	// No run lasts so long that its end would not be seen, nor ends before it
	// has begun.
	sessions := screens / b.talk.screens()
	n := max(min(b.cfg.N, int(sessions*longest.Seconds())), runParts)
	err = s.slice(ctx, n, sessions)
	run := USSDRun{Rate: screens}
	run.sum([]*side{s})
	report.Runs = append(report.Runs, run)
	return err
}

// longest is how long a run at a fixed rate may last.
const longest = 20 * time.Second

// side is one of the two that are measured beside each other.
type side struct {
	crowd   *crowd
	gauge   gauge
	seconds float64
	cpu     time.Duration // of the server; meaningless when unknown is set
	rss     int64
	peak    int64
	own     time.Duration // of the generator
	machine processors    // meanwhile
	unknown error         // why the server's CPU and memory are not known
}

// slice makes one part of a run.
func (s *side) slice(ctx context.Context, n int, rate float64) error {
	before, err := s.gauge.read(ctx)
	s.note(err)
	own, machine, start := ownCPU(), readProcessors(), s.crowd.cfg.Now()
	err = s.crowd.phase(ctx, n, rate)
	s.seconds += s.crowd.cfg.Now().Sub(start).Seconds()
	s.own, s.machine = s.own+ownCPU()-own, s.machine.plus(readProcessors().since(machine))
	after, gaugeErr := s.gauge.read(ctx)
	s.note(gaugeErr)
	s.cpu += after.cpu - before.cpu
	s.rss, s.peak = after.rss, after.peak
	return err
}

// note keeps the first reason why the server's CPU and memory are not known.
func (s *side) note(err error) {
	if s.unknown == nil {
		s.unknown = err
	}
}
