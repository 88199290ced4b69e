// Package siptest is a telephone for tests: it places SIP calls with the library's
// own dialogs, not ours, presses keys and hears what comes back, as sound and, from
// a gateway in the sandbox, in words.
package siptest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/ivr/g711"
	"setu/ivr/ivrsip"
	"setu/ivr/rtp"
	"setu/ivr/sdp"
)

// Exchange is where telephones of a test are: one SIP agent and its media.
type Exchange struct {
	// Host is what From says; empty is our address.
	Host string

	t      testing.TB
	client *sipgo.Client
	server *sipgo.Server
	dialog *sipgo.DialogUA
	media  *rtp.Engine
	addr   netip.AddrPort

	mu      sync.Mutex
	calls   map[string]*Call // by Call-ID
	answers map[sip.RequestMethod]sipgo.RequestHandler
}

// New makes an exchange, which is closed when the test ends.
func New(t testing.TB) *Exchange {
	t.Helper()
	x := &Exchange{t: t, calls: make(map[string]*Call), answers: make(map[sip.RequestMethod]sipgo.RequestHandler)}
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("telephone"))
	check(t, err)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // loopback
	check(t, err)
	x.addr = netip.MustParseAddrPort(conn.LocalAddr().String())
	x.client, err = sipgo.NewClient(ua, sipgo.WithClientHostname("127.0.0.1"), sipgo.WithClientPort(int(x.addr.Port())), sipgo.WithClientConnectionAddr(x.addr.String()))
	check(t, err)
	x.server, err = sipgo.NewServer(ua)
	check(t, err)
	x.dialog = &sipgo.DialogUA{Client: x.client, ContactHDR: sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "telephone", Host: "127.0.0.1", Port: int(x.addr.Port())}}}
	x.media, err = rtp.New(rtp.Options{Wheels: 1})
	check(t, err)
	x.server.OnBye(x.bye)
	x.server.OnInfo(x.info)
	for _, method := range []sip.RequestMethod{sip.INVITE, sip.ACK, sip.CANCEL, sip.OPTIONS, sip.REGISTER, sip.UPDATE} {
		x.server.OnRequest(method, x.answer)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = x.media.Run(ctx) })        // it says nothing
	running.Go(func() { _ = x.server.ServeUDP(conn) }) // it ends with conn
	t.Cleanup(func() { cancel(); _ = conn.Close(); _ = ua.Close(); running.Wait() })
	for range 1000 { // until the library knows it, which else would open another
		if c, err := ua.TransportLayer().GetConnection("udp", x.addr.String()); err == nil && c != nil {
			return x
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the telephones are not served")
	return x
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Handle answers requests of a method that come in, such as the gateway's INVITE.
func (x *Exchange) Handle(method sip.RequestMethod, h sipgo.RequestHandler) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers[method] = h
}

// answer answers as a test wants, or that all is well.
func (x *Exchange) answer(req *sip.Request, tx sip.ServerTransaction) {
	x.mu.Lock()
	h := x.answers[req.Method]
	x.mu.Unlock()
	switch {
	case h != nil:
		h(req, tx)
	case !req.IsAck():
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil)) // or it is asked again
	}
}

// Client is for requests of a test's own.
func (x *Exchange) Client() *sipgo.Client { return x.client }

// Addr is where the exchange is.
func (x *Exchange) Addr() netip.AddrPort { return x.addr }

// Call is a call under way.
type Call struct {
	// Dialog is for requests of a test's own.
	Dialog *sipgo.DialogClientSession
	// Stream is its media.
	Stream *rtp.Stream
	// Answer is the gateway's description.
	Answer sdp.Agreed

	x     *Exchange
	said  chan string
	ended chan struct{}

	mu    sync.Mutex
	sound []byte // PCMA as it came
	at    []uint32
}

// Options of a call.
type Options struct {
	From string // number; empty is anonymous
	To   string
	// SDP changes our offer.
	SDP     func(offer string) string
	Headers []sip.Header
	// User and Password answer a challenge.
	User, Password string
}

// Call calls; an error is the gateway's refusal.
func (x *Exchange) Call(ctx context.Context, gateway string, o Options) (*Call, error) {
	x.t.Helper()
	stream, err := x.media.Open()
	check(x.t, err)
	local := sdp.Local{Media: netip.AddrPortFrom(x.addr.Addr(), stream.Port()), ID: 1, Version: 1}
	body := string(sdp.Offer(local))
	if o.SDP != nil {
		body = o.SDP(body)
	}
	c := &Call{x: x, Stream: stream, said: make(chan string, 64), ended: make(chan struct{})}
	to := o.To
	if to == "" {
		to = "1800"
	}
	var uri sip.Uri
	check(x.t, sip.ParseUri("sip:"+to+"@"+gateway, &uri))
	req := sip.NewRequest(sip.INVITE, uri)
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: o.From, Host: "127.0.0.1"}}
	if o.From == "" {
		from.Address.User, from.Address.Host = "anonymous", "anonymous.invalid"
	}
	from.Params = sip.NewParams()
	from.Params.Add("tag", sip.GenerateTagN(12))
	req.AppendHeader(from)
	req.AppendHeader(sip.NewHeader("Recv-Info", ivrsip.Package))
	if body != "" {
		kind := sip.ContentTypeHeader("application/sdp")
		req.AppendHeader(&kind)
		req.SetBody([]byte(body))
	}
	for _, h := range o.Headers {
		req.AppendHeader(h)
	}
	callID := sip.CallIDHeader(sip.GenerateTagN(20))
	req.AppendHeader(&callID)
	x.mu.Lock()
	x.calls[callID.Value()] = c
	x.mu.Unlock()
	if c.Dialog, err = x.dialog.WriteInvite(ctx, req); err == nil {
		err = c.Dialog.WaitAnswer(ctx, sipgo.AnswerOptions{Username: o.User, Password: o.Password})
	}
	if err != nil {
		stream.Close()
		return nil, err
	}
	return c, c.begin(ctx, local, body == "")
}

