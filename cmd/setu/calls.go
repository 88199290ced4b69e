package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/callback"
	"setu/ivr/conductor"
	"setu/ivr/ivrari"
	"setu/ivr/ivrsip"
	"setu/ivr/ivrtwiml"
	"setu/ivr/rtp"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

// callParts are what all calls have in common, and their drivers.
type callParts struct {
	voice     *voice.Speaker
	conductor *conductor.Conductor
	board     conductor.Board
	media     *rtp.Engine
	sip       *ivrsip.Driver
	sipIn     ivrsip.Listeners
	twiml     *ivrtwiml.Driver
	ari       *ivrari.Driver
	dialler   *callback.Dialler
	desk      *callback.Desk    // before the dialogues
	missed    []gateway.Address // numbers of ours that are called back
	// mute says that there is no voice, so that no call can be answered.
	mute atomic.Bool
}

// openCalls makes the parts of calls.
func (g *gatewayParts) openCalls() error {
	c := &g.calls
	var err error
	if c.voice, err = g.cfg.speaker(); err != nil {
		return err
	}
	c.desk.Next = g.turns
	for _, n := range g.cfg.IVR.MissedCall {
		c.missed = append(c.missed, number(n))
	}
	c.conductor = conductor.New(conductor.Config{
		Handler: c.desk, Words: g.cat, Voice: c.voice, Log: g.log.With(slog.String("part", "calls")), Now: time.Now,
		MaxLength: time.Duration(g.cfg.IVR.MaxCall), CallBack: c.dialler.Policy.May,
	})
	if err := g.openTwiML(); err != nil {
		return err
	}
	if err := g.openSIP(); err != nil {
		return err
	}
	return g.openARI()
}

// Busy says that no more calls are taken: media would suffer, or nothing could be
// said.
func (c *callParts) Busy() bool { return c.mute.Load() || c.media.Busy() }

// Open opens the media of a call.
func (c *callParts) Open() (*rtp.Stream, error) { return c.media.Open() }

// voiceRetry is how often a voice is looked for that is not there.
const voiceRetry = time.Minute

// rehearse makes the prompts that hold no values, so that no call waits for them.
// Without a voice calls are refused until there is one.
func (g *gatewayParts) rehearse(ctx context.Context) {
	c := &g.calls
	tick := time.NewTicker(voiceRetry)
	defer tick.Stop()
	for {
		err := g.prepare(ctx)
		if err == nil || ctx.Err() != nil {
			if c.mute.Swap(false) {
				g.log.InfoContext(ctx, "calls are answered again")
			}
			return
		}
		if !c.mute.Swap(true) {
			g.log.ErrorContext(ctx, "calls are refused: there is no voice", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// prepare makes the prompts of all languages: first one of each, which tells
// whether there is a voice, then the rest.
func (g *gatewayParts) prepare(ctx context.Context) error {
	all := make([][]speech.Sentence, 0, len(i18n.Langs()))
	for _, l := range i18n.Langs() {
		sentences := ivr.Fixed(g.cat, l)
		if err := g.calls.voice.Prepare(ctx, sentences[:min(1, len(sentences))]); err != nil {
			return err
		}
		all = append(all, sentences)
	}
	for _, sentences := range all {
		if err := g.calls.voice.Prepare(ctx, sentences); err != nil {
			return err
		}
	}
	g.log.InfoContext(ctx, "prompts of calls are ready")
	return nil
}

// hearsCalls says that calls with media of ours can come in or go out.
func (g *gatewayParts) hearsCalls() bool { return g.hearsSIP() || len(g.cfg.IVR.ARI) > 0 }

// hearsSIP says that some of them can by SIP.
func (g *gatewayParts) hearsSIP() bool {
	return g.calls.sipIn.UDP != nil || g.calls.sipIn.TLS != nil
}

// callCollector reads the board of calls.
type callCollector struct {
	calls                    *callParts
	ended, live, dropped, up *prometheus.Desc
}

func newCallCollector(c *callParts) *callCollector {
	return &callCollector{
		calls:   c,
		ended:   prometheus.NewDesc("setu_calls_total", "Calls by trunk and how they ended.", []string{"link", "end"}, nil),
		live:    prometheus.NewDesc("setu_calls_live", "Calls under way.", nil, nil),
		dropped: prometheus.NewDesc("setu_sip_dropped_total", "SIP messages from hosts that no trunk knows, or that sent too many.", nil, nil),
		up:      prometheus.NewDesc("setu_sip_trunk_up", "1 when a trunk has answered or registered us when it was asked last.", []string{"link"}, nil),
	}
}

// Describe names the metrics.
func (c *callCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.ended, c.live, c.dropped, c.up} {
		ch <- d
	}
}

// Collect reads them.
func (c *callCollector) Collect(ch chan<- prometheus.Metric) {
	for e, n := range c.calls.board.Ends() {
		ch <- prometheus.MustNewConstMetric(c.ended, prometheus.CounterValue, float64(n), e.Link, string(e.End))
	}
	ch <- prometheus.MustNewConstMetric(c.live, prometheus.GaugeValue, float64(c.calls.board.Live()))
	ch <- prometheus.MustNewConstMetric(c.dropped, prometheus.CounterValue, float64(c.calls.sip.Dropped()))
	for name, up := range c.calls.sip.Trunks() {
		n := 0.0
		if up {
			n = 1
		}
		ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, n, name)
	}
}

// serveCalls answers the operators' list of calls.
func (c *callParts) serveCalls(ctx *fiber.Ctx) error { return ctx.JSON(c.board.Lines()) }

// callsCmd lists calls.
type callsCmd struct{ running }

// Run lists the calls under way and those that ended last.
func (c *callsCmd) Run(ctx context.Context, io streams) error {
	var lines []conductor.Line
	if err := c.call(ctx, http.MethodGet, "/api/calls", nil, &lines); err != nil {
		return err
	}
	if err := c.showExchanges(ctx, io); err != nil {
		return err
	}
	if len(lines) == 0 {
		fmt.Fprintln(io.out, "no calls since the start")
		return nil
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CALL\tTRUNK\tWAY\tBEGAN\tTALKED\tEND")
	for _, l := range lines {
		way, end, until := "in", string(l.End), l.Ended
		if l.Out {
			way = "out"
		}
		if l.Ended.IsZero() {
			end, until = "under way", time.Now()
		}
		talked := "-"
		if !l.Answered.IsZero() {
			talked = until.Sub(l.Answered).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.Link, way, l.Began.Local().Format(time.DateTime), talked, end)
	}
	return w.Flush()
}

// listenSIP opens the configured addresses of SIP: UDP and TCP on the same port.
func (g *gatewayParts) listenSIP(ctx context.Context) error {
	in := &g.calls.sipIn
	fail := func(err error) error {
		return fmt.Errorf("listen for calls: %w; another program, perhaps another gateway, has the address: see listen.sip", err)
	}
	opened := func(c interface{ Close() error }) {
		g.closers = append(g.closers, func() error {
			if err := c.Close(); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	var err error
	if addr := g.cfg.Listen.SIP; addr != "" {
		if in.UDP, in.TCP, err = ivrsip.Listen(ctx, addr); err != nil {
			return fail(err)
		}
		opened(in.UDP)
		opened(in.TCP)
	}
	if addr := g.cfg.Listen.SIPS; addr != "" {
		if in.TLS, err = g.cfg.IVR.SIP.listenTLS(ctx, addr); err != nil {
			return fail(err)
		}
		opened(in.TLS)
	}
	return nil
}
