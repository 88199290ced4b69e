package e2e_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/test/gatewaytest"
)

// unreadable and unknown are parts of what is said to a message that is no
// text, and to one that means nothing, in bn, hi and en.
var (
	unreadable = []string{"আপনার বার্তাটি পড়া গেল না", "आपका संदेश पढ़ा नहीं जा सका", "We could not read your message"}
	unknown    = []string{"কথাটি বুঝতে পারিনি", "यह समझ नहीं आया", "we did not understand that"}
	tooLong    = []string{"আপনার লেখাটি খুব বড়", "आपका संदेश बहुत लंबा है", "Your message is too long"}
)

// TestBadText sends what is no text, or is none that means anything. Each has
// its answer, and the next message of the same citizen has its own.
func TestBadText(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	ucs2 := func(text string) []byte {
		b, err := sms.Encode(text, sms.UCS2)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const bn, hi, en = 0, 1, 2
	for _, tt := range []struct {
		name   string
		coding byte
		octets []byte
		want   string
		lang   int // that the citizen is answered in after it
	}{
		{"binary", 4, []byte{0, 1, 2, 0xFE, 0xFF, 0x80}, unreadable[bn], bn},
		{"unknown alphabet", 0x0D, []byte("HELP"), unreadable[bn], bn},
		{"octets beyond GSM 7-bit", 0, []byte{0x80, 0x90, 0xFF}, unreadable[bn], bn},
		{"UTF-16 of odd length", 8, ucs2("ভাতা")[:7], unreadable[bn], bn},
		{"lone high surrogate", 8, append(ucs2("HELP "), 0xD8, 0x3D), unreadable[bn], bn},
		{"lone low surrogate", 8, append([]byte{0xDE, 0x4F}, ucs2("HELP")...), unreadable[bn], bn},
		{"empty", 0, nil, "কোন পরিষেবা চান?", bn},
		{"empty in UTF-16", 8, nil, "কোন পরিষেবা চান?", bn},
		{"blanks", 0, []byte("  \r\n "), "কোন পরিষেবা চান?", bn},
		{"unknown word in Bengali", 8, ucs2("পান্তাভাত খাব"), unknown[bn], bn},
		{"unknown word in Hindi", 8, ucs2("खिचड़ी खाऊँगा"), unknown[hi], hi},
		{"unknown word in English", 0, []byte("xylophone"), unknown[en], en},
		{"emoji alone", 8, ucs2("🙏🏽👨‍👩‍👧‍👦"), "কোন পরিষেবা চান?", bn},
		{"emoji behind a keyword", 8, ucs2("ভাতা 1000000001 🙏"), "বার্ধক্য ভাতা", bn},
		{"right-to-left marks around a keyword", 8, ucs2("\u200f\u202bBENEFIT\u202c \u200e1000000001\u200f"), "Old Age Pension", en},
		{"zero-width joiners in a keyword", 8, ucs2("\ufeffভা\u200dতা\u200b ১০০০০০০০০১"), "বার্ধক্য ভাতা", bn},
		{"Arabic", 8, ucs2("مرحبا"), unknown[bn], bn},
		{"the @ of GSM 7-bit", 0, []byte("HELP\x00"), "Did you mean HELP?", en},
		{"NUL behind UTF-16", 8, append(ucs2("HELP"), 0, 0), "BENEFIT 1000000001", en},
		{"control characters", 8, ucs2("HELP\u0001\u0007"), "BENEFIT 1000000001", en},
		{"header that is none", 0, []byte("HELP"), "BENEFIT 1000000001", en},
	} {
		t.Run(tt.name, func(t *testing.T) {
			number := newNumber()
			m := message(number, tt.coding, tt.octets)
			if tt.name == "header that is none" {
				m.ESMClass = smpp.ESMHeaderIndicator
			}
			w.raw(m, smpp.ROK)
			if got := w.await(number, 0); !strings.Contains(got, tt.want) {
				t.Errorf("told %q, want %q", got, tt.want)
			}
			within(t, "next message", w.ask(number, languages[tt.lang].help), "1000000001")
		})
	}
	if n := w.metric("setu_sms_undecodable_total"); n != 6 {
		t.Errorf("%v undecodable messages counted, want 6", n)
	}
}

// TestNoise sends random octets as texts in every alphabet: all are accepted
// and each has one answer.
func TestNoise(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	list := make([]string, 120)
	for i := range list {
		list[i] = newNumber()
		b := make([]byte, r.IntN(140))
		for j := range b {
			b[j] = byte(r.Uint32()) //nolint:gosec // any octet
		}
		m := message(list[i], byte(r.IntN(256)), b)            //nolint:gosec // any coding
		m.ESMClass = byte(r.IntN(2)) * smpp.ESMHeaderIndicator //nolint:gosec // 0 or 1
		w.raw(m, smpp.ROK)
	}
	w.settle()
	for _, number := range list {
		if got := w.Told(number); len(got) != 1 {
			t.Errorf("told %d messages, want 1: %q", len(got), got)
		}
	}
}

// TestLongMessages sends long messages as bad phones and networks do.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	t.Run("two citizens with one reference", func(t *testing.T) {
		a, b := newNumber(), newNumber()
		texts := []string{
			"অভিযোগ নতুন ভাতা " + strings.Repeat("টাকা আসেনি ", 8),
			"অভিযোগ নতুন জমি " + strings.Repeat("নাম ওঠেনি ", 8),
		}
		first, second := parts(t, a, texts[0], 9), parts(t, b, texts[1], 9)
		if len(first) != len(second) || len(first) < 2 {
			t.Fatalf("%d and %d parts", len(first), len(second))
		}
		for i := range first { // and the other way round
			w.raw(first[i], smpp.ROK)
			w.raw(second[len(second)-1-i], smpp.ROK)
		}
		within(t, "first", w.await(a, 0), "বিষয়: ভাতা")
		within(t, "second", w.await(b, 0), "বিষয়: জমি")
	})
	t.Run("a part twice", func(t *testing.T) {
		number := newNumber()
		list := parts(t, number, "शिकायत नई भत्ता "+strings.Repeat("फिर से ", 12), 10)
		w.raw(list[0], smpp.ROK)
		w.raw(list[0], smpp.ROK)
		w.raw(list[1], smpp.ROK)
		within(t, "question", w.await(number, 0), "विषय: भत्ता")
	})
	t.Run("a hundred parts", func(t *testing.T) {
		number := newNumber()
		list := parts(t, number, strings.Repeat("ভাতার টাকা ", 600), 11)
		if len(list) < 95 {
			t.Fatalf("%d parts", len(list))
		}
		for _, m := range list {
			w.raw(m, smpp.ROK)
		}
		within(t, "answer", w.await(number, 0), tooLong[0])
		within(t, "next message", w.ask(number, "ভাতা ১০০০০০০০০১"), "বার্ধক্য ভাতা")
	})
	t.Run("half a message", func(t *testing.T) {
		// It waits for its other half, and holds up nothing.
		number := newNumber()
		list := parts(t, number, strings.Repeat("half a message ", 20), 12)
		w.raw(list[0], smpp.ROK)
		within(t, "next message", w.ask(number, "BENEFIT 1000000001"), "Old Age Pension")
		if got := w.Told(number); len(got) != 1 {
			t.Errorf("told %q", got)
		}
	})
	t.Run("part 0 of 0", func(t *testing.T) {
		number := newNumber()
		m := message(number, 0, []byte("\x05\x00\x03\x2a\x00\x00HELP"))
		m.ESMClass = smpp.ESMHeaderIndicator
		w.raw(m, smpp.ROK)
		within(t, "answer", w.await(number, 0), "BENEFIT 1000000001")
	})
	w.settle()
}

