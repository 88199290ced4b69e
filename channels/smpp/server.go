package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// BindRequest is what a partner presents to be let in.
type BindRequest struct {
	Bind
	Remote net.Addr
	TLS    *tls.ConnectionState // nil on plain TCP
}

// Partner says what a system id may do. The zero value sets no limits.
type Partner struct {
	MaxBinds int     // sessions at a time under this system id; 0 for any number
	Rate     float64 // requests a second over all its sessions; 0 for no limit
}

// ServerConfig says how partners may bind to us.
type ServerConfig struct {
	SystemID string // that we call ourselves, 15 octets at most
	// Authenticate decides about a bind: ESME_ROK lets it in, any other status is the
	// answer, and the connection is then closed. Compare passwords with [Secret.Equal].
	// It may wait, until ctx ends at the bind's deadline.
	Authenticate func(ctx context.Context, r BindRequest) (Partner, Status)

	TLS         *tls.Config   // nil for plain TCP
	MaxConns    int           // connections at a time, bound or not; default 256
	BindTimeout time.Duration // for TLS handshake and bind together; default 10 s
	DrainTime   time.Duration // for requests under way when Serve is told to stop; default 5 s

	// OnBound hears of each new session before its first request is read, OnClosed of its
	// end and the reason. Both run on the session's goroutine. Nil for nobody.
	OnBound  func(*Session)
	OnClosed func(*Session, error)

	SessionConfig
}

// Server lets partners bind. Make it with [NewServer] and run it with [Server.Serve].
type Server struct {
	cfg ServerConfig

	mu       sync.Mutex
	accounts map[string]*account
}

// account is what the sessions of one system id share.
type account struct {
	binds   int
	limiter *rate.Limiter // nil for none
}

// NewServer checks the configuration: Authenticate and Handler are needed.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Authenticate == nil || cfg.Handler == nil {
		return nil, errors.New("smpp: a server needs Authenticate and Handler")
	}
	if !fits(cfg.SystemID, maxSystemID) {
		return nil, fmt.Errorf("smpp: system id %q: 15 octets at most", cfg.SystemID)
	}
	cfg.SessionConfig = cfg.withDefaults()
	cfg.MaxConns = orDefault(cfg.MaxConns, 256)
	cfg.BindTimeout = orDefault(cfg.BindTimeout, 10*time.Second)
	cfg.DrainTime = orDefault(cfg.DrainTime, drainTime)
	return &Server{cfg: cfg, accounts: map[string]*account{}}, nil
}

// Serve takes connections until ctx ends, then stops listening, lets the requests under
// way finish, unbinds all sessions and returns ctx's error. It owns l and closes it; if
// l is closed by somebody else, Serve ends its sessions in the same way and says so.
func (sv *Server) Serve(ctx context.Context, l net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	places := make(chan struct{}, sv.cfg.MaxConns)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close() // came in the moment of closing
			}
			return ctx.Err()
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		case err != nil:
			// Out of descriptors, most likely: that passes when connections end.
			sv.cfg.Log.LogAttrs(ctx, slog.LevelError, "smpp accept", slog.String(keyError, err.Error()))
			pause(ctx, 100*time.Millisecond)
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			sv.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "smpp connection refused: too many",
				slog.String(keyRemote, conn.RemoteAddr().String()))
			_ = conn.Close() // refused
			continue
		}
		wg.Go(func() {
			defer func() { <-places }()
			defer func() { _ = conn.Close() }()
			sv.connection(ctx, conn)
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// connection serves one connection. A panic in a callback ends only that connection.
func (sv *Server) connection(ctx context.Context, conn net.Conn) {
	defer func() { //nolint:contextcheck // only logs
		if p := recover(); p != nil {
			(&Session{cfg: sv.cfg.SessionConfig}).logPanic(BindTransceiver)
		}
	}()
	e := &entry{sv: sv, conn: conn}
	s, release, err := e.admit(ctx)
	if err != nil {
		sv.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "smpp bind failed",
			slog.String(keyRemote, conn.RemoteAddr().String()), slog.String(keyError, err.Error()))
		return
	}
	defer release()
	sv.serve(ctx, s)
}

func (sv *Server) serve(ctx context.Context, s *Session) {
	stop := context.AfterFunc(ctx, func() {
		// The server's context has ended: what is under way gets a time of its own.
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), sv.cfg.DrainTime)
		defer cancel()
		_ = s.Close(drain) // run returns the reason
	})
	defer stop()
	sv.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "smpp partner bound", slog.String(keySystem, s.SystemID()),
		slog.String(keyRemote, s.Remote().String()))
	if sv.cfg.OnBound != nil {
		sv.cfg.OnBound(s)
	}
	reason := s.run() //nolint:contextcheck // a session outlives its caller's context, to drain
	sv.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "smpp partner gone", slog.String(keySystem, s.SystemID()),
		slog.String(keyRemote, s.Remote().String()), slog.String(keyError, reason.Error()))
	if sv.cfg.OnClosed != nil {
		sv.cfg.OnClosed(s, reason)
	}
}

// join counts a session of the partner, unless it has as many as it may.
func (sv *Server) join(systemID string, p Partner) (*account, bool) {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	a := sv.accounts[systemID]
	if a == nil {
		a = &account{}
		if p.Rate > 0 {
			a.limiter = rate.NewLimiter(rate.Limit(p.Rate), max(1, int(p.Rate)))
		}
		sv.accounts[systemID] = a
	}
	if p.MaxBinds > 0 && a.binds >= p.MaxBinds {
		return nil, false
	}
	a.binds++
	return a, true
}

func (sv *Server) leave(systemID string, a *account) {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	a.binds--
	if a.binds == 0 {
		delete(sv.accounts, systemID)
	}
}
