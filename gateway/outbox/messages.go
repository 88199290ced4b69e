package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/internal/panics"
)

// linkRetry is how often a link that is down is tried, unless it wakes first.
const linkRetry = routePause

// sendTime is what must be left of a lease when a message is handed over: 10 s for
// a place in the link's window, 10 s for the operator's answer (the driver's
// patience) and 5 s to write it down. What is handed over later could be claimed
// and sent again before its answer is here.
const sendTime = 25 * time.Second

// runLink sends the messages of one link, one after another; their answers
// come back in any order.
func (w *Worker) runLink(ctx context.Context, name string, by channels.Sender, q *queue) {
	for {
		it, ok := q.pop(ctx)
		if !ok {
			return
		}
		if w.ready(it) && w.wanted(ctx, it) {
			if err := w.hand(ctx, name, by, it); err == nil || ctx.Err() == nil {
				w.handed(q, it, err)
			}
		}
	}
}

// ready says that a message is to be handed over. Of any other it writes down
// what becomes of it.
func (w *Worker) ready(it gateway.Item) bool {
	now := w.Now()
	switch {
	case now.After(it.Leased):
		// It is somebody else's by now.
	case !it.Expires.IsZero() && now.After(it.Expires):
		w.counts.Expired.Add(1)
		w.tell(leaseOf(&it), gateway.Progress{State: gateway.Expired, Reason: "not sent in time"})
	case it.SMS == nil:
		w.park(it, errors.New("outbox: message without text"))
	case now.After(it.Leased.Add(-sendTime)):
		w.giveBack(it, since(&it), "")
	default:
		return true
	}
	return false
}

// wanted says that a message is still to be sent. A result may come hours after she
// asked, and she may have sent STOP meanwhile; in the app she looks for herself.
func (w *Worker) wanted(ctx context.Context, it gateway.Item) bool {
	if it.SMS.Class != ClassResult || it.To.Medium == gateway.App {
		return true
	}
	s, err := w.Store.Session(ctx, it.To.Citizen)
	switch {
	case err != nil:
		w.fault(ctx, "read session", err)
		w.giveBack(it, w.Now().Add(linkRetry), "")
		return false
	case s.Stopped:
		w.tell(leaseOf(&it), gateway.Progress{State: gateway.Withdrawn, Reason: "the citizen has sent STOP"})
		return false
	}
	return true
}

// handed goes on from what a link's sender said of a message. If the link is down,
// the message and all that wait behind it are given back.
func (w *Worker) handed(q *queue, it gateway.Item, err error) {
	switch {
	case errors.Is(err, channels.ErrLinkDown):
		w.pauseLink(q, it, err)
		return
	case err != nil:
		w.sent(leaseOf(&it), "", err)
	case it.Attempts > 0:
		w.counts.Repeated.Add(1)
	}
	if q.resume() {
		nudge(w.due) // what was left in the store meanwhile
	}
}

// pauseLink gives back what is in memory for a link that is down: nothing of it
// was handed over, so no attempt is counted, and an operator can work on it. One
// item at a time is claimed to try the link with.
func (w *Worker) pauseLink(q *queue, it gateway.Item, err error) {
	again := w.Now().Add(linkRetry)
	q.pause(again)
	w.giveBack(it, again, err.Error())
	for it, ok := q.take(); ok; it, ok = q.take() {
		if w.ready(it) {
			w.giveBack(it, since(&it), err.Error())
		}
	}
}

// giveBack ends the lease of a message that was not handed over. A due time in the
// past keeps its place in the queue.
func (w *Worker) giveBack(it gateway.Item, due time.Time, reason string) {
	w.tell(leaseOf(&it), gateway.Progress{State: gateway.Queued, Due: due, Reason: reason})
}

// since is from when on an item was to be done.
func since(it *gateway.Item) time.Time { return latest(it.Due, it.Created) }

// hand calls the link's sender; a panic in a driver ends only this message.
func (w *Worker) hand(ctx context.Context, name string, by channels.Sender, it gateway.Item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.Log.ErrorContext(ctx, "sender panicked", slog.String("link", name), slog.Int64("item", it.ID), slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("%w: panic in driver", channels.ErrRefused)
		}
	}()
	crashpoint.Here(crashpoint.BeforeSend)
	l := leaseOf(&it)
	return by.Send(ctx, it.To, *it.SMS, func(id string, err error) {
		crashpoint.Here(crashpoint.AfterSend)
		w.sent(l, id, err)
	})
}

// formerLinks sends what waits for links that are not configured any more, one
// message after another.
type formerLinks struct {
	*Worker
	told map[string]bool // links of which the log tells already
}

// Send passes m on to [Config.Former], or refuses it.
func (f *formerLinks) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	if !f.told[to.Link] {
		f.told[to.Link] = true
		f.Log.WarnContext(ctx, "messages wait for a link that is not configured any more: they go by SMS on another, or are refused; see `setu queue list --state rejected`",
			slog.String("link", to.Link))
	}
	if f.Former == nil {
		return fmt.Errorf("%w: its link is not configured any more", channels.ErrRefused)
	}
	return f.Former.Send(ctx, to, m, done)
}

// sent writes down what the operator said of a message.
func (w *Worker) sent(l lease, id string, err error) {
	p := gateway.Progress{State: gateway.Sent, MessageID: id}
	switch {
	case err == nil:
		w.counts.Sent.Add(1)
	case errors.Is(err, channels.ErrRefused):
		w.counts.Refused.Add(1)
		p = gateway.Progress{State: gateway.Rejected, Reason: err.Error()}
	case errors.Is(err, channels.ErrThrottled):
		w.counts.Throttled.Add(1)
		p = w.again(l, err, MaxPause)
	case errors.Is(err, channels.ErrLinkDown):
		p = w.again(l, err, time.Second)
	default: // unknown, and whatever a driver did not classify
		p = w.again(l, err, 5*time.Second)
		p.Retry = true
	}
	w.tell(l, p)
}

// again puts it back into the queue after a pause.
func (w *Worker) again(l lease, err error, limit time.Duration) gateway.Progress {
	return gateway.Progress{
		State: gateway.Queued, Reason: err.Error(), Due: w.Now().Add(w.pause(l.attempts, limit)),
	}
}

// park keeps it for an operator.
func (w *Worker) park(it gateway.Item, err error) { w.tell(leaseOf(&it), w.parked(it, err)) }

// parked is the word that parks it, for an operator who is told in the log.
func (w *Worker) parked(it gateway.Item, err error) gateway.Progress {
	w.counts.Parked.Add(1)
	w.Log.Error("item parked; see `setu queue show`", slog.Int64("item", it.ID), slog.String("error", err.Error()))
	return gateway.Progress{State: gateway.Parked, Reason: err.Error(), Retry: true}
}

// rest waits for d or the end of ctx; it reports whether to go on.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
