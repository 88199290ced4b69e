package e2e_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/test/gatewaytest"
)

// TestFullDisk fills the disk of a gateway up to its reserve, and then up to
// the last octet. Providers are told to try again later, what was accepted is
// kept, and all goes on by itself when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := gatewaytest.SmallDisk(t, "96m")
	data, ballast := filepath.Join(disk, "data"), filepath.Join(disk, "ballast")
	w := open(t, gatewaytest.Options{Dir: data, Config: quick})
	number, other := newNumber(), newNumber()
	w.Note(other)
	status := func() smpp.Status {
		s, err := w.Raw(t.Context(), message(other, 0, []byte("HELP")))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	w.setu("sandbox", "down")
	w.ask(number, "SELL DHAN 321 "+fromToday(240*time.Hour))
	within(t, "received", w.ask(number, "YES"), received[2])
	before := len(w.Told(other))
	accepted := 0
	full := func() bool {
		s := status()
		if s == smpp.ROK {
			accepted++
		} else if s != smpp.RMsgQFul {
			t.Fatalf("status %v, want %v", s, smpp.RMsgQFul)
		}
		return s == smpp.RMsgQFul
	}

	gatewaytest.Fill(t, ballast, 32<<20)
	w.until("new messages are refused", full)
	code, ready := w.Get("/readyz")
	if code != 503 {
		t.Errorf("/readyz = %d on a full disk, want 503", code)
	}
	within(t, "/readyz", ready, "nearly full")
	within(t, "stats", w.setu("queue", "stats"), `"full": true`)

	gatewaytest.Fill(t, ballast, 0)
	w.setu("sandbox", "up")
	w.until("the ledger's work is tried without an octet left", func() bool {
		return w.metric("setu_outbox_faults_total") > 0 || w.metric("setu_transactions_recorded_total") > 0
	})
	if !full() {
		t.Error("a message was accepted without an octet left")
	}
	if w.Ended() {
		t.Fatalf("the gateway ended:\n%s", w.Log())
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	w.until("new messages are accepted", func() bool { return !full() })
	w.settle()
	w.told(number, "Paddy 321 kg", received[2], "Registered")
	if n := w.onLedger("Register"); n != 1 {
		t.Errorf("the ledger holds %d registrations, want 1", n)
	}
	if got := len(w.Told(other)) - before; got != accepted {
		t.Errorf("%d messages were accepted and %d answered", accepted, got)
	}
	within(t, "afterwards", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension")
}
