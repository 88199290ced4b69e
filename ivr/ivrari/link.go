package ivrari

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Times of keeping a link, in paces of 1 s.
const (
	pingEvery  = 10
	silentFor  = 25 // two pings and their answers
	lookEvery  = 30
	lookAgain  = 2 // behind the first look of a link
	firstPause = 1 // before a link is tried again; the next are twice as long
	lastPause  = 30
	stolenFor  = 60 // after another has taken the application
	steady     = 60 // a link that was up so long begins with the first pause again
)

// eventOctets bounds an event: those of calls have a kilooctet.
const eventOctets = 1 << 20

// Errors of a link.
var (
	errStolen = errors.New("ivrari: another program has taken the application: give each gateway an app of its own")
	errDeaf   = errors.New("ivrari: Asterisk has twice not answered in time")
)

// paces is a time of a link.
func (x *exchange) paces(n int) time.Duration { return time.Duration(n) * x.driver.cfg.Pace }

// keep keeps the link until ctx ends.
func (x *exchange) keep(ctx context.Context) {
	defer x.beside.Wait()
	pause, said := x.paces(firstPause), ""
	for {
		began := x.now()
		err := x.session(ctx)
		was := x.up.Swap(false)
		if ctx.Err() != nil {
			return
		}
		if was {
			x.since.Store(x.now().UnixMilli())
		}
		if was && x.now().Sub(began) > x.paces(steady) {
			pause = x.paces(firstPause)
		}
		wait := jittered(pause)
		if errors.Is(err, errStolen) {
			wait = jittered(x.paces(stolenFor))
		}
		level := slog.LevelWarn
		if !was && said == err.Error() {
			level = slog.LevelDebug // an exchange may be away for days
		}
		said = err.Error()
		x.log.LogAttrs(ctx, level, "no link to the exchange", slog.String(keyError, said), slog.Duration("again_in", wait.Round(time.Millisecond)))
		pause = min(2*pause, x.paces(lastPause))
		if !sleep(ctx, wait) {
			return
		}
	}
}

// sleep waits; false is that ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jittered is between half and all of a pause, so that many do not come at once.
func jittered(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // it is to differ, not to be secret
}

// session is one link, from the connection to its end, whose reason it returns.
func (x *exchange) session(ctx context.Context) error {
	conn, err := x.dial(ctx)
	if err != nil {
		return err
	}
	over, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(over, func() { _ = conn.Close() })() // it may be closed already
	ended := make(chan error, 2)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer end()
	parts.Go(func() { ended <- x.read(ctx, conn) })
	parts.Go(func() { ended <- x.tend(over, conn) })
	return <-ended
}

// dial opens the WebSocket on which events come. Whoever is at the other end by
// then serves the application.
func (x *exchange) dial(ctx context.Context) (*websocket.Conn, error) {
	at := x.rest.base.JoinPath("events")
	at.Scheme = map[string]string{"http": "ws", "https": "wss"}[at.Scheme]
	at.RawQuery = query("app", x.App, "subscribeAll", "false").Encode()
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(x.User, string(x.Password))
	dialer := websocket.Dialer{TLSClientConfig: x.TLS.Clone(), HandshakeTimeout: restTime, Subprotocols: []string{"ari"}}
	conn, res, err := dialer.DialContext(ctx, at.String(), req.Header)
	if res != nil {
		_ = res.Body.Close() // nothing is read of it
	}
	switch {
	case err != nil && res != nil && res.StatusCode == http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: user and password_file must be those of a user of ari.conf", statusError(res.StatusCode))
	case err != nil && res != nil:
		return nil, statusError(res.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("connect to Asterisk: %w", bare(err))
	}
	if local, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		x.mu.Lock()
		x.local = local.Addr().Unmap()
		x.mu.Unlock()
	}
	return conn, nil
}

// read takes events until the link ends or is silent for too long: it answers our
// pings.
func (x *exchange) read(ctx context.Context, conn *websocket.Conn) error {
	alive := func(string) error { return conn.SetReadDeadline(x.now().Add(x.paces(silentFor))) }
	conn.SetReadLimit(eventOctets)
	conn.SetPongHandler(alive)
	for {
		if err := alive(""); err != nil {
			return err
		}
		_, message, err := conn.ReadMessage()
		if err != nil {
			if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
				return errDeaf
			}
			return fmt.Errorf("wait for events: %w", err)
		}
		x.events.Add(1)
		e, err := ParseEvent(message)
		switch {
		case err != nil:
			x.log.WarnContext(ctx, "event not understood", slog.String(keyError, err.Error()))
		case e.Type == applicationStolen:
			return errStolen
		default:
			x.guarded(ctx, func() { x.handle(ctx, e) })
		}
	}
}

// tend asks whether the exchange is there, and looks at what it has.
func (x *exchange) tend(ctx context.Context, conn *websocket.Conn) error {
	ping := time.NewTicker(x.paces(pingEvery))
	defer ping.Stop()
	look := time.NewTimer(0)
	defer look.Stop()
	failed := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ping.C:
			if err := conn.WriteControl(websocket.PingMessage, nil, x.now().Add(x.paces(pingEvery))); err != nil {
				return fmt.Errorf("ping: %w", err)
			}
		case <-look.C:
			next, err := x.tended(ctx)
			if failed++; err == nil {
				failed = 0
			}
			if failed > 1 || err != nil && !x.up.Load() {
				return fmt.Errorf("look at the exchange: %w", err)
			}
			look.Reset(next)
		}
	}
}

// tended looks at the exchange once; with the first look the link is up. next is
// when to look again.
func (x *exchange) tended(ctx context.Context) (next time.Duration, err error) {
	if err := x.look(ctx); err != nil {
		return x.paces(lookAgain), err
	}
	if x.up.Swap(true) {
		return x.paces(lookEvery), nil
	}
	x.links.Add(1)
	x.since.Store(x.now().UnixMilli())
	x.log.InfoContext(ctx, "exchange is linked", slog.String("version", x.version(ctx)))
	return x.paces(lookAgain), nil
}

// version is Asterisk's; "" if it does not say.
func (x *exchange) version(ctx context.Context) string {
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"system"`
	}
	if err := x.rest.get(ctx, &info, query("only", "system"), "asterisk", "info"); err != nil {
		x.log.DebugContext(ctx, "version not known", slog.String(keyError, err.Error()))
	}
	return info.System.Version
}
