package e2e_test

import (
	"testing"

	"setu/test/gatewaytest"
)

// TestUSSD_Dialects walks through a service in every dialect that is shipped,
// is cut off in it and goes on, sends a request again, and dials deep where the
// dialect passes that on.
func TestUSSD_Dialects(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	t.Run("dialects", func(t *testing.T) {
		for _, name := range dialects(t).Names() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := w.caller(t, name, newNumber())
				within(t, "first dial", c.dial(""), "1 বাংলা", "3 English")
				within(t, "menu", c.key("3"), "1 Benefit", "2 ", "3 ")
				want := c.key("1")
				card := c.key("1")
				if back := c.key("0"); back != want {
					t.Errorf("0 leads to %q, want %q", back, want)
				}
				c.key("1")
				c.drop()
				within(t, "redial", c.dial(""), "Benefit", "1 ", "2 ")
				if got := c.key("1"); got != card {
					t.Errorf("goes on with %q, want %q", got, card)
				}
				c.cancel()
				c.dial("")
				c.key("1")
				c.key("1000000001")
				within(t, "answer", c.whole(), "Old Age Pension", "Rs 1,000")
				c.ended()
			})
		}
	})
	if n := len(dialects(t)); n < 11 {
		t.Errorf("%d dialects are shipped, want 11", n)
	}
}
