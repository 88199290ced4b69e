package fabricnet_test

import (
	"context"
	"testing"
	"time"

	"setu/test/fabricnet"
)

// Every shape of network is up, with a contract defined on it, in seconds.
func TestStart(t *testing.T) {
	t.Parallel()
	fabricnet.Need(t)
	for _, tt := range []struct {
		name    string
		options fabricnet.Options
	}{
		{"one of each", fabricnet.Options{}},
		{"two peers", fabricnet.Options{Peers: 2}},
		{"three raft orderers", fabricnet.Options{Orderers: 3}},
		{"four BFT orderers and two organisations", fabricnet.Options{BFT: true, Orgs: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			start := time.Now()
			n, err := fabricnet.Start(ctx, t.TempDir(), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			if err := n.Deploy(ctx, n.Channel, "setu", "127.0.0.1:1"); err != nil {
				t.Fatal(err)
			}
			t.Log("up with a contract after", time.Since(start))
			entries, err := n.Orgs[0].Entries(ctx, n.Channel)
			if want := 2 + len(n.Orgs); err != nil || len(entries) < want {
				t.Errorf("Entries() = %d, %v, want the channel's own, %d approvals and a definition", len(entries), err, len(n.Orgs))
			}
		})
	}
}
