package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/test/gatewaytest"
)

// TestRestart stops and kills the gateway between the steps of a dialogue: it
// goes on where it was.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	within(t, "menu", w.ask(number, "भत्ता"), "1 पिछला पैसा")
	if err := w.Stop(); err != nil {
		t.Fatalf("the gateway did not end well: %v\n%s", err, w.Log())
	}
	w.again(gatewaytest.Options{})
	within(t, "after a stop", w.ask(number, "2"), "10 अंकों का नंबर")
	w.kill()
	w.again(gatewaytest.Options{})
	within(t, "after a kill", w.ask(number, "1000000001"), "1 हाँ")
	w.kill()
	w.again(gatewaytest.Options{})
	reply := w.ask(number, "हाँ")
	within(t, "after another", reply, "1,000 रुपये मिल गए")
	w.kill()
	w.again(gatewaytest.Options{})
	within(t, "cancel after all", w.ask(number, "रद्द"), lastReceipt(t, reply))
	w.settle()
	if n := w.onLedger("Acknowledge"); n != 1 {
		t.Errorf("the ledger holds %d acknowledgements, want 1", n)
	}
}

// TestRestart_LongMessage kills the gateway between the parts of a long
// message, and sends them out of order.
func TestRestart_LongMessage(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	text := "অভিযোগ নতুন ভাতা গত তিন মাস ধরে ভাতার টাকা আমার অ্যাকাউন্টে আসেনি, ব্লক অফিসে তিন বার গিয়েছি, কেউ কিছু বলে না।"
	list := parts(t, number, text, 77)
	if len(list) < 2 {
		t.Fatalf("the text has %d parts", len(list))
	}
	for _, m := range list[1:] {
		w.raw(m, smpp.ROK)
	}
	w.Kill()
	w.again(gatewaytest.Options{})
	w.raw(list[0], smpp.ROK)
	within(t, "question after all parts", w.await(number, 0), "বিষয়: ভাতা", "1 হ্যাঁ")
	within(t, "receipt", w.ask(number, "হ্যাঁ"), "রসিদ")
	w.settle()
	if got := w.Told(number); len(got) != 2 {
		t.Errorf("told %d messages, want 2: %q", len(got), got)
	}
}

// TestRestart_Accepted kills the gateway when it has accepted messages and had
// no way to answer them, and again while the ledger was away.
func TestRestart_Accepted(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	w.Phones.Close() // nobody to deliver to
	c := w.dial()
	if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
		t.Fatalf("bind: %v", status)
	}
	const citizens = 40
	list := make([]string, citizens)
	day := fromToday(240 * time.Hour)
	for i := range list {
		list[i] = newNumber()
		w.Note(list[i])
		for n, text := range []string{"HELP", fmt.Sprintf("SELL DHAN %d %s", 100+i, day), "YES", "PRICE POTATO"} {
			seq := uint32(10 + 4*i + n) //nolint:gosec // small
			c.submit(seq, message(list[i], 0, []byte(text)))
			if h := c.response(seq); h.Status != smpp.ROK {
				t.Fatalf("message refused with %v", h.Status)
			}
		}
	}
	w.Kill()
	w.again(gatewaytest.Options{Config: quick})
	w.settle()
	for i, number := range list {
		want := []string{"MENU", fmt.Sprintf("Paddy %d kg", 100+i), "Registered", "Potato: Rs 1,150"}
		// A gateway that starts reads the ledger first, so a slow one says "received".
		if slices.ContainsFunc(w.Told(number), func(text string) bool { return strings.Contains(text, received[2]) }) {
			want = slices.Insert(want, 2, received[2])
		}
		w.told(number, want...)
	}
	if n := w.onLedger("Register"); n != citizens {
		t.Errorf("the ledger holds %d registrations, want %d", n, citizens)
	}

	w.setu("sandbox", "down")
	for _, number := range list[:5] {
		within(t, "without a ledger", w.ask(number, "BENEFIT 1000000001"), later[2])
	}
	w.kill()
	w.again(gatewaytest.Options{Config: quick})
	w.settle()
	for _, number := range list[:5] {
		w.told(number, "Old Age Pension: Rs 1,000")
	}
}

// TestRestart_OtherPartner: the partner that a citizen came by is replaced by another
// while the ledger is away. She is told the result by the new one, and who has sent
// STOP meanwhile is told nothing; both are on the ledger.
func TestRestart_OtherPartner(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	w.setu("sandbox", "down")
	waits, stopped := newNumber(), newNumber()
	receipts := map[string]string{}
	for _, number := range []string{waits, stopped} {
		w.ask(number, "SELL DHAN 120 "+fromToday(240*time.Hour))
		receipts[number] = lastReceipt(t, w.ask(number, "YES"))
	}
	w.ask(stopped, "STOP")
	w.kill()
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.gone, w.old = append(w.gone, w.Gateway), append(w.old, w.Phones)
	w.Phones.Close()
	w.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		Bin: bin, Dir: w.Dir, Config: quick + "partners: [{system_id: successor, password_file: " + secret + ", short_codes: ['51969']}]\n",
	})
	w.Phones = gatewaytest.Dial(t, w.SMPP, "successor", "secret")
	within(t, "by the new partner", w.await(waits, 0), "Registered", receipts[waits])
	w.settle()
	if got := w.Told(stopped); len(got) > 0 {
		t.Errorf("after STOP she was told %q", got)
	}
	for _, receipt := range receipts {
		within(t, "setu receipt", w.setu("receipt", receipt), `"recorded"`)
	}
	within(t, "log", w.Log(), "not configured any more", "link=sandbox")
}

// kill kills the gateway when it knows that all its messages were taken: one
// that was taken without its knowing is sent again, which other tests count.
func (w *town) kill() {
	w.t.Helper()
	w.until("no message is under way", func() bool {
		return w.setu("queue", "list", "--kind", "message") == "nothing waits\n"
	})
	w.Kill()
}
