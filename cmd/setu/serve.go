package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"setu/channels/smppsms"
	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/catalogue"
	"setu/gateway/console"
	"setu/gateway/dialogue"
	"setu/gateway/follow"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
	"setu/ledgerclient/fabric"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
	"setu/mobileapi"
	"setu/mobileapi/handset"
	"setu/ussd"
	"setu/ussd/ussdhttp"
	"setu/ussd/ussdsmpp"
)

// drainTime is how long a gateway that is told to stop lets what is under way
// finish: links 5 s, turns 10 s, the outbox and the store 5 s.
const drainTime = 20 * time.Second

// pruneEvery is how often finished messages that are old enough are deleted.
const pruneEvery = time.Hour

// serveCmd runs the gateway.
type serveCmd struct {
	Config   string   `help:"Configuration file; without it the sandbox runs." type:"existingfile"`
	Data     string   `help:"Data folder, in place of the configured one."`
	Services []string `help:"Folders of further services, in addition to the configured ones." type:"existingdir"`
	Dialects []string `help:"Folders of further dialects of USSD gateways, in addition to the configured ones." type:"existingdir"`
	Public   string   `help:"Public HTTP address, in place of the configured one."`
	SMPP     string   `help:"Address for partners, in place of the configured one." name:"smpp"`
	Admin    string   `help:"Admin address, in place of the configured one."`
	SIP      string   `help:"Address for calls by SIP, in place of the configured one; none for no calls." name:"sip"`
}

// configuration is the configuration that the command line asks for.
func (s *serveCmd) configuration() (Config, error) {
	c, err := LoadConfig(s.Config)
	if err != nil {
		return c, err
	}
	for _, over := range []struct {
		flag string
		at   *string
	}{{s.Data, &c.Data}, {s.Public, &c.Listen.Public}, {s.SMPP, &c.Listen.SMPP}, {s.Admin, &c.Listen.Admin}, {s.SIP, &c.Listen.SIP}} {
		if over.flag != "" {
			*over.at = over.flag
		}
	}
	if c.Listen.SIP == noSIP {
		c.Listen.SIP = ""
	}
	c.Services = append(c.Services, s.Services...)
	c.USSD.Dialects = append(c.USSD.Dialects, s.Dialects...)
	return c, nil
}

// Run runs the gateway until it is told to stop.
func (s *serveCmd) Run(ctx context.Context, io streams) error {
	c, err := s.configuration()
	if err != nil {
		return err
	}
	log, err := logger(c.Log, io.err)
	if err != nil {
		return err
	}
	if ownMemory() {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
	g, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer g.close()
	if err := g.listen(ctx); err != nil {
		return err
	}
	g.greet(io.out)
	return g.run(ctx)
}

// gatewayParts is a gateway, put together and not yet running.
type gatewayParts struct {
	cfg     Config
	log     *slog.Logger
	cat     *catalogue.Catalogue
	store   *sqlite.Store
	keys    *keys.Store
	sandbox *sandbox.Ledger
	ledger  *circuit.Ledger
	// follower is nil when the ledger's driver gives no blocks.
	follower *follow.Follower
	// member is nil when the ledger is not a Fabric network.
	member  *fabric.Ledger
	engine  *dialogue.Engine
	turns   *turn.Taker
	outbox  *outbox.Worker
	sms     *smppsms.Driver
	console *console.Server
	// ussdSMPP serves USSD on the SMPP links that carry it.
	ussdSMPP *ussdsmpp.Driver

	dialects ussdhttp.Dialects
	dialers  []ussdhttp.Gateway     // that call us by HTTP
	layouts  map[string]ussd.Layout // of those, by name
	ussdHTTP *ussdhttp.Driver
	public   *public
	calls    callParts
	app      *mobileapi.API // for phones with data

	handset *handset.Desk // of the page /try; nil outside the sandbox

	publicListener, smppListener, adminListener net.Listener

	audit  *audit.Keeper
	signer *signer

	closers []func() error
}

// open puts a gateway together, from the store outwards.
func open(ctx context.Context, c Config, log *slog.Logger) (g *gatewayParts, err error) {
	g = &gatewayParts{cfg: c, log: log}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return g, fmt.Errorf("make data folder: %w", err)
	}
	if g.cat, err = loadServices(c); err != nil {
		return g, err
	}
	if g.store, err = sqlite.Open(c.Data, sqlite.Options{
		Log: log.With(slog.String("part", "store")),
		Redelivers: func(first, bind string, stored time.Time) bool {
			return g.sms == nil || g.sms.Redelivers(first, bind, stored)
		},
	}); err != nil {
		return g, err
	}
	g.closers = append(g.closers, g.store.Close)
	signer, err := g.openKeys()
	if err != nil {
		return g, err
	}
	if err := g.openLedger(signer); err != nil {
		return g, err
	}
	if err := g.loadUSSD(); err != nil {
		return g, err
	}
	if err := g.openDialler(); err != nil {
		return g, err
	}
	g.engine = dialogue.New(g.cat, dialogue.Options{Screens: g.screens, Calls: g.calls.dialler.Policy.May})
	if err := g.openSMS(); err != nil {
		return g, err
	}
	g.openHandset()
	g.outbox = outbox.New(outbox.Config{
		Store: g.store, Ledger: g.ledger, Dialogue: g.engine, Words: g.cat, Signer: signer,
		Senders: g.senders(), Former: formerSender{textSender{g: g, links: g.sms.Senders()}}, Log: log.With(slog.String("part", "outbox")), Now: time.Now,
		Outcome: func(r ledgerclient.Receipt, reply gateway.Reply) { g.turns.Settled(r, reply) },
		Begin:   g.caughtUp(), Following: g.following,
	})
	g.turns = turn.New(ctx, turn.Config{
		Store: g.store, Dialogue: g.engine, Ledger: g.ledger, Signer: signer, Words: g.cat, Outbox: g.outbox,
		Log: log.With(slog.String("part", "turn")), Now: time.Now, Patience: time.Duration(c.Ledger.Patience),
		LivePatience: map[gateway.Medium]time.Duration{
			gateway.USSD: time.Duration(c.USSD.Patience), gateway.IVR: time.Duration(c.IVR.Patience), gateway.App: mobileapi.DefaultPatience,
		},
		Back: g.back, Late: g.late, CallBack: g.wishes, Screens: g.screens,
	})
	if err := g.openUSSD(); err != nil {
		return g, err
	}
	if err := g.openCalls(); err != nil {
		return g, err
	}
	if err := g.openApp(signer); err != nil {
		return g, err
	}
	g.mountHandset()
	if err := g.openAudit(ctx, signer); err != nil {
		return g, err
	}
	return g, g.openConsole()
}

