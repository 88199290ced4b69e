package e2e_test

import (
	"encoding/json"
	"testing"

	"setu/test/gatewaytest"
)

// TestBench_Live: idle connections are opened, held and counted, on the gateway
// and on what it is measured beside.
func TestBench_Live(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	out, err := command(t, "bench", "api", "--http", w.HTTP, "--admin", w.Admin, "--live", "40", "--json")
	if err != nil {
		t.Fatalf("bench api --live: %v\n%s", err, out)
	}
	var report struct {
		Connections, Lost int
		Notice            float64 `json:"notice_ms"`
		Gateway, Bare     struct{ RSS int64 }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if report.Connections != 40 || report.Lost != 0 || report.Notice <= 0 || report.Gateway.RSS == 0 || report.Bare.RSS == 0 {
		t.Errorf("report %s", out)
	}
}
