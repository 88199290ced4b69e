package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"setu/cmd/setu/internal/softphone"
)

// What callers of a soak do, in turn.
const (
	complete  = iota // ask for an answer by keys, and hang up behind it
	dropped          // vanish in the middle, without a word
	cancelled        // hang up while it rings, or as it is answered
	silent           // press nothing
	held             // put the gateway on hold, come back and go on
	kinds
)

// SoakReport is what a soak has left behind. Counts of calls are those of the
// callers, all others the gateway's own.
type SoakReport struct {
	Calls   int     `json:"calls"` // at the same time
	Seconds float64 `json:"seconds"`
	Placed  int64   `json:"placed"`
	// Kinds are those of them that were to be complete, dropped, cancelled, silent
	// and on hold.
	Kinds   [kinds]int64 `json:"kinds"`
	Refused int64        `json:"refused"` // by a gateway that is full or late
	Broken  int64        `json:"broken"`  // that ended otherwise than their callers meant
	// Before and After are what the gateway holds without calls.
	Before Holding `json:"before"`
	After  Holding `json:"after"`
}

// Holding is what a gateway holds on to.
type Holding struct {
	Live       int64 `json:"live"`    // calls under way
	Streams    int64 `json:"streams"` // of media, a port for sound and one for RTCP each
	Ended      int64 `json:"ended"`   // calls that have come to an end, since its start
	Goroutines int64 `json:"goroutines"`
	Files      int64 `json:"files"` // descriptors, ports among them
}

// Slack is what may come and go without calls: connections of the database and of
// the admin listener.
const (
	slackGoroutines = 20
	slackFiles      = 8
)

// Clean says that every call has come to an end and nothing is left of any.
func (r SoakReport) Clean() bool {
	return r.After.Live == 0 && r.After.Streams == 0 && r.After.Ended-r.Before.Ended >= r.Placed-r.Kinds[cancelled] && r.Placed > 0 &&
		r.After.Goroutines <= r.Before.Goroutines+slackGoroutines && r.After.Files <= r.Before.Files+slackFiles
}

// String is the report as people read it.
func (r SoakReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d calls at once for %.0f s\n", r.Calls, r.Seconds)
	row(&b, "placed", "%d: %d complete, %d dropped, %d cancelled, %d silent, %d held; refused %d, broken %d", r.Placed,
		r.Kinds[complete], r.Kinds[dropped], r.Kinds[cancelled], r.Kinds[silent], r.Kinds[held], r.Refused, r.Broken)
	row(&b, "ended", "%d by the gateway's count, %d under way, %d streams open", r.After.Ended-r.Before.Ended, r.After.Live, r.After.Streams)
	row(&b, "goroutines", "%d before, %d after", r.Before.Goroutines, r.After.Goroutines)
	row(&b, "files", "%d before, %d after, ports among them", r.Before.Files, r.After.Files)
	verdict := "clean"
	if !r.Clean() {
		verdict = "something is left of calls"
	}
	row(&b, "verdict", "%s", verdict)
	return b.String()
}

// errAdmin says that a soak needs to look inside.
var errAdmin = errors.New("bench: a soak reads the gateway's own counts: name its admin listener with --admin")

// SoakIVR has callers do all that callers do for a time, waits until the gateway has
// noticed that they are gone, and says what is left. It is sound only while nobody
// else uses the gateway.
func SoakIVR(ctx context.Context, cfg IVRConfig, long time.Duration, out io.Writer) (SoakReport, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return SoakReport{}, err
	}
	if cfg.AdminAddr == "" {
		return SoakReport{}, errAdmin
	}
	s := soak{cfg: cfg, report: SoakReport{Calls: cfg.Calls, Seconds: long.Seconds()}}
	if s.report.Before, err = holding(ctx, cfg.AdminAddr); err != nil {
		return s.report, err
	}
	if err := s.run(ctx, long); err != nil {
		return s.report, err
	}
	if s.report.After, err = s.settled(ctx); err != nil {
		return s.report, err
	}
	if err := writeReport(s.report, out, cfg.JSON); err != nil {
		return s.report, fmt.Errorf("write report: %w", err)
	}
	return s.report, nil
}

// holding asks a gateway what it holds.
func holding(ctx context.Context, admin string) (Holding, error) {
	var h Holding
	err := eachMetric(ctx, admin, func(name string, n float64) {
		switch {
		case name == "setu_calls_live":
			h.Live = int64(n)
		case name == "setu_rtp_streams":
			h.Streams = int64(n)
		case name == "go_goroutines":
			h.Goroutines = int64(n)
		case name == "process_open_fds":
			h.Files = int64(n)
		case strings.HasPrefix(name, "setu_calls_total"):
			h.Ended += int64(n)
		}
	})
	return h, err
}

