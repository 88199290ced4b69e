package fabric

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// route is the way to the peers: one connection to each, of which one is in use
// until it fails. Whichever peer is asked, a proposal is the same proposal and a
// transaction the same transaction, so a call may always go to the next.
type route struct {
	conns  []*grpc.ClientConn
	use    atomic.Int32
	limits map[string]time.Duration // of one call at one peer, by method; a status has its own
}

var _ grpc.ClientConnInterface = (*route)(nil)

// Reconnection: a peer that was restarted is found within a second; a dead one
// costs a connection attempt every 5 s.
const (
	redialFirst = 100 * time.Millisecond
	redialMost  = 5 * time.Second
	// Peers end connections that ping more often than every 60 s
	// (peer.keepalive.minInterval).
	pingEvery = 90 * time.Second
)

func newRoute(peers []Peer, t Timeouts, more []grpc.DialOption) (*route, error) {
	r := &route{limits: map[string]time.Duration{
		gateway.Gateway_Evaluate_FullMethodName: t.Evaluate,
		gateway.Gateway_Endorse_FullMethodName:  t.Endorse,
		gateway.Gateway_Submit_FullMethodName:   t.Submit,
	}}
	for _, p := range peers {
		options := []grpc.DialOption{
			grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(p.Roots, p.ServerName)),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: redialFirst, Multiplier: 1.6, Jitter: 0.2, MaxDelay: redialMost},
				MinConnectTimeout: redialMost,
			}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: 10 * time.Second}),
			grpc.WithStatsHandler(sentHandler{}),
		}
		conn, err := grpc.NewClient(p.Address, append(options, more...)...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: peer %s: %w", ErrOptions, p.Address, err), r.close())
		}
		r.conns = append(r.conns, conn)
	}
	return r, nil
}

func (r *route) close() error {
	var errs []error
	for _, c := range r.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Invoke makes a call at the peer in use, and at the others when it fails there
// for reasons of the peer's own.
func (r *route) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	var err error
	for range r.conns {
		use := r.use.Load()
		err = r.once(ctx, r.conns[use], method, args, reply, opts)
		if err == nil || ctx.Err() != nil || !elsewhere(method, err) {
			return err
		}
		r.use.CompareAndSwap(use, (use+1)%int32(len(r.conns)))
	}
	return err
}

func (r *route) once(ctx context.Context, c *grpc.ClientConn, method string, args, reply any, opts []grpc.CallOption) error {
	if limit := r.limits[method]; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return c.Invoke(ctx, method, args, reply, opts...)
}

// NewStream opens a stream at the peer in use.
func (r *route) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return r.conns[r.use.Load()].NewStream(ctx, desc, method, opts...)
}

// elsewhere says that another peer may do better.
func elsewhere(method string, err error) bool {
	switch status.Code(err) {
	case codes.Unavailable:
		return true
	case codes.DeadlineExceeded:
		// A status that is awaited in vain says nothing about the peer.
		return method != gateway.Gateway_CommitStatus_FullMethodName
	case codes.Unknown:
		return tooMany(err)
	}
	return false
}

// tooMany says that a peer has more calls in flight than it serves
// (peer.limits.concurrency.gatewayService), and has done nothing about this one.
func tooMany(err error) bool {
	return strings.Contains(status.Convert(err).Message(), "too many requests")
}

// sentHandler notes on a call's context whether any of it has left.
type sentHandler struct{}

type sentKey struct{}

// noteSent gives a context whose calls set the flag when they have left.
func noteSent(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// TagRPC changes nothing.
func (sentHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC sets the flag at the first octets of a request.
func (sentHandler) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.OutHeader); ok {
		if sent, ok := ctx.Value(sentKey{}).(*atomic.Bool); ok {
			sent.Store(true)
		}
	}
}

// TagConn changes nothing.
func (sentHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (sentHandler) HandleConn(context.Context, stats.ConnStats) {}
