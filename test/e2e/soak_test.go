package e2e_test

import (
	"os/exec"
	"testing"

	"setu/test/gatewaytest"
)

// soakTime is how long calls of all kinds are made here; make soak takes 30 minutes.
const soakTime = "60s"

// TestSoak: after calls that are done, dropped, cancelled, silent and on hold, a
// gateway holds nothing more than before.
func TestSoak(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, SIP: "127.0.0.1:0", Config: "ivr:\n  cache: " + speechCache(t) + "\n"})
	//nolint:gosec // words of the test
	out, err := exec.CommandContext(t.Context(), bin, "bench", "ivr", "--sip", g.SIP, "--admin", g.Admin, "--soak", soakTime, "--calls", "12", "--rate", "4").CombinedOutput()
	if err != nil {
		t.Errorf("soak: %v\n%s\n%s", err, out, g.Log())
	}
	within(t, "report", string(out), "0 under way", "0 streams open", "clean")
}