// TestBadAddresses sends to a short code that is not ours, and from what is no
// phone: the provider is told at once, and nobody is answered.
func TestBadAddresses(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	m := message(number, 0, []byte("HELP"))
	m.Dest.Addr = "12345"
	w.raw(m, smpp.RInvDstAdr)
	for _, from := range []string{"", "WBGOVT", "12", strings.Repeat("9", 20)} {
		m := message(from, 0, []byte("HELP"))
		w.raw(m, smpp.RInvSrcAdr)
	}
	within(t, "next message", w.ask(number, "HELP"), "BENEFIT 1000000001")
	if n := w.metric("setu_sms_refused_total"); n != 5 {
		t.Errorf("%v messages refused, want 5", n)
	}
	w.settle()
	w.told(number, "BENEFIT 1000000001")
}

// TestBadPeers connects as broken and hostile peers do. None of it is felt by
// the partner that is bound.
func TestBadPeers(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	header := func(length, id, seq uint32) []byte {
		var b []byte
		for _, v := range []uint32{length, id, 0, seq} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	// hangsUp awaits the end of the connection, with what came before it.
	hangsUp := func(t *testing.T, c *wire) (last smpp.Header) {
		t.Helper()
		for {
			h, _, err := c.next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
					t.Errorf("the connection ended with %v", err)
				}
				return last
			}
			last = h
		}
	}
	t.Run("wrong password", func(t *testing.T) {
		c := w.dial()
		if status := c.bind(smpp.Transceiver, "guess"); status != smpp.RInvPaswd {
			t.Errorf("bind = %v, want %v", status, smpp.RInvPaswd)
		}
		hangsUp(t, c)
	})
	t.Run("a message before the bind", func(t *testing.T) {
		c := w.dial()
		c.submit(5, message(newNumber(), 0, []byte("HELP")))
		if h := c.response(5); h.Status != smpp.RInvBndSts {
			t.Errorf("answered with %v, want %v", h.Status, smpp.RInvBndSts)
		}
	})
	t.Run("a PDU of 4 GiB before the bind", func(t *testing.T) {
		c := w.dial()
		c.put(header(0xFFFFFFFF, uint32(smpp.SubmitSM), 7))
		if h := hangsUp(t, c); h.Status != smpp.RInvCmdLen {
			t.Errorf("last answer %v, want %v", h.Status, smpp.RInvCmdLen)
		}
	})
	t.Run("a PDU of 4 GiB on a bind", func(t *testing.T) {
		c := w.dial()
		if status := c.bind(smpp.Transceiver, "sandbox"); status != smpp.ROK {
			t.Fatalf("bind: %v", status)
		}
		c.put(append(header(0xFFFFFFFF, uint32(smpp.SubmitSM), 7), bytes.Repeat([]byte("x"), 100_000)...))
		if h := hangsUp(t, c); h.Status != smpp.RInvCmdLen {
			t.Errorf("last answer %v, want %v", h.Status, smpp.RInvCmdLen)
		}
	})
	t.Run("a PDU shorter than its header", func(t *testing.T) {
		c := w.dial()
		c.put(header(3, uint32(smpp.SubmitSM), 7))
		hangsUp(t, c)
	})
	t.Run("another protocol", func(t *testing.T) {
		c := w.dial()
		c.put([]byte("GET / HTTP/1.1\r\nHost: setu\r\n\r\n"))
		hangsUp(t, c)
	})
	t.Run("a malformed message, then a good one", func(t *testing.T) {
		c := w.dial()
		if status := c.bind(smpp.Transmitter, "sandbox"); status != smpp.ROK {
			t.Fatalf("bind: %v", status)
		}
		c.put(append(header(20, uint32(smpp.SubmitSM), 8), 1, 2, 3, 4))
		if h := c.response(8); h.Status == smpp.ROK {
			t.Error("a malformed message was accepted")
		}
		c.put(header(16, 0x00000FFF, 9))
		if h := c.response(9); h.Status != smpp.RInvCmdID {
			t.Errorf("an unknown command was answered with %v, want %v", h.Status, smpp.RInvCmdID)
		}
		number := newNumber()
		w.Note(number)
		c.submit(10, message(number, 0, []byte("HELP")))
		if h := c.response(10); h.Status != smpp.ROK {
			t.Errorf("the next message was answered with %v", h.Status)
		}
		within(t, "answer", w.await(number, 0), "BENEFIT 1000000001")
	})
	t.Run("a bind that never comes", func(t *testing.T) {
		for range 20 {
			w.dial() // and says nothing
		}
	})
	within(t, "the partner", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension")
	if peak := w.peak(); peak > 128<<20 {
		t.Errorf("the gateway took %d MiB", peak>>20)
	}
	if w.Ended() {
		t.Fatalf("the gateway ended:\n%s", w.Log())
	}
}
