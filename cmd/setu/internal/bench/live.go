package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// goalLive is the most memory of a gateway that holds 10,000 idle connections,
// octets.
const goalLive = 400 << 20

const (
	livePerPhone = 4                // connections that a phone may hold
	liveCallers  = 32               // phones that log in at once
	liveHold     = 5 * time.Second  // that all are held, idle, before memory is read
	livePatience = 30 * time.Second // for a connection or a notice
)

// LiveConfig is one measurement of live connections that have nothing to say.
type LiveConfig struct {
	Addr      string // of the gateway's public listener
	AdminAddr string // of its admin listener, where its memory is read
	PID       int    // of the gateway, when its admin listener is not reached
	N         int    // connections
	// Bare starts a server of gorilla's alone, in a process of its own: it greets
	// each connection and reads it until it ends.
	Bare  func(ctx context.Context) (*Bare, error)
	Goals bool
	JSON  bool
	Now   func() time.Time // nil for time.Now
}

// LiveMemory is what one server takes for its connections.
type LiveMemory struct {
	Before int64   `json:"rss_before"` // octets
	RSS    int64   `json:"rss"`        // octets, with all connections
	Each   float64 `json:"each"`       // octets, for one connection
	Opened float64 `json:"opened_s"`   // seconds that it took to open them
}

// LiveReport is what the connections have come to.
type LiveReport struct {
	N       int        `json:"connections"`
	Gateway LiveMemory `json:"gateway"`
	Bare    LiveMemory `json:"bare"`
	// Notice is the time in ms from the login of another phone until one of all is
	// told of it.
	Notice float64 `json:"notice_ms"`
	Lost   int     `json:"lost"` // connections that ended by themselves
	goals  bool
}

// Sound says that none was lost, and with goals that memory is within them.
func (r LiveReport) Sound() bool { return r.Lost == 0 && (!r.goals || r.Gateway.RSS < goalLive) }

// String is the report as people read it.
func (r LiveReport) String() string {
	const mib, kib = 1 << 20, 1 << 10
	var b strings.Builder
	line := func(name string, m LiveMemory) {
		fmt.Fprintf(&b, "%-13s %6d idle connections  %4.0f MiB (%.0f without them)  %5.1f KiB each  opened in %.1f s",
			name, r.N, float64(m.RSS)/mib, float64(m.Before)/mib, m.Each/kib, m.Opened)
	}
	line("gateway", r.Gateway)
	if r.goals {
		verdict := "missed"
		if r.Gateway.RSS < goalLive {
			verdict = "reached"
		}
		fmt.Fprintf(&b, " (goal %d MiB: %s)", goalLive/mib, verdict)
	}
	b.WriteByte('\n')
	line("bare gorilla", r.Bare)
	fmt.Fprintf(&b, "\nanother phone logs in, and one of them is told within %.1f ms\n", r.Notice)
	if r.Lost > 0 {
		fmt.Fprintf(&b, "%d CONNECTIONS LOST\n", r.Lost)
	}
	return b.String()
}

// RunLive opens connections, leaves them idle and reads the server's memory: of
// the gateway, and then of a server of gorilla's alone.
func RunLive(ctx context.Context, cfg LiveConfig, out io.Writer) (LiveReport, error) {
	if cfg.N < 1 {
		return LiveReport{}, fmt.Errorf("%w: at least one connection", ErrConfig)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	report := LiveReport{N: cfg.N, goals: cfg.Goals}
	if err := cfg.gateway(ctx, &report); err != nil {
		return report, err
	}
	bare, err := cfg.Bare(ctx)
	if err != nil {
		return report, fmt.Errorf("start gorilla alone: %w", err)
	}
	if err := errors.Join(cfg.bare(ctx, bare, &report), bare.Stop()); err != nil {
		return report, err
	}
	return report, writeReport(report, out, cfg.JSON)
}

// gateway measures the gateway. Its phones have logged in before it begins.
func (cfg LiveConfig) gateway(ctx context.Context, report *LiveReport) error {
	phones, err := LogIn(ctx, cfg.Addr, (cfg.N+livePerPhone-1)/livePerPhone)
	if err != nil {
		return err
	}
	open := func(ctx context.Context, i int) (*liveConn, error) {
		p := phones[i/livePerPhone]
		var t struct{ Ticket string }
		raw, err := p.Request("POST", "/v1/live", "", "")
		if err == nil {
			err = p.do(ctx, raw, http.StatusCreated, &t)
		}
		if err != nil {
			return nil, fmt.Errorf("ask for a ticket: %w", err)
		}
		return dialLive(ctx, cfg.Addr, p.Source, "/v1/live?ticket="+t.Ticket)
	}
	conns, err := cfg.measure(ctx, gauge{cfg.PID, cfg.AdminAddr}, open, &report.Gateway)
	defer func() { report.Lost += conns.close() }()
	if err != nil {
		return err
	}
	report.Notice, err = cfg.notice(ctx, conns[0], phones[0])
	return err
}

// notice is how long it takes, in ms, from the login of a citizen's other phone
// until her first one is told of it.
func (cfg LiveConfig) notice(ctx context.Context, first *liveConn, phone *APIPhone) (float64, error) {
	other := &APIPhone{Addr: cfg.Addr, Now: cfg.Now, Source: phone.Source}
	begun := cfg.Now()
	if err := other.LogIn(ctx, phone.number); err != nil {
		return 0, err
	}
	if err := first.next(ctx); err != nil {
		return 0, fmt.Errorf("wait for a notice: %w", err)
	}
	return milliseconds(cfg.Now().Sub(begun)), nil
}

// bare measures gorilla alone.
func (cfg LiveConfig) bare(ctx context.Context, bare *Bare, report *LiveReport) error {
	open := func(ctx context.Context, i int) (*liveConn, error) {
		return dialLive(ctx, bare.Addr, source(i/(livePerPhone*perSource)), "/")
	}
	conns, err := cfg.measure(ctx, gauge{pid: bare.PID}, open, &report.Bare)
	conns.close()
	return err
}

// measure opens all connections and reads what the server's memory comes to.
func (cfg LiveConfig) measure(ctx context.Context, g gauge, open func(context.Context, int) (*liveConn, error), m *LiveMemory) (conns liveConns, err error) {
	before, err := g.read(ctx)
	if err != nil {
		return nil, err
	}
	conns = make(liveConns, cfg.N)
	begun := cfg.Now()
	err = inParallel(ctx, cfg.N, func(ctx context.Context, i int) error {
		var err error
		conns[i], err = open(ctx, i)
		return err
	})
	if err != nil {
		return conns, err
	}
	m.Opened = cfg.Now().Sub(begun).Seconds()
	if err := stay(ctx, liveHold); err != nil {
		return conns, err
	}
	after, err := g.read(ctx)
	if err != nil {
		return conns, err
	}
	m.Before, m.RSS, m.Each = before.rss, after.rss, float64(after.rss-before.rss)/float64(cfg.N)
	return conns, nil
}
