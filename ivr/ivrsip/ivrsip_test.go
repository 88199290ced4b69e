package ivrsip_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/ivrsip"
	"setu/test/siptest"
)

const rina = "+919830000001"

// TestCall: a number is typed by telephone-event, on any payload type, in both
// laws and as tones, and the call ends with goodbye or a hang-up.
func TestCall(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	for i, tt := range []struct {
		name string
		sdp  func(string) string
	}{
		{"usual", nil},
		{"events on 96", replace("101", "96")},
		{"µ-law", replace("RTP/AVP 8 0", "RTP/AVP 0")},
		{"tones", replace(" 101\r\n", "\r\n", "a=rtpmap:101 telephone-event/8000\r\n", "", "a=fmtp:101 0-15\r\n", "")},
		{"no offer", func(string) string { return "" }},
		{"video too", func(s string) string { return s + "m=video 5000 RTP/AVP 34\r\n" }},
	} {
		from := "98300001" + string(rune('0'+i)) + "1"
		c := h.call(siptest.Options{From: from, SDP: tt.sdp})
		h.hears(c, "Press the ten digits")
		check(t, c.Press("1000000001"))
		h.hears(c, "You pressed one zero zero zero")
		check(t, c.Press("1"))
		h.hears(c, "The answer is taking time.")
		time.Sleep(2 * time.Second) // it is heard to its end
		check(t, c.Press("9"))
		h.hears(c, "Goodbye.")
		select {
		case <-c.Ended():
		case <-time.After(patience):
			t.Fatalf("%s: the gateway does not hang up", tt.name)
		}
		if got, want := h.desk.events("+91"+from), "new 1000000001 abort"; got != want {
			t.Errorf("%s: told %q, want %q", tt.name, got, want)
		}
		if sound, whole := c.Sound(); !whole || len(sound) < 8000 {
			t.Errorf("%s: %d samples were heard, without a gap: %v", tt.name, len(sound), whole)
		}
	}
	h.ends(conductor.Completed, 6)
}

// TestInfo: keys come by SIP INFO in both forms; others are refused.
func TestInfo(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	c := h.call(siptest.Options{From: rina})
	h.hears(c, "Press the ten digits")
	send := func(kind, body string) int {
		req := sip.NewRequest(sip.INFO, c.Dialog.InviteResponse.Contact().Address)
		if kind != "" {
			k := sip.ContentTypeHeader(kind)
			req.AppendHeader(&k)
		}
		req.SetBody([]byte(body))
		res, err := c.Dialog.Do(t.Context(), req)
		check(t, err)
		return res.StatusCode
	}
	for i, key := range "1000000001" {
		kind, body := "application/dtmf-relay", "Signal="+string(key)+"\r\nDuration=160\r\n"
		if i%2 == 1 {
			kind, body = "application/dtmf", string(key)
		}
		if code := send(kind, body); code != 200 {
			t.Fatalf("INFO with %s: %d", kind, code)
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.hears(c, "You pressed one zero zero zero")
	for _, tt := range []struct {
		kind, body string
		want       int
	}{{"", "", 200}, {"text/plain", "5", 415}, {"application/dtmf", "hello", 400}, {"application/dtmf-relay", "Duration=1", 400}} {
		if code := send(tt.kind, tt.body); code != tt.want {
			t.Errorf("INFO %q %q: %d, want %d", tt.kind, tt.body, code, tt.want)
		}
	}
	check(t, c.HangUp())
	h.ends(conductor.HungUp, 1)
}

// TestRefused: what is answered to calls that cannot be taken.
func TestRefused(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrsip.Config) { c.Trunks[0].Numbers = []string{"1800"} })
	for _, tt := range []struct {
		name   string
		o      siptest.Options
		status int
		header string
	}{
		{"100rel", siptest.Options{Headers: []sip.Header{sip.NewHeader("Require", "100rel, timer")}}, 420, "Unsupported: 100rel"},
		{"short session", siptest.Options{Headers: []sip.Header{sip.NewHeader("Session-Expires", "60")}}, 422, "Min-SE: 90"},
		{"G.729", siptest.Options{SDP: strings.NewReplacer("8 0", "18").Replace}, 488, ""},
		{"blank description", siptest.Options{SDP: func(string) string { return " " }}, 488, ""},
		{"another number", siptest.Options{To: "1801"}, 404, ""},
	} {
		tt.o.From = rina
		_, err := h.phones.Call(t.Context(), h.at, tt.o)
		var refused *sipgo.ErrDialogResponse
		if !errors.As(err, &refused) || refused.Res.StatusCode != tt.status || !strings.Contains(refused.Res.String(), tt.header) {
			t.Errorf("%s: %v, want %d with %q", tt.name, err, tt.status, tt.header)
		}
	}
}

// TestAnonymous: who hides her number is told that it is needed.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	c := h.call(siptest.Options{})
	<-c.Ended()
	h.ends(conductor.NoNumber, 1)
	c = h.call(siptest.Options{From: rina, Headers: []sip.Header{sip.NewHeader("Privacy", "id")}})
	<-c.Ended()
	h.ends(conductor.NoNumber, 2)
	if got := h.desk.events(rina); got != "" {
		t.Errorf("a hidden number is used: %q", got)
	}
}

