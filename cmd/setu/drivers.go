package main

import (
	"setu/ledgerclient"
)

// ledgerDrivers are the ledgers that the configuration can name. A new driver
// is a line here and a package.
var ledgerDrivers = map[string]func(g *gatewayParts, s *signer) (ledgerclient.Ledger, error){
	"rest":    openREST,
	"fabric":  openFabric,
	"sandbox": openSandbox,
}
