package ivrari

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Bounds of Asterisk's answers.
const (
	restTime = 5 * time.Second
	// restOctets is room for the channels of the largest exchange: 10,000 of them,
	// at a kilooctet each.
	restOctets = 16 << 20
)

// statusError is an answer that is no success.
type statusError int

// Error names the answer. What Asterisk says beside it may quote a number.
func (s statusError) Error() string {
	return fmt.Sprintf("ivrari: Asterisk answers %d %s", int(s), http.StatusText(int(s)))
}

// gone says that a channel or bridge is not there any more.
func gone(err error) bool {
	var s statusError
	return errors.As(err, &s) && s == http.StatusNotFound
}

// answered says that an error is Asterisk's own word: what was asked for was not
// done. Of any other error nobody knows.
func answered(err error) bool {
	var s statusError
	return errors.As(err, &s)
}

// unsent says that Asterisk was not reached at all.
func unsent(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// client asks Asterisk's REST interface.
type client struct {
	base     *url.URL // …/ari
	user     string
	password Secret
	http     *http.Client
}

func newClient(x Exchange, base *url.URL) *client {
	transport := &http.Transport{
		TLSClientConfig: x.TLS.Clone(), MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		DialContext: (&net.Dialer{Timeout: restTime}).DialContext,
	}
	return &client{base: base, user: x.User, password: x.Password, http: &http.Client{Transport: transport, Timeout: restTime}}
}

// query makes the parameters of a request: names and values by turns.
func query(pairs ...string) url.Values {
	q := make(url.Values, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// get asks for something.
func (c *client) get(ctx context.Context, out any, q url.Values, path ...string) error {
	return c.ask(ctx, http.MethodGet, q, nil, out, path...)
}

// post has something done. body are parameters that must not stand in an address,
// which others log; nil is none.
func (c *client) post(ctx context.Context, out any, q url.Values, body any, path ...string) error {
	return c.ask(ctx, http.MethodPost, q, body, out, path...)
}

// remove ends a channel or a bridge; that it is gone already is as good.
func (c *client) remove(ctx context.Context, q url.Values, path ...string) error {
	if err := c.ask(ctx, http.MethodDelete, q, nil, nil, path...); err != nil && !gone(err) {
		return err
	}
	return nil
}

func (c *client) ask(ctx context.Context, method string, q url.Values, body, out any, path ...string) error {
	at := c.base.JoinPath(escaped(path)...)
	at.RawQuery = q.Encode()
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), sent)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth(c.user, string(c.password))
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask Asterisk: %w", bare(err))
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	if res.StatusCode >= http.StatusMultipleChoices {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)) // so that the connection can be used again
		return statusError(res.StatusCode)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, restOctets)).Decode(out); err != nil {
		return fmt.Errorf("read Asterisk's answer: %w", bare(err))
	}
	return nil
}

// escaped are parts of a path: identifiers of channels may hold a slash.
func escaped(path []string) []string {
	out := make([]string, len(path))
	for i, part := range path {
		out[i] = url.PathEscape(part)
	}
	return out
}

// bare is an error without the address that it was met at.
func bare(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// tlsOf is the configuration of a TLS connection; nil trusts the system's
// authorities.
func tlsOf(c *tls.Config) *tls.Config {
	if c == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return c
}