// TestNumbers: the caller's number is the one that her SMS come from; an asserted
// one counts only from a trunk that vouches for it.
func TestNumbers(t *testing.T) {
	t.Parallel()
	asserted := []sip.Header{sip.NewHeader("P-Asserted-Identity", `"Rina" <sip:09830000077@operator.example;user=phone>`), sip.NewHeader("Privacy", "id")}
	for _, trusted := range []bool{true, false} {
		h := open(t, func(_ *house, c *ivrsip.Config) { c.Trunks[0].Identity = trusted })
		c := h.call(siptest.Options{From: "9830000088", Headers: asserted})
		if trusted {
			h.hears(c, "Press the ten digits")
			check(t, c.HangUp())
			h.ends(conductor.HungUp, 1)
			if h.desk.events("+919830000077") == "" {
				t.Error("the asserted number is not used")
			}
			continue
		}
		h.ends(conductor.NoNumber, 1)
	}
}

// TestFixedLine: who calls from a fixed line is served.
func TestFixedLine(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	c := h.call(siptest.Options{From: "03322000077"})
	h.hears(c, "Press the ten digits")
	check(t, c.HangUp())
	h.ends(conductor.HungUp, 1)
	if h.desk.events("+913322000077") == "" {
		t.Error("the fixed line's number is not used")
	}
}

// TestHold: while a call is on hold nothing is sent, and then it goes on where it
// was; a session that is refreshed lasts.
func TestHold(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	c := h.call(siptest.Options{From: rina, Headers: []sip.Header{sip.NewHeader("Session-Expires", "90;refresher=uac"), sip.NewHeader("Supported", "timer")}})
	h.hears(c, "Press the ten digits")
	if got := c.Dialog.InviteResponse.GetHeader("Session-Expires"); got == nil || got.Value() != "90;refresher=uac" {
		t.Errorf("Session-Expires %v", got)
	}
	reinvite := func(direction string) *sip.Response {
		req := sip.NewRequest(sip.INVITE, c.Dialog.InviteResponse.Contact().Address)
		kind := sip.ContentTypeHeader("application/sdp")
		req.AppendHeader(&kind)
		req.SetBody([]byte(strings.ReplaceAll(string(c.Dialog.InviteRequest.Body()), "sendrecv", direction)))
		res, err := c.Dialog.Do(t.Context(), req)
		check(t, err)
		check(t, c.Dialog.WriteAck(t.Context(), sip.NewRequest(sip.ACK, c.Dialog.InviteResponse.Contact().Address)))
		return res
	}
	if res := reinvite("sendonly"); res.StatusCode != 200 || !strings.Contains(string(res.Body()), "a=recvonly") {
		t.Fatalf("hold: %d\n%s", res.StatusCode, res.Body())
	}
	time.Sleep(100 * time.Millisecond) // what was on its way
	before, _ := c.Sound()
	time.Sleep(300 * time.Millisecond)
	if after, _ := c.Sound(); len(after) != len(before) {
		t.Errorf("%d samples were sent to a call on hold", len(after)-len(before))
	}
	res := reinvite("sendrecv")
	if !strings.Contains(string(res.Body()), "a=sendrecv") {
		t.Errorf("back from hold:\n%s", res.Body())
	}
	time.Sleep(300 * time.Millisecond)
	if after, _ := c.Sound(); len(after) <= len(before) {
		t.Error("nothing is sent after hold")
	}
	check(t, c.HangUp())
	h.ends(conductor.HungUp, 1)
}

// TestNoACK: an answer that nobody confirms is repeated, and then the call is hung
// up.
func TestNoACK(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrsip.Config) { c.T1 = 5 * time.Millisecond })
	var uri sip.Uri
	check(t, sip.ParseUri("sip:1800@"+h.at, &uri))
	req := sip.NewRequest(sip.INVITE, uri)
	req.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", Host: "127.0.0.1", Port: int(h.phones.Addr().Port())}})
	tx, err := h.phones.Client().TransactionRequest(t.Context(), req)
	check(t, err)
	defer tx.Terminate()
	h.ends(ivrsip.NoACK, 1)
}

// TestCancel: a call that is taken back before it is answered ends so; the answer
// is held up by the doorman here.
func TestCancel(t *testing.T) {
	t.Parallel()
	door := &slowDoor{open: make(chan struct{})}
	h := open(t, func(_ *house, c *ivrsip.Config) { c.Doorman = door })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := h.phones.Call(ctx, h.at, siptest.Options{From: rina})
	if err == nil {
		t.Fatal("answered")
	}
	close(door.open)
	h.ends(ivrsip.Cancelled, 1)
	door.missed.Store(true)
	_, err = h.phones.Call(t.Context(), h.at, siptest.Options{From: rina})
	var refused *sipgo.ErrDialogResponse
	if !errors.As(err, &refused) || refused.Res.StatusCode != 603 {
		t.Errorf("a missed call: %v", err)
	}
	h.ends(ivrsip.Missed, 1)
	if _, err = h.phones.Call(t.Context(), h.at, siptest.Options{}); !errors.As(err, &refused) || refused.Res.StatusCode != 603 {
		t.Errorf("a missed call from nobody: %v", err)
	}
	h.ends(ivrsip.Missed, 2)
}