// soak is one under way.
type soak struct {
	cfg    IVRConfig
	phone  *softphone.Phone
	report SoakReport
	next   atomic.Int64
}

// run lets the callers call.
func (s *soak) run(ctx context.Context, long time.Duration) (err error) {
	if s.phone, err = softphone.New(ctx, softphone.Config{Gateway: s.cfg.Addr}); err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.phone.Run(serving) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	tick := time.NewTicker(time.Duration(float64(time.Second) / s.cfg.Rate))
	defer tick.Stop()
	var callers sync.WaitGroup
	slots := make(chan struct{}, s.cfg.Calls)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			callers.Wait()
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			callers.Wait()
			return nil
		}
		n := s.next.Add(1)
		callers.Go(func() {
			defer func() { <-slots }()
			s.call(ctx, n)
		})
	}
}

// call is one call, of the kind whose turn it is.
func (s *soak) call(ctx context.Context, n int64) {
	kind := int(n % kinds)
	atomic.AddInt64(&s.report.Placed, 1)
	atomic.AddInt64(&s.report.Kinds[kind], 1)
	asked, giveUp := context.WithCancel(ctx)
	defer giveUp()
	if kind == cancelled {
		defer time.AfterFunc(time.Duration(n%7)*time.Millisecond, giveUp).Stop()
	}
	from := fmt.Sprintf("+919%09d", (s.cfg.Now().UnixMilli()%900_000*1000+n)%1_000_000_000)
	c, err := s.phone.Call(asked, from, s.cfg.Code, s.cfg.Now)
	if err != nil {
		switch {
		case errors.Is(err, softphone.ErrRefused):
			atomic.AddInt64(&s.report.Refused, 1)
			_ = stay(ctx, time.Second) // the gateway asks for patience
		case asked.Err() == nil:
			atomic.AddInt64(&s.report.Broken, 1)
		}
		return
	}
	over := context.WithoutCancel(ctx)
	if kind == dropped {
		_ = stay(ctx, time.Duration(1+n%5)*time.Second) // or the soak is over
		c.Drop()
		return
	}
	if err := errors.Join(s.act(ctx, c, kind), c.HangUp(over)); err != nil && ctx.Err() == nil {
		atomic.AddInt64(&s.report.Broken, 1)
	}
}

// act is what a caller does in a call before she hangs up.
func (s *soak) act(ctx context.Context, c *softphone.Call, kind int) error {
	switch kind {
	case complete:
		return s.walk(ctx, c)
	case silent:
		select {
		case <-c.Ended(): // the gateway gives up
		case <-ctx.Done():
		}
	case held:
		if err := stay(ctx, 2*time.Second); err != nil {
			return nil // the soak is over
		}
		if err := c.Hold(ctx, true); err != nil {
			return err
		}
		_ = stay(ctx, 3*time.Second) // or the soak is over
		if err := c.Hold(context.WithoutCancel(ctx), false); err != nil {
			return err
		}
		return s.walk(ctx, c)
	}
	return nil
}

// walk presses the keys to an answer, each when what is said has been said.
func (s *soak) walk(ctx context.Context, c *softphone.Call) error {
	l := &line{crowd: new(arrivals)}
	c.Stream.Hear(l.hear)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for step := 0; step < len(walk); {
		select {
		case <-tick.C:
		case <-c.Ended():
			return errors.New("the gateway has hung up")
		case <-ctx.Done():
			return nil
		}
		if l.due(s.cfg.Now()) {
			if err := c.Stream.Send(walk[step]); err != nil {
				return err
			}
			step++
		}
	}
	return nil
}

// settling bounds the time in which a gateway notices that telephones are gone,
// which takes it a minute, and gives up on answers that were never confirmed.
const settling = 3 * time.Minute

// settled waits until no call is under way, and what they used is given back.
func (s *soak) settled(ctx context.Context) (Holding, error) {
	for end := s.cfg.Now().Add(settling); ; {
		h, err := holding(ctx, s.cfg.AdminAddr)
		if err != nil {
			return h, err
		}
		r := s.report
		if r.After = h; r.Clean() || s.cfg.Now().After(end) {
			return h, nil
		}
		if err := stay(ctx, time.Second); err != nil {
			return h, err
		}
	}
}
