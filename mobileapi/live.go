package mobileapi

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gorilla/websocket"

	"setu/internal/panics"
)

// Times of a live connection.
const (
	ticketLife = time.Minute
	// heartbeat is shorter than the minute after which networks forget an idle
	// connection.
	heartbeat = 45 * time.Second
	// silence ends a connection that answers no heartbeat.
	silence = 2 * heartbeat
	// patience is how long a phone may take to accept what is sent. Then it
	// comes back and goes on from its cursor.
	patience = 10 * time.Second
)

// Sizes of a live connection's buffers, in octets: most of the time it is idle.
const (
	liveRead  = 256
	liveWrite = 2 << 10
)

// maxTickets bounds the tickets that nobody has used yet.
const maxTickets = 1 << 16

// tickets let a connection in once. Browsers cannot sign the request that opens
// a WebSocket, so that a signed request fetches a ticket for it.
type tickets struct {
	mu  sync.Mutex
	set map[string]ticket
}

type ticket struct {
	who   caller
	until time.Time
}

// issue makes a ticket; false says that there are too many.
func (t *tickets) issue(who caller, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil {
		t.set = map[string]ticket{}
	}
	if len(t.set) >= maxTickets {
		for name, one := range t.set {
			if now.After(one.until) {
				delete(t.set, name)
			}
		}
		if len(t.set) >= maxTickets {
			return "", false
		}
	}
	name := rand.Text()
	t.set[name] = ticket{who, now.Add(ticketLife)}
	return name, true
}

// use takes a ticket.
func (t *tickets) use(name string, now time.Time) (caller, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.set[name]
	delete(t.set, name)
	return one.who, ok && !now.After(one.until)
}

// ticketJSON lets a connection in.
type ticketJSON struct {
	Ticket  string    `json:"ticket"`
	Expires time.Time `json:"expires"`
}

// issueTicket is POST /v1/live.
func (a *API) issueTicket(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	who.proof = nil
	now := a.cfg.Now()
	name, ok := a.tickets.issue(who, now)
	if !ok {
		return problem(busy, "too many tickets that nobody has used")
	}
	return writeJSON(r, fiber.StatusCreated, ticketJSON{Ticket: name, Expires: now.Add(ticketLife).UTC()})
}

// openLive is GET /v1/live: a WebSocket on which changes come as they happen.
func (a *API) openLive(r *request) error {
	if !strings.EqualFold(r.Get(fiber.HeaderUpgrade), "websocket") {
		r.Set(fiber.HeaderUpgrade, "websocket")
		return problem(upgradeRequired, "open it as a WebSocket (RFC 6455)")
	}
	since, err := cursor(r.Query("since"))
	if err != nil {
		return err
	}
	who, ok := a.tickets.use(r.Query("ticket"), a.cfg.Now())
	if !ok {
		return problem(ticketGone, "POST /v1/live gives a ticket for one connection within a minute")
	}
	if _, _, err := a.keys.get(r.UserContext(), who.device); err != nil {
		return problem(deviceUnknown, "the device was removed")
	}
	l, ok := a.live.join(who)
	if !ok {
		return problem(tooMany, "a device waits for changes at most four times at once")
	}
	handshake := &http.Request{
		Method: http.MethodGet, ProtoMajor: 1, ProtoMinor: 1, Host: string(r.Request().Host()), Header: http.Header{},
	}
	r.Request().Header.VisitAll(func(name, value []byte) { handshake.Header.Add(string(name), string(value)) })
	r.Status(fiber.StatusSwitchingProtocols)
	r.Context().HijackSetNoResponse(true) // the handshake is written on the connection itself
	r.Context().Hijack(func(c net.Conn) {
		defer a.live.leave(who, l)
		a.serveLive(c, handshake, who, l, since)
	})
	return nil
}

// hijacked gives the connection of fasthttp to a handshake that is written for
// net/http.
type hijacked struct {
	http.ResponseWriter // is not used: errors are written on the connection

	conn   net.Conn
	header http.Header
}

// Header is that of a response which refuses the handshake.
func (h *hijacked) Header() http.Header { return h.header }

// WriteHeader refuses the handshake.
func (h *hijacked) WriteHeader(status int) {
	_, _ = fmt.Fprintf(h.conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, http.StatusText(status))
}

// Write drops the words of a refusal.
func (h *hijacked) Write(b []byte) (int, error) { return len(b), nil }

// Hijack gives the connection.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, liveRead), bufio.NewWriterSize(h.conn, liveRead)), nil
}

// upgrader makes connections of requests. Any page may ask: what counts is the
// ticket.
func (a *API) upgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		ReadBufferSize: liveRead, WriteBufferSize: liveWrite, WriteBufferPool: &a.buffers, HandshakeTimeout: patience,
		CheckOrigin: func(*http.Request) bool { return true },
	}
}

// serveLive serves a connection until it or the listener ends.
func (a *API) serveLive(c net.Conn, handshake *http.Request, who caller, l *listener, since int64) {
	defer func() {
		if p := recover(); p != nil { // ends this connection only
			a.counts.Faults.Add(1)
			a.cfg.Log.ErrorContext(handshake.Context(), "panic on a live connection", slog.String("panic", panics.Text(p)))
		}
	}()
	conn, err := a.upgrader().Upgrade(&hijacked{conn: c, header: http.Header{}}, handshake, nil)
	if err != nil {
		return // it was told
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		listen(conn)
	}()
	a.push(conn, who, l, since, ended)
	_ = conn.Close()
	<-ended
}

// listen reads what a phone sends, which is heartbeats only, until it ends.
func listen(conn *websocket.Conn) {
	conn.SetReadLimit(liveRead)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(silence)) }
	conn.SetPongHandler(alive)
	for alive("") == nil {
		if _, _, err := conn.NextReader(); err != nil {
			return
		}
	}
}

// push sends changes as they come, and heartbeats.
func (a *API) push(conn *websocket.Conn, who caller, l *listener, since int64, ended <-chan struct{}) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		if since, err = a.pushChanges(conn, who, since); err != nil {
			return
		}
		select {
		case <-l.woken:
		case <-beat.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)) != nil {
				return
			}
		case <-l.gone:
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(patience))
			return
		case <-ended:
			return
		}
	}
}

// pushChanges sends all that has come since a cursor, and gives the next one.
func (a *API) pushChanges(conn *websocket.Conn, who caller, since int64) (int64, error) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		out, err := a.changes(ctx, who.citizen, since)
		cancel()
		if err != nil || len(out.Changes) == 0 {
			return since, err
		}
		if err := errors.Join(conn.SetWriteDeadline(time.Now().Add(patience)), conn.WriteJSON(out)); err != nil {
			return since, err
		}
		if since, err = cursor(out.Cursor); err != nil || !out.More {
			return since, err
		}
	}
}