type slowDoor struct {
	open   chan struct{}
	missed atomic.Bool
}

func (d *slowDoor) Missed(context.Context, gateway.Address, gateway.Address) (bool, error) {
	<-d.open
	return d.missed.Load(), nil
}

// TestDigest: where callers prove who they are, nobody else calls.
func TestDigest(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrsip.Config) {
		c.Trunks = []ivrsip.Trunk{{Name: "desk", Caller: "rina", CallerPassword: "secret"}}
	})
	c := h.call(siptest.Options{From: rina, User: "rina", Password: "secret"})
	h.hears(c, "Press the ten digits")
	check(t, c.HangUp())
	if _, err := h.phones.Call(t.Context(), h.at, siptest.Options{From: rina, User: "rina", Password: "wrong"}); err == nil {
		t.Error("a wrong password is let in")
	}
	h.ends(ivrsip.Stranger, 1)
}

// TestStranger: a host that no trunk knows gets no answer at all.
func TestStranger(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrsip.Config) {
		c.Trunks[0].Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var uri sip.Uri
	check(t, sip.ParseUri("sip:"+h.at, &uri))
	if res, err := h.phones.Client().Do(ctx, sip.NewRequest(sip.OPTIONS, uri)); err == nil {
		t.Errorf("a stranger is answered %d", res.StatusCode)
	}
	if h.driver.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
}

// TestBounds: no more calls than a trunk may have, and none while the gateway
// stops, which tells callers so.
func TestBounds(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrsip.Config) { c.Trunks[0].MaxCalls = 1 })
	c := h.call(siptest.Options{From: rina})
	h.hears(c, "Press the ten digits")
	_, err := h.phones.Call(t.Context(), h.at, siptest.Options{From: "9830000002"})
	var refused *sipgo.ErrDialogResponse
	if !errors.As(err, &refused) || refused.Res.StatusCode != 486 {
		t.Errorf("a second call: %v", err)
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); h.stop() }()
	h.hears(c, "We have to stop")
	<-stopped
	h.ends(conductor.Stopped, 1)
}

// TestOut: a citizen is called, and busy and silent telephones are told apart.
func TestOut(t *testing.T) {
	t.Parallel()
	h := open(t, func(h *house, c *ivrsip.Config) {
		c.Ring = time.Second
		c.Trunks = append([]ivrsip.Trunk{{Name: "out", Address: h.phones.Addr().String(), KeepAlive: time.Hour}}, c.Trunks...)
	})
	status := make(chan int, 4)
	h.phones.Handle(sip.OPTIONS, func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
	})
	h.phones.Handle(sip.INVITE, func(req *sip.Request, tx sip.ServerTransaction) {
		code := <-status
		if code == 180 {
			_ = tx.Respond(sip.NewResponseFromRequest(req, 180, "Ringing", nil))
			<-tx.Done()
			return
		}
		_ = tx.Respond(sip.NewResponseFromRequest(req, code, "No", nil))
		<-tx.Done()
	})
	for _, tt := range []struct {
		code int
		want conductor.End
		rang bool
	}{{486, ivrsip.TheyBusy, false}, {603, ivrsip.Declined, false}, {180, ivrsip.NoAnswer, true}, {503, ivrsip.Failed, false}} {
		status <- tt.code
		out := h.driver.Call(t.Context(), "+913322222222", rina)
		if out.Answered || out.End != tt.want || out.Rang != tt.rang {
			t.Errorf("answered %d: %+v, want %s", tt.code, out, tt.want)
		}
	}
}

// FuzzRequest: whatever arrives at the port, the driver goes on to answer, and
// nothing is left open.
func FuzzRequest(f *testing.F) {
	invite := "INVITE sip:1800@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:+919830000001@127.0.0.1>;tag=1\r\nTo: <sip:1800@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:9>\r\nContent-Type: application/sdp\r\nContent-Length: 0\r\n\r\n"
	f.Add([]byte(invite))
	f.Add([]byte(strings.Replace(invite, "Contact: <sip:127.0.0.1:9>\r\n", "Require: 100rel\r\n", 1)))
	f.Add([]byte(strings.ReplaceAll(invite, "INVITE", "INFO")))
	f.Add([]byte("OPTIONS sip:x SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	f.Fuzz(func(t *testing.T, message []byte) {
		msg, err := sip.ParseMessage(message)
		if err != nil {
			return
		}
		req, ok := msg.(*sip.Request)
		if !ok {
			return
		}
		if got := ivrsip.Look(req); got == "" {
			t.Fatal("a request is neither taken nor refused")
		}
	})
}
