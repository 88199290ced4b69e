package ussdsmpp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"setu/channels/smpp"
	"setu/gateway"
)

// errRefused says that the gateway did not take a screen.
var errRefused = errors.New("ussdsmpp: screen refused")

// Takes says whether a message on a link is part of a dialogue.
func (d *Driver) Takes(link string, m *smpp.ShortMessage) bool {
	l, ok := d.Links[link]
	return ok && l.Dialect.Speaks(m)
}

// Serve serves a message that [Driver.Takes] has claimed: it answers it and
// sends its screen later, on a goroutine of [Driver.Run]. bind names the
// connection that it came on, and send passes a message on to the same peer.
// Serve does not block.
func (d *Driver) Serve(link, bind string, r *smpp.Request, send Send) {
	l := d.Links[link]
	if l.Dialect.confirms(&r.Message) {
		d.confirmed(link, &r.Message)
		r.Respond(smpp.ROK, d.messageID(d.Now()))
		return
	}
	in, status := l.Dialect.Inbound(&r.Message, l.Codes)
	if status != smpp.ROK {
		d.counts.Refused.Add(1)
		r.Respond(status, "")
		return
	}
	in.Link, in.At = link, d.Now()
	in.Key = bind + "/" + strconv.FormatUint(uint64(r.Seq), 36)
	if !d.queue(job{dialect: l.Dialect, in: in, r: r, send: send}) {
		d.counts.Busy.Add(1)
		r.Respond(busy(r.ID), "")
	}
}

// busy makes the peer try again later: an SMSC expects ESME_RX_T_APPN of a
// receiver (SMPP 3.4, 5.1.3), a submitter ESME_RTHROTTLED.
func busy(id smpp.CommandID) smpp.Status {
	if id == smpp.DeliverSM {
		return smpp.RXTAppn
	}
	return smpp.RThrottled
}

// queue takes a job in hand, unless there are too many or the driver stops.
func (d *Driver) queue(j job) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false
	}
	select {
	case d.room <- struct{}{}:
		d.jobs <- j // has as much room
		return true
	default:
		return false
	}
}

// Run serves inputs until ctx ends; then it takes no more, and returns when
// those in hand have their screens.
func (d *Driver) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	outlive := context.WithoutCancel(ctx) // an input in hand is served to its end
	serve := func(j job) {
		running.Go(func() {
			if j.notice != nil {
				d.notify(outlive, j.notice)
			} else {
				d.serve(outlive, j)
			}
			<-d.room
		})
	}
	for {
		select {
		case j := <-d.jobs:
			serve(j)
			continue
		case <-ctx.Done():
		}
		break
	}
	close(d.stopping)
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for {
		select {
		case j := <-d.jobs:
			serve(j)
			continue
		default:
		}
		return
	}
}

// serve has the turn of one input taken, answers the gateway and sends the
// screen.
func (d *Driver) serve(ctx context.Context, j job) {
	defer func() {
		if p := recover(); p != nil { // its value may quote the citizen
			d.counts.Faults.Add(1)
			d.Log.ErrorContext(ctx, "ussd turn panicked", slog.String("link", j.in.Link), slog.String("stack", string(debug.Stack())))
			j.r.Respond(smpp.RSysErr, "")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	d.count(j.in.Event)
	reply, err := d.Handler.Handle(ctx, j.in)
	if err != nil {
		d.counts.Faults.Add(1)
		d.Log.DebugContext(ctx, "ussd turn not taken", slog.String("link", j.in.Link), slog.String("error", err.Error()))
	}
	j.r.Respond(smpp.ROK, d.messageID(j.in.At))
	if reply.Empty() || j.in.Event == gateway.Abort || j.in.Event == gateway.Timeout {
		return
	}
	m, err := j.dialect.Message(&j.r.Message, d.Layout(j.in.Link).Screen(reply))
	if err == nil {
		err = d.deliver(ctx, j, &m)
	}
	if err != nil {
		d.counts.Lost.Add(1)
		d.Log.DebugContext(ctx, "ussd screen lost", slog.String("link", j.in.Link), slog.String("error", err.Error()))
		return
	}
	d.counts.Screens.Add(1)
}

func (d *Driver) count(e gateway.Event) {
	switch e {
	case gateway.New:
		d.counts.Begun.Add(1)
	case gateway.Input:
		d.counts.Inputs.Add(1)
	case gateway.Abort, gateway.Timeout:
		d.counts.Ended.Add(1)
	}
}

// messageID is what a submitter's message is answered with.
func (d *Driver) messageID(at time.Time) string {
	return strconv.FormatInt(at.UnixNano(), 36) + "-" + strconv.FormatInt(d.ids.Add(1), 36)
}

// A screen that a congested gateway sends back, or that finds no bind, waits for
// again and is sent once more, maxTries times in all: three seconds, in which a
// link may come back and the citizen still looks at her phone.
const (
	again    = 300 * time.Millisecond
	maxTries = 10
)

// deliver sends a screen and waits until the gateway has it.
func (d *Driver) deliver(ctx context.Context, j job, m *smpp.ShortMessage) error {
	pause := time.NewTicker(again)
	defer pause.Stop()
	for try := 1; ; try++ {
		status, err := d.pass(ctx, j, m)
		switch {
		case err == nil && status == smpp.ROK:
			return nil
		case err == nil:
			err = fmt.Errorf("%w: %v", errRefused, status)
		}
		if try == maxTries || !status.Congested() && !errors.Is(err, smpp.ErrNotBound) && !errors.Is(err, smpp.ErrNotSent) {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return err
		}
	}
}

// pass sends a screen once.
func (d *Driver) pass(ctx context.Context, j job, m *smpp.ShortMessage) (smpp.Status, error) {
	type answer struct {
		status smpp.Status
		err    error
	}
	answered := make(chan answer, 1)
	if err := j.send(ctx, m, func(r smpp.Resp, err error) { answered <- answer{r.Status, err} }); err != nil {
		return 0, err
	}
	a := <-answered // the session calls back in any case
	return a.status, a.err
}
