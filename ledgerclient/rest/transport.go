package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"setu/ledgerclient"
)

// Bounds of a connection.
const (
	dialTime  = 5 * time.Second
	tlsTime   = 5 * time.Second
	idleTime  = 90 * time.Second
	keepAlive = 15 * time.Second
	// maxHeader bounds the head of an answer, octets.
	maxHeader = 32 << 10
)

func newTransport(o Options) *http.Transport {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	return &http.Transport{
		// HTTP/1.1: a call that hangs holds up no other, and a call that is
		// given up is seen by the service at once.
		TLSClientConfig:        config,
		DialContext:            (&net.Dialer{Timeout: dialTime, KeepAlive: keepAlive}).DialContext,
		TLSHandshakeTimeout:    tlsTime,
		MaxIdleConns:           o.Conns,
		MaxIdleConnsPerHost:    o.Conns,
		MaxConnsPerHost:        o.Conns,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // the digest is over what is on the wire
	}
}

// wire notes whether a request may have left this machine.
type wire struct{ wrote atomic.Bool }

func (w *wire) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { w.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.wrote.Store(true) },
	})
}

// lost is the class of a request without an answer.
func (c *call) lost(ctx context.Context, w *wire, err error) ledgerclient.Class {
	switch {
	case untrusted(err):
		return ledgerclient.Config
	case w.wrote.Load(), ctx.Err() != nil:
		return c.sent
	}
	return ledgerclient.Before
}

// untrusted says that TLS failed for a reason that waiting does not mend: we do
// not trust the service's certificate, or it does not trust ours. With TLS 1.3 it
// says so by an alert after we have begun to write, and reads nothing.
func untrusted(err error) bool {
	var unverified *tls.CertificateVerificationError
	var op *net.OpError
	return errors.As(err, &unverified) || errors.As(err, &op) && op.Op == "remote error"
}