// openLedger opens the configured ledger behind its circuit breaker.
func (g *gatewayParts) openLedger(signer *signer) error {
	driver, err := ledgerDrivers[g.cfg.Ledger.Driver](g, signer)
	if err != nil {
		return err
	}
	g.openFollower(driver)
	g.ledger = circuit.New(driver, circuit.Options{OnChange: func(up bool) {
		g.log.Warn("way to the ledger", slog.Bool("up", up))
		if up {
			g.outbox.WakeLedger()
		}
	}})
	return nil
}

// openSMS makes the links and the partners' server.
func (g *gatewayParts) openSMS() error {
	c := smppsms.Config{
		Acceptor: acceptor{g}, Store: receipts{g.store, g}, Log: g.log.With(slog.String("part", "smpp")), Now: time.Now,
		OnUp: g.wake,
	}
	var err error
	if c.Links, c.Partners, err = g.cfg.peers(); err != nil {
		return err
	}
	if err := g.openDialogues(); err != nil {
		return err
	}
	c.Dialogues = g.ussdSMPP
	g.sms, err = smppsms.New(c)
	return err
}

// acceptor passes messages to the turns, which are made after the drivers:
// replies need the drivers, messages need the turns.
type acceptor struct{ g *gatewayParts }

// Accept passes a message on.
func (a acceptor) Accept(in gateway.Inbound, joined gateway.FragmentKey, done func(error)) {
	a.g.turns.Accept(in, joined, done)
}

