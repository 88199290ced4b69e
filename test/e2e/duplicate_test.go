package e2e_test

import (
	"slices"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/test/gatewaytest"
)

// TestRedelivered sends a message again on a new bind, as a provider does that
// lost the answer with its connection: it is taken once. The same text twice on
// one bind is two messages: a citizen may write the same again.
func TestRedelivered(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	for _, tt := range []struct {
		name   string
		answer bool // the provider reads the answer before its connection ends
		open   bool // the gateway does not hear that it has ended
	}{
		{"answer lost", false, false},
		{"answer read and message sent again", true, false},
		{"connection half open", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			number := newNumber()
			w.Note(number)
			w.ask(number, "SELL DHAN 432 "+fromToday(240*time.Hour))
			yes := message(number, 0, []byte("YES"))
			for round := range 3 {
				c := w.dial()
				if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
					t.Fatalf("bind: %v", status)
				}
				c.submit(50, yes)
				if tt.answer || round > 0 {
					if h := c.response(50); h.Status != smpp.ROK {
						t.Errorf("answered with %v", h.Status)
					}
				} else {
					w.await(number, 1) // it is accepted; its answer goes nowhere
				}
				if tt.open {
					continue
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			w.settle()
			w.told(number, "Paddy 432 kg", "Registered")
		})
	}
	t.Run("written twice", func(t *testing.T) {
		number := newNumber()
		within(t, "first", w.ask(number, "PRICE POTATO"), "Potato")
		within(t, "second", w.ask(number, "PRICE POTATO"), "Potato")
	})
	t.Run("written twice at once", func(t *testing.T) {
		number := newNumber()
		w.Note(number)
		c := w.dial()
		if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
			t.Fatalf("bind: %v", status)
		}
		for seq := uint32(1); seq <= 5; seq++ {
			c.submit(seq+10, message(number, 0, []byte("PRICE POTATO")))
		}
		var answered []uint32
		for range 5 {
			h, _, err := c.next()
			if err != nil || h.Status != smpp.ROK {
				t.Fatalf("%v, %v", h, err)
			}
			answered = append(answered, h.Seq)
		}
		if slices.Sort(answered); !slices.Equal(answered, []uint32{11, 12, 13, 14, 15}) {
			t.Errorf("answers to %v, want one to each of 11 to 15", answered)
		}
		w.settle()
		w.told(number, "Potato", "Potato", "Potato", "Potato", "Potato")
	})
	if n := w.onLedger("Register"); n != 3 {
		t.Errorf("the ledger holds %d registrations, want 3", n)
	}
	if n := w.metric("setu_duplicates_total"); n < 1 {
		t.Errorf("%v duplicates counted", n)
	}
}

// TestRedelivered_Restart loses the answer because the gateway is killed; the
// provider sends again to the next process.
func TestRedelivered_Restart(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	w.ask(number, "SELL DHAN 543 "+fromToday(240*time.Hour))
	w.Phones.Close()
	yes := message(number, 0, []byte("YES"))
	c := w.dial()
	if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
		t.Fatalf("bind: %v", status)
	}
	c.submit(60, yes)
	if h := c.response(60); h.Status != smpp.ROK {
		t.Fatalf("answered with %v", h.Status)
	}
	w.Kill()
	w.again(gatewaytest.Options{})
	w.raw(yes, smpp.ROK)
	w.settle()
	w.told(number, "Registered")
	if n := w.onLedger("Register"); n != 1 {
		t.Errorf("the ledger holds %d registrations, want 1", n)
	}
}

// TestTwoBinds takes what citizens write twice, such as 1 and 1, over two binds
// of one provider that are up at the same time: it is no redelivery.
func TestTwoBinds(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	w.Note(number)
	binds := []*wire{w.dial(), w.dial()}
	for _, c := range binds {
		if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
			t.Fatalf("bind: %v", status)
		}
	}
	for i, step := range []struct{ say, want string }{
		{"BENEFIT", "1 When the last payment came"},
		{"1", "10 digits"},
		{"0", "1 When the last payment came"},
		{"1", "10 digits"},
		{"1000000001", "Old Age Pension"},
		{"PRICE POTATO", "Potato"},
		{"PRICE POTATO", "Potato"},
	} {
		c := binds[i/2%2]
		c.submit(uint32(100+i), message(number, 0, []byte(step.say))) //nolint:gosec // small
		if h := c.response(uint32(100 + i)); h.Status != smpp.ROK {   //nolint:gosec // small
			t.Fatalf("answered with %v", h.Status)
		}
		within(t, step.say, w.await(number, i), step.want)
	}
}
