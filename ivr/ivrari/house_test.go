package ivrari_test

import (
	"bytes"
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
	"setu/ivr/ivrari"
	"setu/ivr/rtp"
	"setu/ivr/speech"
	"setu/ivr/voice"
	"setu/test/aritest"
)

// patience bounds whatever a test waits for, on a machine that is busy.
const patience = time.Minute

// words are the texts of all tests.
var words = sync.OnceValues(func() (*catalogue.Catalogue, error) {
	return catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
})

// spoken is a sound that is known again: a quarter of a second.
func spoken() voice.Clip {
	c := voice.Silence(250 * time.Millisecond)
	u, a := make([]byte, len(c.ULaw)), make([]byte, len(c.ALaw))
	for i := range u {
		u[i], a[i] = byte(i%101)+1, byte(i%101)+1
	}
	return voice.Clip{ULaw: u, ALaw: a}
}

// mouth says each sentence as the same sound.
type mouth struct{}

func (mouth) Clips(_ context.Context, s []speech.Sentence) ([]voice.Clip, error) {
	list := make([]voice.Clip, len(s))
	for i := range list {
		list[i] = spoken()
	}
	return list, nil
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
	if in.Text == "1000000013" {
		panic("a number that must not be logged")
	}
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

// media may be told to be busy.
type media struct {
	*rtp.Engine
	busy bool
}

func (m media) Busy() bool { return m.busy }

// log keeps what is logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// house is a driver that runs, with its exchange.
type house struct {
	*testing.T
	driver *ivrari.Driver
	media  *rtp.Engine
	board  conductor.Board
	desk   desk
	pbx    *aritest.Asterisk
	log    log
	ctx    context.Context //nolint:containedctx // of one test
	stop   func()
}

// open starts a driver that is linked; change may change its configuration.
func open(t *testing.T, change func(h *house, c *ivrari.Config)) *house {
	t.Helper()
	texts, err := words()
	check(t, err)
	h := &house{T: t, pbx: aritest.New(t)}
	var cancel context.CancelFunc
	h.ctx, cancel = context.WithTimeout(context.Background(), patience) //nolint:usetesting // it outlives the test's own, for the clean-up
	t.Cleanup(cancel)
	h.media, err = rtp.New(rtp.Options{Wheels: 1, Lost: time.Second})
	check(t, err)
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := ivrari.Config{
		Conductor: conductor.New(conductor.Config{Handler: &h.desk, Words: texts, Voice: mouth{}, Log: log, Now: time.Now}),
		Media:     media{Engine: h.media}, MediaHost: netip.IPv4Unspecified(), Board: &h.board, Log: log, Now: time.Now,
		Exchanges: []ivrari.Exchange{{
			Name: "pbx", URL: h.pbx.URL(), User: aritest.User, Password: aritest.Password, Dial: "PJSIP/{number}@trunk",
		}},
		Pace: 200 * time.Millisecond, Drain: 10 * time.Second, Ring: 2 * time.Second,
	}
	if change != nil {
		change(h, &c)
	}
	h.driver, err = ivrari.New(c)
	check(t, err)
	run, end := context.WithCancel(context.Background())
	mediaRun, endMedia := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.media.Run(mediaRun) }) // it says nothing
	ended := make(chan error, 1)
	go func() { ended <- h.driver.Run(run) }()
	h.stop = sync.OnceFunc(func() {
		end()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("the driver does not stop")
		}
		endMedia()
		running.Wait()
		h.settled()
	})
	t.Cleanup(h.stop)
	return h
}

// settled checks that nothing is left of any call, and that no number was logged.
func (h *house) settled() {
	h.Helper()
	if n := h.media.Stats().Streams; n != 0 {
		h.Errorf("%d streams are left open", n)
	}
	if n := h.board.Live(); n != 0 {
		h.Errorf("%d calls have no end", n)
	}
	for _, private := range []string{"98300", "1000000001", "must not be logged", aritest.Password} {
		if said := h.log.String(); strings.Contains(said, private) {
			h.Errorf("the log holds %q:\n%s", private, said)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func (h *house) until(what string, ok func() bool) {
	h.Helper()
	for !ok() {
		if h.ctx.Err() != nil {
			h.Fatalf("%s: not in time; ends %v; log:\n%s", what, h.board.Ends(), h.log.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// linked waits until the exchange is linked.
func (h *house) linked() {
	h.Helper()
	h.until("the link", func() bool { return h.driver.Standings()[0].Up && h.pbx.Linked() })
}

// calls calls from a number, and is answered and hears.
func (h *house) calls(from string) *aritest.Phone {
	h.Helper()
	p := h.dials(aritest.Options{From: from, To: "1800"})
	check(h, p.Answered(h.ctx))
	check(h, p.Talking(h.ctx))
	return p
}

// dials calls.
func (h *house) dials(o aritest.Options) *aritest.Phone {
	h.Helper()
	p, err := h.pbx.Call(o)
	check(h, err)
	return p
}

// hears waits until a prompt was heard to its end, so often.
func (h *house) hears(p *aritest.Phone, times int) {
	h.Helper()
	h.until("a prompt", func() bool { return bytes.Count(p.Sound(), spoken().ULaw) >= times })
}

// ends waits until so many calls have ended so, and nothing is left at the exchange.
func (h *house) ends(want conductor.End, n int64) {
	h.Helper()
	h.until("end "+string(want), func() bool { return h.board.Ends()[conductor.Ending{Link: "pbx", End: want}] == n })
	h.until("nothing is left at the exchange", func() bool { return len(h.pbx.Left()) == 0 })
}

// told waits until the desk was told of a caller.
func (h *house) told(from, want string) {
	h.Helper()
	h.until("told "+want, func() bool { return h.desk.events(from) == want })
}

// hangsUp calls from a number and hangs up in the middle.
func (h *house) hangsUp(from string) {
	h.Helper()
	p := h.calls(from)
	h.until("the dialogue", func() bool { return strings.HasSuffix(h.desk.events(from), "new") })
	p.HangUp()
}

// finishes goes through a call until goodbye is said: behind the answer, which is
// heard to its end, 9 is the key for it.
func (h *house) finishes(p *aritest.Phone, from string) {
	h.Helper()
	h.told(from, "new")
	p.Press("10000000011")
	h.told(from, "new 1000000001")
	h.until("goodbye", func() bool { p.Press("9"); return h.board.Live() == 0 })
}