// begin confirms the answer and starts the media.
func (c *Call) begin(ctx context.Context, local sdp.Local, late bool) error {
	d, err := sdp.Parse(c.Dialog.InviteResponse.Body())
	if err != nil {
		return err
	}
	if late {
		var answer []byte
		if answer, c.Answer, err = sdp.Answer(d, local); err != nil {
			return err
		}
		ack := sip.NewRequest(sip.ACK, c.Dialog.InviteResponse.Contact().Address)
		ack.SetBody(answer)
		kind := sip.ContentTypeHeader("application/sdp")
		ack.AppendHeader(&kind)
		err = c.Dialog.WriteAck(ctx, ack)
	} else {
		if c.Answer, err = sdp.Accept(d, local); err != nil {
			return err
		}
		err = c.Dialog.Ack(ctx)
	}
	if err != nil {
		return err
	}
	c.Stream.Hear(c.hear)
	codec := rtp.PCMA
	if c.Answer.Codec == sdp.PCMU {
		codec = rtp.PCMU
	}
	return c.Stream.Start(rtp.Remote{Media: c.Answer.Remote, Codec: codec, Events: c.Answer.Events})
}

// hear keeps the sound.
func (c *Call) hear(f rtp.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range f.Payload {
		if c.Answer.Codec == sdp.PCMU {
			b = g711.ToALaw(g711.FromULaw(b))
		}
		c.sound = append(c.sound, b)
	}
	c.at = append(c.at, f.Timestamp)
}

// Sound is what was heard until now, and whether no packet of it is missing.
func (c *Call) Sound() (samples []int16, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	samples = make([]int16, len(c.sound))
	for i, b := range c.sound {
		samples[i] = g711.FromALaw(b)
	}
	whole = true
	for i := 1; i < len(c.at); i++ {
		whole = whole && c.at[i]-c.at[i-1] == 160
	}
	return samples, whole
}

// Next is what is said next, with all that follows at once.
func (c *Call) Next(ctx context.Context) (string, error) {
	var text string
	select {
	case text = <-c.said:
	case <-c.ended:
		select {
		case text = <-c.said:
		default:
			return "", fmt.Errorf("the gateway has hung up")
		}
	case <-ctx.Done():
		return "", fmt.Errorf("nothing is said: %w", ctx.Err())
	}
	for {
		select {
		case more := <-c.said:
			text += "\n" + more
		case <-time.After(200 * time.Millisecond):
			return text, nil
		}
	}
}

// Silence waits until something was heard, and then nothing for a time.
func (c *Call) Silence(ctx context.Context, d time.Duration) error {
	long := int(d * g711.Rate / time.Second)
	began, spoken := time.Now(), false
	before, _ := c.Sound()
	for {
		sound, _ := c.Sound()
		spoken = spoken || loud(sound[max(0, len(before)-g711.Rate/10):]) || time.Since(began) > 5*time.Second
		if spoken && len(sound) >= long && !loud(sound[len(sound)-long:]) {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("it is never silent: %w", ctx.Err())
		}
	}
}

// loud says that a sound is more than what A-law makes of silence, which is 8.
func loud(sound []int16) bool {
	return slices.ContainsFunc(sound, func(s int16) bool { return s > 64 || s < -64 })
}

// Press presses keys.
func (c *Call) Press(keys string) error { return c.Stream.Send(keys) }

// Hear waits for something that is said and gives it; texts before it are passed
// over.
func (c *Call) Hear(ctx context.Context, want string) (string, error) {
	var heard []string
	for {
		select {
		case text := <-c.said:
			if strings.Contains(text, want) {
				return text, nil
			}
			heard = append(heard, text)
		case <-ctx.Done():
			return "", fmt.Errorf("%q is not said; heard:\n%s", want, strings.Join(heard, "\n--\n"))
		case <-c.ended:
			select {
			case text := <-c.said:
				heard = append(heard, text)
				if strings.Contains(text, want) {
					return text, nil
				}
				continue
			default:
			}
			return "", fmt.Errorf("%q is not said until the call's end; heard:\n%s", want, strings.Join(heard, "\n--\n"))
		}
	}
}

// Ended is closed when the gateway has hung up.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// HangUp ends the call.
func (c *Call) HangUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	defer c.Stream.Close()
	return c.Dialog.Bye(ctx)
}

// Drop leaves without a word, as a telephone whose battery is taken out.
func (c *Call) Drop() { c.Stream.Close() }

func (x *Exchange) find(req *sip.Request) *Call {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.calls[req.CallID().Value()]
}

func (x *Exchange) bye(req *sip.Request, tx sip.ServerTransaction) {
	c := x.find(req)
	_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil)) // or it is asked again
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		select {
		case <-c.ended:
		default:
			close(c.ended)
			c.Stream.Close()
		}
	}
}

func (x *Exchange) info(req *sip.Request, tx sip.ServerTransaction) {
	if c := x.find(req); c != nil {
		select {
		case c.said <- string(req.Body()):
		default:
		}
	}
	_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil)) // or it is asked again
}
