package ivrsip_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/ivr/ivrsip"
)

// wire is a trunk of which a test writes each answer.
type wire struct {
	t    *testing.T
	conn net.PacketConn
	came chan *sip.Request // but OPTIONS, and what is repeated
	from net.Addr
}

func newWire(t *testing.T) *wire {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // loopback
	check(t, err)
	w := &wire{t: t, conn: conn, came: make(chan *sip.Request, 64)}
	done := make(chan struct{})
	go func() { defer close(done); w.read() }()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return w
}

func (w *wire) read() {
	buf := make([]byte, 64<<10)
	seen := make(map[string]bool)
	for {
		n, from, err := w.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		msg, err := sip.ParseMessage(buf[:n])
		req, ok := msg.(*sip.Request)
		if err != nil || !ok {
			continue
		}
		if req.Method == sip.OPTIONS {
			_, _ = w.conn.WriteTo([]byte(sip.NewResponseFromRequest(req, 200, "OK", nil).String()), from)
			continue
		}
		branch, _ := req.Via().Params.Get("branch")
		if key := branch + string(req.Method); !seen[key] || req.IsAck() {
			seen[key] = true
			w.from = from
			w.came <- req
		}
	}
}

// next is the next request, which must be of a method.
func (w *wire) next(want sip.RequestMethod) *sip.Request {
	w.t.Helper()
	select {
	case req := <-w.came:
		if req.Method != want {
			w.t.Fatalf("%s came, want %s", req.Method, want)
		}
		return req
	case <-time.After(patience):
		w.t.Fatalf("no %s comes", want)
	}
	return nil
}

// silent checks that nothing comes for a while.
func (w *wire) silent(d time.Duration) {
	w.t.Helper()
	select {
	case req := <-w.came:
		w.t.Fatalf("%s came, and nothing should", req.Method)
	case <-time.After(d):
	}
}

// says answers a request, with a session description if that is 200.
func (w *wire) says(req *sip.Request, code int) {
	w.t.Helper()
	var body []byte
	if req.IsInvite() && code == 200 {
		body = []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n")
	}
	res := sip.NewResponseFromRequest(req, code, "Says", body)
	res.To().Params.Add("tag", "theirs")
	if body != nil {
		kind := sip.ContentTypeHeader("application/sdp")
		res.AppendHeader(&kind)
		at := w.conn.LocalAddr().(*net.UDPAddr) //nolint:errcheck // it is one
		res.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", Host: "127.0.0.1", Port: at.Port}})
	}
	_, err := w.conn.WriteTo([]byte(res.String()), w.from)
	check(w.t, err)
}

// calls calls Rina by the wire, until ctx ends.
func (w *wire) calls(ctx context.Context, change func(c *ivrsip.Config)) (h *house, outcome <-chan ivrsip.Outcome) {
	w.t.Helper()
	h = open(w.t, func(_ *house, c *ivrsip.Config) {
		c.Trunks = []ivrsip.Trunk{{Name: "out", Address: w.conn.LocalAddr().String(), KeepAlive: time.Hour}}
		change(c)
	})
	ended := make(chan ivrsip.Outcome, 1)
	go func() { ended <- h.driver.Call(ctx, "+913322222222", rina) }()
	return h, ended
}

func (w *wire) outcome(ended <-chan ivrsip.Outcome) ivrsip.Outcome {
	w.t.Helper()
	select {
	case out := <-ended:
		return out
	case <-time.After(patience):
		w.t.Fatal("the call out has no outcome")
	}
	return ivrsip.Outcome{}
}

// TestOut_TakenBack: an INVITE is taken back only when the trunk has said something
// about it, and she who picks up in spite of it is hung up on.
func TestOut_TakenBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		last int // the final answer, after the CANCEL
	}{{"stops ringing", 487}, {"picks up meanwhile", 200}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			h, ended := w.calls(ctx, func(*ivrsip.Config) {})
			invite := w.next(sip.INVITE)
			cancel()
			w.silent(300 * time.Millisecond)
			w.says(invite, 180)
			w.says(w.next(sip.CANCEL), 200)
			w.says(invite, tt.last)
			w.next(sip.ACK)
			if tt.last == 200 {
				w.says(w.next(sip.BYE), 200)
			} else if out := w.outcome(ended); out.Answered || out.End != ivrsip.NoAnswer {
				t.Errorf("outcome %+v, want no answer", out)
			}
			h.stop()
		})
	}
}

// TestOut_TooLate: a trunk that says nothing in time is passed over, and whatever it
// says later rings nobody and leaves nobody on the line.
func TestOut_TooLate(t *testing.T) {
	t.Parallel()
	for _, late := range []int{180, 200} {
		w := newWire(t)
		h, ended := w.calls(t.Context(), func(*ivrsip.Config) {})
		invite := w.next(sip.INVITE)
		if out := w.outcome(ended); out.Answered || out.End != ivrsip.Failed || out.Rang {
			t.Errorf("outcome %+v, want the trunk's failure", out)
		}
		w.says(invite, late)
		if late == 180 {
			w.says(w.next(sip.CANCEL), 200)
			w.says(invite, 487)
			w.next(sip.ACK)
		} else {
			w.next(sip.ACK)
			w.says(w.next(sip.BYE), 200)
		}
		h.stop()
	}
}

// TestOut_Repeated: an answer that is repeated, since our ACK was lost, is confirmed
// again.
func TestOut_Repeated(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	h, ended := w.calls(t.Context(), func(*ivrsip.Config) {})
	invite := w.next(sip.INVITE)
	w.says(invite, 200)
	w.next(sip.ACK)
	w.says(invite, 200)
	w.next(sip.ACK)
	go h.stop()
	w.says(w.next(sip.BYE), 200)
	if out := w.outcome(ended); !out.Answered {
		t.Errorf("outcome %+v, want an answer", out)
	}
	h.stop()
}

// TestOut_ByName: the answers of a trunk that is known by its name are let in from
// the first one on.
func TestOut_ByName(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	_, port, err := net.SplitHostPort(w.conn.LocalAddr().String())
	check(t, err)
	h, ended := w.calls(t.Context(), func(c *ivrsip.Config) { c.Trunks[0].Address = "localhost:" + port })
	w.says(w.next(sip.INVITE), 486)
	w.next(sip.ACK)
	if out := w.outcome(ended); out.Status != 486 {
		t.Errorf("outcome %+v, want busy", out)
	}
	h.stop()
}

// TestOut_Stops: a gateway that stops takes back what rings, and does not wait for
// it.
func TestOut_Stops(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	h, ended := w.calls(t.Context(), func(*ivrsip.Config) {})
	invite := w.next(sip.INVITE)
	w.says(invite, 180)
	time.Sleep(100 * time.Millisecond) // until it is heard
	go h.stop()
	w.says(w.next(sip.CANCEL), 200)
	w.says(invite, 487)
	w.next(sip.ACK)
	if out := w.outcome(ended); out.End != ivrsip.NoAnswer || !out.Rang {
		t.Errorf("outcome %+v, want no answer", out)
	}
	h.stop()
}
