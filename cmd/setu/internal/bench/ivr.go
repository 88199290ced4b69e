package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"setu/cmd/setu/internal/softphone"
)

// IVRConfig is one measurement of calls. Zero values are the defaults of
// [IVRConfig.withDefaults].
type IVRConfig struct {
	Addr string // of the gateway's SIP listener, over UDP; default 127.0.0.1:5060
	Code string // the number that is called; default 51969

	Calls int           // at the same time; default 1,000
	Rate  float64       // calls begun in a second; default 50
	Talk  time.Duration // how long all of them are measured; default 20 s

	// PID is the gateway's process, and AdminAddr its admin listener, as in
	// [Config].
	PID       int
	AdminAddr string
	// Bare starts a process that sends the sound of so many calls to addresses and
	// does nothing else; nil for not measured.
	Bare func(ctx context.Context, to []string) (*Bare, error)

	Goals bool // say which goals were reached
	JSON  bool // one JSON object instead of text
	Now   func() time.Time
}

func (c IVRConfig) withDefaults() (IVRConfig, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:5060"
	}
	if c.Code == "" {
		c.Code = "51969"
	}
	if c.Calls == 0 {
		c.Calls = 1000
	}
	if c.Rate == 0 {
		c.Rate = 50
	}
	if c.Talk == 0 {
		c.Talk = 20 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Calls < 1 || c.Calls > mostCalls || c.Rate < 0 || c.Talk < time.Second {
		return c, fmt.Errorf("%w: %d calls, %.0f a second, %v: give 1 to %d calls and a second or more", errIVR, c.Calls, c.Rate, c.Talk, mostCalls)
	}
	return c, nil
}

var errIVR = errors.New("bench: unusable setting")

// mostCalls is what one host has ports for.
const mostCalls = 10_000

// RunIVR makes calls that talk all at once, and then lets a bare loop send the same
// sound to the same number of telephones.
func RunIVR(ctx context.Context, cfg IVRConfig, out io.Writer) (IVRReport, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return IVRReport{}, err
	}
	report := IVRReport{Calls: cfg.Calls, Rate: cfg.Rate, Cores: runtime.NumCPU(), goals: cfg.Goals}
	if err := cfg.gateway(ctx, &report); err != nil {
		return report, err
	}
	if cfg.Bare != nil {
		if err := cfg.bare(ctx, &report); err != nil {
			return report, fmt.Errorf("measure the bare loop: %w", err)
		}
	}
	if err := writeReport(report, out, cfg.JSON); err != nil {
		return report, fmt.Errorf("write report: %w", err)
	}
	return report, nil
}

// gateway measures the gateway.
func (c IVRConfig) gateway(ctx context.Context, report *IVRReport) (err error) {
	phone, err := softphone.New(ctx, softphone.Config{Gateway: c.Addr})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- phone.Run(ctx) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	meter := gauge{c.PID, c.AdminAddr}
	idle, err := meter.read(ctx)
	if err != nil {
		report.Notes = append(report.Notes, err.Error())
	}
	callers := &callers{cfg: c, phone: phone}
	defer callers.hangUp(context.WithoutCancel(ctx))
	if err := callers.dial(ctx); err != nil {
		return err
	}
	if err := callers.talk(ctx, settle); err != nil {
		return err
	}
	machine := readProcessors()
	before, own := callers.begin(ctx, meter)
	if err := callers.talk(ctx, c.Talk); err != nil {
		return err
	}
	after, _ := meter.read(ctx) // an error has been noted above
	callers.sum(report)
	report.Generator, report.Host = (ownCPU()-own).Seconds()/report.Seconds, readProcessors().since(machine).host()
	if err == nil && before.rss > 0 {
		report.Gateway = &IVRUsage{
			Cores:  (after.cpu - before.cpu).Seconds() / report.Seconds,
			Memory: max(after.rss-idle.rss, 0) / int64(c.Calls-report.Refused), RSS: after.rss,
		}
	}
	return nil
}

// settle is how long calls go on before they are measured.
const settle = 2 * time.Second

// bare measures the bare loop.
func (c IVRConfig) bare(ctx context.Context, report *IVRReport) error {
	sinks, err := newSinks(ctx, c.Calls-report.Refused) // as many as came about
	if err != nil {
		return err
	}
	defer sinks.close()
	bare, err := c.Bare(ctx, sinks.addrs)
	if err != nil {
		return err
	}
	err = sinks.measure(ctx, c, gauge{pid: bare.PID}, report)
	return errors.Join(err, bare.Stop())
}
