package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// errHTTP says that an answer is none of HTTP/1.1 with a known length.
var errHTTP = errors.New("bench: unreadable HTTP answer")

// answerOctets is the longest answer that is read: a screen and its headers.
const answerOctets = 4 << 10

// caller is one citizen at a time on a connection of its own, which stays open
// from request to request. It writes a request in one call and mostly reads
// the answer in one: the generator is to cost less than what it measures (see
// BenchmarkCaller).
type caller struct {
	crowd *crowd
	conn  net.Conn
	out   []byte // the request
	body  []byte // of the request
	in    []byte // the answer
	s     session
	turn  chan time.Duration // when it waits: when the session was due that it gets
}

func (c *caller) connect(ctx context.Context) error {
	if c.conn != nil {
		_ = c.conn.Close() // it was broken
	}
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	var err error
	if c.conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.crowd.addr); err != nil {
		return err
	}
	if c.in == nil {
		c.in = make([]byte, answerOctets)
	}
	return nil
}

// work walks sessions until none is left.
func (c *caller) work(ctx context.Context) {
	for ctx.Err() == nil {
		due, ok := c.crowd.next(c)
		if !ok {
			return
		}
		if err := c.walk(due); err != nil {
			c.crowd.note(func(t *ussdTally) { t.lost++; t.lastErr = err })
			if err := c.connect(ctx); err != nil {
				c.crowd.note(func(t *ussdTally) { t.lastErr = err })
				return
			}
		}
	}
}

// walk walks one session to its end. The error is the connection's; a wrong
// screen ends the session, whose citizen is not used again.
func (c *caller) walk(due time.Duration) error {
	w := &c.s
	c.crowd.talk.begin(w)
	if err := c.conn.SetDeadline(c.crowd.cfg.Now().Add(c.crowd.cfg.Patience * time.Duration(w.left()))); err != nil {
		return err
	}
	for {
		c.body = w.appendBody(c.body[:0])
		status, answer, err := c.post()
		now := c.crowd.clock()
		if err != nil {
			w.spoil()
			return err
		}
		c.crowd.count(now - due)
		if status != 200 {
			w.spoil()
			c.crowd.note(func(t *ussdTally) { t.refused++; t.status = status })
			return nil
		}
		if !w.check(answer) {
			w.spoil()
			c.crowd.note(func(t *ussdTally) { t.wrong++; t.wrongText = string(answer) })
			return nil
		}
		if !w.advance() {
			c.crowd.note(func(t *ussdTally) { t.sessions++ })
			return nil
		}
		due = now
	}
}

// post sends the body and gives the answer's status and body, which is valid
// until the next call.
func (c *caller) post() (status int, answer []byte, err error) {
	c.out = append(c.out[:0], "POST "...)
	c.out = append(c.out, c.crowd.cfg.Path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.crowd.addr...)
	c.out = append(c.out, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(c.body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, c.body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, err
	}
	for have := 0; have < len(c.in); {
		n, err := c.conn.Read(c.in[have:])
		have += n
		if status, answer, whole, bad := parseAnswer(c.in[:have]); whole || bad != nil {
			return status, answer, bad
		}
		if err != nil {
			return 0, nil, err
		}
	}
	return 0, nil, fmt.Errorf("%w: over %d octets", errHTTP, len(c.in))
}

// parseAnswer reads an answer that may not have come whole yet.
func parseAnswer(b []byte) (status int, body []byte, whole bool, err error) {
	head, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return 0, nil, false, nil
	}
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." {
		return 0, nil, false, errHTTP
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, false, errHTTP
	}
	length := -1
	for len(fields) > 0 && length < 0 {
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, false, errHTTP
			}
		}
	}
	switch {
	case length < 0:
		return 0, nil, false, fmt.Errorf("%w: it has no Content-Length", errHTTP)
	case len(rest) < length:
		return 0, nil, false, nil
	case len(rest) > length:
		return 0, nil, false, fmt.Errorf("%w: it is longer than it says", errHTTP)
	}
	return status, rest, true, nil
}
