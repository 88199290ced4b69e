package main

import (
	"crypto/tls"
	"fmt"

	"setu/ledgerclient"
	"setu/ledgerclient/rest"
)

// openREST opens a ledger that a service keeps. The gateway's own keys sign the
// requests, each on its own.
func openREST(g *gatewayParts, s *signer) (ledgerclient.Ledger, error) {
	var config *tls.Config
	if t := g.cfg.Ledger.TLS; t != nil {
		var err error
		if config, err = t.config(); err != nil {
			return nil, fmt.Errorf("ledger.tls: %w", err)
		}
	}
	l, err := rest.New(rest.Options{URL: g.cfg.Ledger.URL, TLS: config, Keys: s.store})
	if err != nil {
		return nil, fmt.Errorf("ledger.url: %w", err)
	}
	g.closers = append(g.closers, l.Close)
	return l, nil
}
