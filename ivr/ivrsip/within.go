package ivrsip

import (
	"context"
	"log/slog"
	"strings"

	"github.com/emiago/sipgo/sip"
)

func attrError(err error) slog.Attr { return slog.String("error", err.Error()) }

// within finds the call of a request, and answers one that belongs to none or is
// out of order (RFC 3261 §12.2.2).
func (d *Driver) within(req *sip.Request, tx sip.ServerTransaction) *call {
	id, _ := idOf(req) // it has been looked at
	c := d.find(id)
	if c == nil {
		d.respond(tx, req, 481, "Call/Transaction Does Not Exist")
		return nil
	}
	seq := int64(req.CSeq().SeqNo)
	c.mu.Lock()
	late := seq <= c.theirs
	if !late {
		c.theirs = seq
	}
	c.mu.Unlock()
	if late {
		d.respond(tx, req, 500, "Server Internal Error")
		return nil
	}
	c.stream.Alive()
	return c
}

// ack takes the confirmation of an answer.
func (d *Driver) ack(req *sip.Request, _ sip.ServerTransaction) {
	id, _ := idOf(req) // it has been looked at
	c := d.find(id)
	if c == nil {
		return
	}
	body, _ := description(req) // none, or one that cannot be used, which ends the call
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch, ok := c.unacked[req.CSeq().SeqNo]; ok {
		select {
		case ch <- body:
		default: // it came before
		}
	}
}

// bye ends a call.
func (d *Driver) bye(req *sip.Request, tx sip.ServerTransaction) {
	c := d.within(req, tx)
	if c == nil {
		return
	}
	c.cancel(errGone)
	d.respond(tx, req, 200, "OK")
}

// reinvite changes a call under way: hold, another address, or only a sign of
// life.
func (d *Driver) reinvite(req *sip.Request, tx sip.ServerTransaction, _ dialogID) {
	c := d.within(req, tx)
	if c == nil {
		return
	}
	c.mu.Lock()
	pending := len(c.unacked) > 0
	c.mu.Unlock()
	if pending { // RFC 3261 §14.2
		d.respond(tx, req, 491, "Request Pending")
		return
	}
	offer, res := c.change(req, tx)
	if res == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 64*d.cfg.T1) //nolint:contextcheck // ends by itself
	defer cancel()
	answer, err := c.deliver(ctx, tx, res)
	switch {
	case err != nil: // RFC 3261 §14.2: as if it were the first
		c.cancel(errNoACK)
	case offer == nil:
		if err := c.accept(answer); err != nil {
			d.cfg.Log.DebugContext(ctx, "answer to our offer cannot be used, and nothing changes", attrError(err))
		}
	}
}

// update changes a call as a re-INVITE does, without an ACK (RFC 3311).
func (d *Driver) update(req *sip.Request, tx sip.ServerTransaction) {
	c := d.within(req, tx)
	if c == nil {
		return
	}
	if len(req.Body()) == 0 {
		if tooShort(req) {
			d.turnAway(tx, req, refuseShort())
			return
		}
		res := c.ok(req, nil)
		c.refreshed(req, res)
		_ = tx.Respond(res) // or they ask again
		return
	}
	if _, res := c.change(req, tx); res != nil {
		_ = tx.Respond(res) // or they ask again
	}
}

// change takes over what a request changes and makes the answer; nil is that it
// was refused, and all stays as it was.
func (c *call) change(req *sip.Request, tx sip.ServerTransaction) (offer []byte, res *sip.Response) {
	d := c.driver
	if no := unsupported(req); no != nil {
		d.turnAway(tx, req, no)
		return nil, nil
	}
	offer, _ = description(req) // it has been looked at
	c.mu.Lock()
	c.local.Version++
	if contact := req.Contact(); contact != nil { // target refresh (RFC 3261 §12.2.2)
		c.dialog.target = *contact.Address.Clone()
	}
	c.mu.Unlock()
	body, err := c.reply(offer)
	if err != nil {
		d.respond(tx, req, 488, "Not Acceptable Here")
		return nil, nil
	}
	res = c.ok(req, body)
	c.refreshed(req, res)
	return offer, res
}

// info takes a key that comes by signalling (application/dtmf-relay, as Cisco's
// gateways send it, and application/dtmf).
func (d *Driver) info(req *sip.Request, tx sip.ServerTransaction) {
	c := d.within(req, tx)
	if c == nil {
		return
	}
	kind := ""
	if h := req.ContentType(); h != nil {
		kind, _, _ = strings.Cut(strings.ToLower(h.Value()), ";")
	}
	switch strings.TrimSpace(kind) {
	case "": // some ask only whether the call is there
	case "application/dtmf-relay", "application/dtmf":
		key, ok := infoKey(string(req.Body()))
		if !ok {
			d.respond(tx, req, 400, "Bad Request")
			return
		}
		c.stream.Press(key)
	default:
		d.respond(tx, req, 415, "Unsupported Media Type", sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	d.respond(tx, req, 200, "OK")
}

// infoKey reads the body of an INFO: "Signal=5" with lines around it, or "5" alone.
// Both write * and # as such or as 10 and 11.
func infoKey(body string) (key byte, ok bool) {
	signal := strings.TrimSpace(body)
	for line := range strings.Lines(body) {
		if name, value, found := strings.Cut(line, "="); found && strings.EqualFold(strings.TrimSpace(name), "signal") {
			signal = strings.TrimSpace(value)
			break
		}
	}
	switch signal {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(signal) != 1 || !strings.Contains("0123456789*#ABCDabcd", signal) {
		return 0, false
	}
	return signal[0], true
}
