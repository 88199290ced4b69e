package interop_test

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"setu/test/gatewaytest"
)

// TestTwiML_Node: calls as Twilio conducts them, signed by its own package: an
// allowance in each language, by keys. What is not signed is not let in, and what
// comes twice is answered alike.
func TestTwiML_Node(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"node", "espeak-ng"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: scripts/setup test", tool)
		}
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, HTTP: gatewaytest.FreeAddress(t)})
	var wg sync.WaitGroup
	for language := 1; language <= 3; language++ {
		wg.Go(func() {
			from := fmt.Sprintf("+91700430990%d", language)
			//nolint:gosec // fixed words
			out, err := exec.CommandContext(t.Context(), "node", "twiml.js", "http://"+g.HTTP+"/twilio", "sandbox", from,
				fmt.Sprint(language), "1", "1", "1", "1000000001", "1", "9").CombinedOutput()
			if err != nil {
				t.Errorf("language %d: %v\n%s", language, err, out)
				return
			}
			for _, want := range []string{
				`{"event":"refused","unsigned":403,"other":403,"elsewhere":403,"changed":403}`,
				`{"event":"over","steps":8,"left":0,"again":true,"status":204}`,
			} {
				if !strings.Contains(string(out), want) {
					t.Errorf("language %d printed\n%s\nwant\n%s", language, out, want)
				}
			}
		})
	}
	wg.Wait()
	if _, metrics := g.Get("/metrics"); !strings.Contains(metrics, `setu_calls_total{end="completed",link="twilio"} 3`) {
		t.Error("the three calls are not counted as completed")
	}
}
