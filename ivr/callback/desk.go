package callback

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/i18n"
)

// Answers are what citizens have not heard yet.
type Answers interface {
	Unheard(ctx context.Context, citizen gateway.Address) ([]gateway.Unheard, error)
	// Heard notes that a citizen is on the telephone and has heard some answers: a
	// call to her that waits is not needed any more when none is left.
	Heard(ctx context.Context, citizen gateway.Address, ids ...int64) error
}

// Desk stands before the dialogue on calls: who calls, or is called, first hears
// the answer that she waits for. Then it is the dialogue's. The fields but Dropped
// are required; Next may be set until the first call.
type Desk struct {
	Next     channels.Handler
	Answers  Answers
	Sessions Sessions
	Dialler  *Dialler
	// Length is how long a reply takes to be heard.
	Length func(gateway.Reply) time.Duration
	// Dropped says that who hangs up, or is cut off, within a service is called.
	Dropped bool

	mu      sync.Mutex
	telling map[gateway.Address]told
}

var _ channels.Handler = (*Desk)(nil)

// told is what a citizen is being told.
type told struct {
	session string
	answers []int64
	since   time.Time
	length  time.Duration
}

// Handle answers one input of a call. Other media go straight to the dialogue.
func (d *Desk) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	if in.Medium != gateway.IVR {
		return d.Next.Handle(ctx, in)
	}
	switch in.Event {
	case gateway.New:
		if r, ok := d.open(ctx, in); ok {
			return r, nil
		}
	case gateway.Input: // what she is told takes no keys until she has heard it
		d.settle(ctx, in.From, in.Session, true)
		if in.Text == gateway.AskCall {
			return d.asked(ctx, in)
		}
	case gateway.Abort, gateway.Timeout:
		d.settle(ctx, in.From, in.Session, false)
		d.dropped(ctx, in)
	}
	return d.Next.Handle(ctx, in)
}

// open is the answer that a citizen whose call begins is to hear first.
func (d *Desk) open(ctx context.Context, in gateway.Inbound) (gateway.Reply, bool) {
	waiting, err := d.Answers.Unheard(ctx, in.From)
	if err == nil && len(waiting) == 0 {
		err = d.Answers.Heard(ctx, in.From) // she need not be called
	}
	if err != nil {
		d.Dialler.fault(ctx, "look for unheard answers", err)
	}
	if err != nil || len(waiting) == 0 {
		return gateway.Reply{}, false
	}
	r := waiting[0].Reply
	r.Options, r.More, r.Expect, r.Back, r.End = nil, false, "", false, true
	t := told{session: in.Session, since: d.Dialler.Now()}
	for i, u := range waiting {
		if i > 0 {
			r.Parts = append(r.Parts[:len(r.Parts):len(r.Parts)], u.Reply.Parts...)
		}
		t.answers = append(t.answers, u.ID)
	}
	t.length = d.Length(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.telling == nil {
		d.telling = make(map[gateway.Address]told)
	}
	d.telling[in.From] = t
	return r, true
}

// settle notes what a citizen has heard, if she was being told something: surely
// when she goes on, and when her call is over if there was the time for it.
func (d *Desk) settle(ctx context.Context, citizen gateway.Address, session string, goesOn bool) {
	d.mu.Lock()
	t, ok := d.telling[citizen]
	if ok = ok && t.session == session; ok {
		delete(d.telling, citizen)
	}
	d.mu.Unlock()
	if !ok || !goesOn && d.Dialler.Now().Sub(t.since) < t.length {
		return // the call to her that waits, or the SMS behind it, will tell her
	}
	if err := d.Answers.Heard(ctx, citizen, t.answers...); err != nil {
		d.Dialler.fault(ctx, "note what was heard", err)
	}
}

// Over notes what a citizen has heard whose call was placed by us and is over.
func (d *Desk) Over(ctx context.Context, citizen gateway.Address) {
	d.mu.Lock()
	session := d.telling[citizen].session
	d.mu.Unlock()
	d.settle(ctx, citizen, session, false)
}

// asked queues the call that a citizen has asked for where she could not go on. The
// dialogue does not hear of it, and stays where it is.
func (d *Desk) asked(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	s, err := d.Sessions.Session(ctx, in.From)
	w := d.Dialler.Wish(in.From, gateway.CallAsked)
	text := "will-call"
	switch {
	case err != nil:
		text = "busy"
	case w == nil || s.Stopped: // who has sent STOP is not called
		text = "no-calls"
	default:
		if _, err = d.Dialler.Queue.WishCall(ctx, *w); err != nil {
			text = "busy"
		}
	}
	if err != nil {
		d.Dialler.fault(ctx, "queue call-back", err)
	}
	return gateway.Reply{Format: i18n.Format{Lang: cmp.Or(s.Lang, i18n.Bengali)}, Parts: []gateway.Part{{Text: text}}, End: true}, nil
}

// dropped has a citizen called whose call has ended in the middle of a service.
func (d *Desk) dropped(ctx context.Context, in gateway.Inbound) {
	if !d.Dropped || in.Event != gateway.Abort {
		return
	}
	s, err := d.Sessions.Session(ctx, in.From)
	if err != nil {
		d.Dialler.fault(ctx, "look at dropped call", err)
		return
	}
	w := d.Dialler.Wish(in.From, gateway.CallDropped)
	if s.Dialogue.Service == "" || s.Live.Session != in.Session || w == nil || s.Stopped {
		return
	}
	if _, err := d.Dialler.Queue.WishCall(ctx, *w); err != nil {
		d.Dialler.fault(ctx, "queue call-back", err)
		return
	}
	d.Dialler.Log.InfoContext(ctx, "a call was cut off; she is called back", slog.String("link", in.Link))
}
