package ivrsip_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
	"setu/ivr/ivrsip"
	"setu/ivr/rtp"
	"setu/ivr/speech"
	"setu/ivr/voice"
	"setu/test/siptest"
)

// patience bounds whatever a test waits for, on a machine that is busy.
const patience = 30 * time.Second

// words are the texts of all tests.
var words = sync.OnceValues(func() (*catalogue.Catalogue, error) {
	return catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
})

// mouth says each sentence in a quarter of a second.
type mouth struct{}

func (mouth) Clips(_ context.Context, s []speech.Sentence) ([]voice.Clip, error) {
	return []voice.Clip{voice.Silence(time.Duration(len(s)) * 250 * time.Millisecond)}, nil
}

// desk asks for a number and answers that the answer follows.
type desk struct {
	mu  sync.Mutex
	got []gateway.Inbound
}

func (d *desk) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	d.mu.Lock()
	d.got = append(d.got, in)
	d.mu.Unlock()
	format := i18n.Format{Lang: i18n.English}
	if in.Text != "" {
		return gateway.Reply{Format: format, End: true, Parts: []gateway.Part{{Text: "later"}}}, nil
	}
	return gateway.Reply{Format: format, Expect: "digits", Back: true, Parts: []gateway.Part{{Service: "benefit", Text: "card"}}}, nil
}

// events are what the desk was told of a caller, such as "new 1000000001 abort".
func (d *desk) events(from string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, in := range d.got {
		switch {
		case in.From.Reveal() != from:
		case in.Event == gateway.New:
			list = append(list, "new")
		case in.Event == gateway.Abort:
			list = append(list, "abort")
		default:
			list = append(list, in.Text.Reveal())
		}
	}
	return strings.Join(list, " ")
}

// media is never busy, so that a slow machine refuses no call of a test.
type media struct{ *rtp.Engine }

func (media) Busy() bool { return false }

// house is a driver that runs, with telephones.
type house struct {
	t      *testing.T
	driver *ivrsip.Driver
	media  *rtp.Engine
	board  conductor.Board
	desk   desk
	at     string // host:port
	phones *siptest.Exchange
	stop   func()
}

// open starts a driver; change may change its configuration.
func open(t *testing.T, change func(h *house, c *ivrsip.Config)) *house {
	t.Helper()
	texts, err := words()
	check(t, err)
	h := &house{t: t, phones: siptest.New(t)}
	h.media, err = rtp.New(rtp.Options{Wheels: 1})
	check(t, err)
	log := slog.New(slog.DiscardHandler)
	c := ivrsip.Config{
		Conductor: conductor.New(conductor.Config{Handler: &h.desk, Words: texts, Voice: mouth{}, Log: log, Now: time.Now}),
		Media:     media{h.media}, MediaHost: netip.MustParseAddr("127.0.0.1"), Board: &h.board, Log: log, Now: time.Now,
		Trunks:  []ivrsip.Trunk{{Name: "loop", Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
		Prompts: true, T1: 50 * time.Millisecond, Drain: 10 * time.Second,
	}
	if change != nil {
		change(h, &c)
	}
	h.driver, err = ivrsip.New(c)
	check(t, err)
	udp, tcp, err := ivrsip.Listen(t.Context(), "127.0.0.1:0")
	check(t, err)
	h.at = udp.LocalAddr().String()
	ctx, cancel := context.WithCancel(context.Background())
	mediaCtx, stopMedia := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.media.Run(mediaCtx) }) // it says nothing
	ended := make(chan error, 1)
	go func() { ended <- h.driver.Run(ctx, ivrsip.Listeners{UDP: udp, TCP: tcp}) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the driver ended: %v", err)
			}
		case <-time.After(patience):
			t.Error("the driver does not stop")
		}
		stopMedia()
		running.Wait()
		if n := h.media.Stats().Streams; n != 0 {
			t.Errorf("%d streams are left open", n)
		}
		if n := h.board.Live(); n != 0 {
			t.Errorf("%d calls have no end", n)
		}
	})
	t.Cleanup(h.stop)
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call calls and must be answered.
func (h *house) call(o siptest.Options) *siptest.Call {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	c, err := h.phones.Call(ctx, h.at, o)
	check(h.t, err)
	return c
}

// hears waits for a text.
func (h *house) hears(c *siptest.Call, want string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	if _, err := c.Hear(ctx, want); err != nil {
		h.t.Fatal(err)
	}
}

// ends waits until so many calls have ended so.
func (h *house) ends(want conductor.End, n int64) {
	h.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		var got int64
		for e, count := range h.board.Ends() {
			if e.End == want {
				got += count
			}
		}
		if got == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Fatalf("ends %v, want %d of %s", h.board.Ends(), n, want)
}
