package smppsms

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
)

// sweepEvery is how often parts that have waited too long are looked for.
const sweepEvery = 30 * time.Second

// joinTime is how long the join of a message may take after its last part came.
const joinTime = 10 * time.Second

// errFragment says that a stored part is not one of ours.
var errFragment = errors.New("smppsms: stored part is malformed")

// fragment stores one part of a long message. Its provider is answered when it
// is on disk; the last part's, when the whole is.
func (d *Driver) fragment(in gateway.Inbound, p sms.Part, c sms.Concat, r *smpp.Request) {
	d.counts.Parts.Add(1)
	key := gateway.FragmentKey{Link: in.Link, From: in.From, To: in.To, Ref: c.Ref, Wide: c.Wide, Total: c.Total}
	d.Store.PutFragment(gateway.Fragment{Key: key, Seq: c.Seq, Raw: packPart(p), Inbox: in},
		func(all []gateway.Fragment, err error) {
			if err != nil || len(all) == 0 {
				respond(r, in, err)
				return
			}
			// The store must not wait for a turn.
			go d.join(all, func(err error) { respond(r, in, err) })
		})
}

// join accepts the long message that the parts make.
func (d *Driver) join(all []gateway.Fragment, done func(error)) {
	in := all[0].Inbox
	parts := make([]sms.Part, 0, len(all))
	for _, f := range all {
		p, err := unpackPart(f)
		if err != nil {
			d.Log.Error("stored part left out", slog.String("link", f.Key.Link), slog.String("error", err.Error()))
			continue
		}
		parts = append(parts, p)
	}
	j := sms.Join(all[0].Key.Total, parts)
	in.Text = gateway.Private(j.Text)
	in.Undecodable = j.Err != nil
	in.Incomplete = len(j.Missing) > 0
	if in.Incomplete {
		d.counts.Incomplete.Add(1)
	}
	d.counts.In.Add(1)
	d.Acceptor.Accept(in, all[0].Key, done)
}

// sweep takes up, from time to time, long messages whose parts will not come any
// more.
func (d *Driver) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d.takeUp(ctx, d.Now().Add(-joinTime))
	}
}

// takeUp joins the messages whose parts are all there, as a process that was
// killed leaves them, and those that have waited too long; but none of which a
// part came after a time, since its join may be under way: it would be accepted
// twice.
func (d *Driver) takeUp(ctx context.Context, after time.Time) {
	groups, err := d.Store.Fragments(ctx, d.Now().Add(-d.PartLife))
	if err != nil && ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "parts of long messages not read", slog.String("error", err.Error()))
	}
	for _, g := range groups {
		if slices.ContainsFunc(g, func(f gateway.Fragment) bool { return f.Inbox.At.After(after) }) {
			continue
		}
		taken := make(chan struct{})
		d.join(g, func(error) { close(taken) }) // on an error the next sweep tries again
		<-taken
	}
}

// packPart writes a part as the store keeps it: alphabet, languages, octets.
func packPart(p sms.Part) gateway.Private {
	b := append([]byte{byte(p.Coding), byte(p.Lock), byte(p.Single)}, p.Body...)
	return gateway.Private(hex.EncodeToString(b))
}

func unpackPart(f gateway.Fragment) (sms.Part, error) {
	b, err := hex.DecodeString(f.Raw.Reveal())
	if err != nil || len(b) < 3 {
		return sms.Part{}, errFragment
	}
	return sms.Part{
		Seq: f.Seq, Coding: sms.Coding(b[0]), Lock: sms.Language(b[1]), Single: sms.Language(b[2]), Body: b[3:],
	}, nil
}
