package fabricnet_test

import (
	"context"
	"testing"
	"time"

	"setu/test/fabricnet"
)

func TestStart(t *testing.T) {
	fabricnet.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	start := time.Now()
	n, err := fabricnet.Start(ctx, t.TempDir(), fabricnet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	t.Log("up after", time.Since(start))
	if err := n.Deploy(ctx, n.Channel, "setu", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	t.Log("deployed after", time.Since(start))
}