// openConsole makes the operators' side and its token.
func (g *gatewayParts) openConsole() error {
	token := rand.Text()
	if err := os.WriteFile(g.cfg.path(tokenFile), []byte(token+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the operators' token: %w", err)
	}
	acts, err := g.openActs()
	if err != nil {
		return err
	}
	c := console.Config{
		Acts: acts, Token: token, Queue: desk{g.store, g.outbox}, Standing: g.store.Standing, Findings: g.store.Findings, Metrics: g.metrics(),
		Checks: g.checks(), ResetPIN: g.turns.ResetPIN, Wake: g.outbox.WakeLedger, Log: g.log.With(slog.String("part", "console")),
	}
	if c.Documents, err = g.documents(); err != nil {
		return err
	}
	c.Calls, c.CallBacks = g.calls.serveCalls, g.serveCallBacks
	g.auditDocuments(c.Documents)
	c.Documents[exchangesDoc] = g.exchangesDocument
	if g.sandbox != nil {
		c.SetFaults = func(f console.Faults) error {
			g.sandbox.SetFaults(sandbox.Faults{Delay: time.Duration(f.Delay), Down: f.Down, ForgetAnswers: f.Forget})
			return nil
		}
	}
	g.console = console.New(c)
	return nil
}

// listen opens the configured listeners.
func (g *gatewayParts) listen(ctx context.Context) error {
	var lc net.ListenConfig
	for _, l := range []struct {
		what, addr string
		at         *net.Listener
	}{{"USSD gateways", g.cfg.Listen.Public, &g.publicListener}, {"SMPP", g.cfg.Listen.SMPP, &g.smppListener}, {"admin", g.cfg.Listen.Admin, &g.adminListener}} {
		if l.addr == "" {
			continue
		}
		ln, err := lc.Listen(ctx, "tcp", l.addr)
		if err != nil {
			return fmt.Errorf("listen for %s: %w; another program, perhaps another gateway, has the address", l.what, err)
		}
		*l.at = ln
		g.closers = append(g.closers, func() error {
			if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	return g.listenSIP(ctx)
}

// run serves until ctx ends, then stops in the reverse order: first the links,
// so that nothing new comes in, then the turns in hand, then the outbox.
func (g *gatewayParts) run(ctx context.Context) error {
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()
	var background errgroup.Group
	background.Go(func() error { return g.outbox.Run(inner) })
	if g.follower != nil {
		background.Go(func() error { g.follower.Run(inner); return nil })
	}
	background.Go(func() error { g.prune(inner); return nil })
	background.Go(func() error { g.audit.Run(inner); return nil })
	background.Go(func() error { g.keys.Watch(inner, g.log.With(slog.String("part", "keys"))); return nil })
	recovered, err := g.turns.Recover(ctx)
	if err != nil {
		return err
	}
	if recovered > 0 {
		g.log.InfoContext(ctx, "taking up accepted messages", slog.Int("messages", recovered))
	}
	front, frontCtx := errgroup.WithContext(ctx)
	front.Go(func() error { return g.sms.Run(frontCtx, g.smppListener) })
	if g.adminListener != nil {
		front.Go(func() error { return g.console.Run(frontCtx, g.adminListener) })
	}
	if g.publicListener != nil {
		front.Go(func() error { return g.public.run(frontCtx, g.publicListener) })
		if ownMemory() {
			background.Go(func() error { limitMemory(inner, g.public.app.Server().GetOpenConnectionsCount); return nil })
		}
	}
	if g.hearsCalls() {
		background.Go(func() error { return g.calls.media.Run(inner) })
		background.Go(func() error { g.rehearse(inner); return nil })
	}
	if g.hearsSIP() {
		front.Go(func() error { return g.calls.sip.Run(frontCtx, g.calls.sipIn) })
	}
	front.Go(func() error { return g.calls.ari.Run(frontCtx) })
	front.Go(func() error { return g.calls.twiml.Run(frontCtx) })
	front.Go(func() error { return g.calls.dialler.Run(frontCtx) })
	front.Go(func() error { <-frontCtx.Done(); g.app.Close(); return nil })
	err = front.Wait()
	g.log.InfoContext(ctx, "stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if g.handset != nil {
		g.handset.Close()
	}
	g.turns.Close(drain)
	stopInner()
	return errors.Join(err, background.Wait())
}

// prune deletes old finished messages from time to time.
func (g *gatewayParts) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if _, err := g.store.Prune(ctx, time.Now().Add(-time.Duration(g.cfg.SMS.Keep))); err != nil && ctx.Err() == nil {
			g.log.ErrorContext(ctx, "old messages not pruned", slog.String("error", err.Error()))
		}
		if err := g.store.PruneApp(ctx); err != nil && ctx.Err() == nil {
			g.log.ErrorContext(ctx, "old answers of the app not pruned", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// close closes what open has opened, in reverse.
func (g *gatewayParts) close() {
	for i := len(g.closers) - 1; i >= 0; i-- {
		if err := g.closers[i](); err != nil {
			g.log.Error("close", slog.String("error", err.Error()))
		}
	}
	g.closers = nil
}

// greet tells a newcomer what to try.
func (g *gatewayParts) greet(w io.Writer) {
	fmt.Fprintf(w, "Setu is up (%s). Partners bind at %s, operators look at http://%s/readyz, USSD gateways call http://%s/ussd/",
		g.cfg.Profile, address(g.smppListener), address(g.adminListener), address(g.publicListener))
	if in := g.calls.sipIn.UDP; in != nil {
		fmt.Fprintf(w, ", phones call sip:%s", in.LocalAddr())
	}
	fmt.Fprintln(w)
	if g.cfg.Profile != sandboxProfile {
		return
	}
	fmt.Fprintf(w, `
Try, in another terminal:
  bin/setu phone                               a handset: write to %[1]s in Bengali, Hindi or English
  bin/setu phone --send 'ভাতা ১০০০০০০০০১'        when was this allowance paid?
  bin/setu phone --send 'भाव धान'                what does paddy fetch today?
  bin/setu phone --send 'HELP'                 what else is there?
  bin/setu phone --ussd                        the same handset dials *%[1]s#: menus on its screen
  http://%[2]s/               the web app; http://%[2]s/try is a handset on a page
  bin/setu preview benefit                     every text of a service, with its segments
  bin/setu sandbox down                        take the ledger away (and: up), and see that nothing is lost
  bin/setu queue list                          what waits
`, shortCode, address(g.publicListener))
}

// noSIP as the address of calls is that there are none.
const noSIP = "none"

// address is where a listener listens.
func address(l net.Listener) string {
	if l == nil {
		return "(closed)"
	}
	return l.Addr().String()
}
