package fabricnet

import (
	"fmt"
	"strings"
)

// GatewayConfig is the part of a gateway's configuration file that makes the
// contract of that name its ledger, as a user of the organisation.
func (n *Network) GatewayConfig(g *Org, contract string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `ledger:
  driver: fabric
  fabric:
    channel: %s
    contract: %s
    msp: %s
    cert_file: %s
    key_file: %s
    peers:
`, n.Channel, contract, g.MSP, g.User.CertFile, g.User.KeyFile)
	for _, p := range g.Peers {
		fmt.Fprintf(&b, "      - {address: %q, ca_file: %q}\n", p.Address(), p.TLSCA())
	}
	return b.String()
}

// AdminFlags are the flags by which `setu contract` acts as the organisation's
// admin.
func (g *Org) AdminFlags() []string {
	return []string{"--admin-cert", g.Admin.CertFile, "--admin-key", g.Admin.KeyFile}
}
