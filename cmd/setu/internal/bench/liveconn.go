package bench

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
)

// liveBuffer is the size of a connection's buffers, octets: thousands are held.
const liveBuffer = 256

// errLiveEnded says that the server ended a connection.
var errLiveEnded = errors.New("bench: the live connection has ended")

// liveConn is one connection that is held. What it is sent is counted, and
// heartbeats are answered.
type liveConn struct {
	conn     *websocket.Conn
	messages chan struct{} // has room for one
	ended    chan struct{}
}

// dialLive opens a connection from an address, and waits for its first message.
func dialLive(ctx context.Context, addr string, from net.Addr, path string) (*liveConn, error) {
	d := websocket.Dialer{
		NetDialContext: (&net.Dialer{LocalAddr: from}).DialContext, HandshakeTimeout: livePatience,
		ReadBufferSize: liveBuffer, WriteBufferSize: liveBuffer,
	}
	conn, resp, err := d.DialContext(ctx, "ws://"+addr+path, nil)
	if err != nil {
		return nil, fmt.Errorf("open a live connection: %w (each takes a file: see ulimit -n)", err)
	}
	_ = resp.Body.Close() // the library has read it
	c := &liveConn{conn: conn, messages: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.listen()
	return c, c.next(ctx)
}

// listen reads until the connection ends.
func (c *liveConn) listen() {
	defer close(c.ended)
	for {
		if _, _, err := c.conn.NextReader(); err != nil {
			return
		}
		select {
		case c.messages <- struct{}{}:
		default:
		}
	}
}

// next waits for a message.
func (c *liveConn) next(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, livePatience)
	defer cancel()
	select {
	case <-c.messages:
		return nil
	case <-c.ended:
		return errLiveEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

type liveConns []*liveConn

// close ends all, and says how many had ended before.
func (all liveConns) close() (lost int) {
	for _, c := range all {
		if c == nil {
			continue
		}
		select {
		case <-c.ended:
			lost++
		default:
		}
		_ = c.conn.Close()
		<-c.ended
	}
	return lost
}

// inParallel does n things, a few at once, until one fails.
func inParallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(liveCallers)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, i)
		})
	}
	return g.Wait()
}
