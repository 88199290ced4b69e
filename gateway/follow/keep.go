package follow

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

// look is how often it is looked whether a holder has settled its transaction.
const look = 20 * time.Millisecond

// told is what blocks have told.
type told struct {
	gateway.Followed
	patience  time.Time        // until when holders are waited for
	then      map[int64]func() // of Settled, by item
	confirmed int64
	invalid   int64
}

// keep writes down what blocks tell, and does what follows from it.
func (f *Follower) keep(ctx context.Context, from uint64, blocks []ledgerclient.Block) error {
	t := told{
		Followed: gateway.Followed{Chain: f.Chain, From: from, Next: from + uint64(len(blocks))},
		patience: f.Now().Add(f.Patience),
		then:     map[int64]func(){},
	}
	for i := range blocks {
		for k := range blocks[i].Entries {
			if err := f.entry(ctx, &t, blocks[i].Number, &blocks[i].Entries[k]); err != nil {
				return err
			}
		}
	}
	landed, err := f.Store.Follow(ctx, t.Followed)
	if err != nil {
		return err
	}
	for _, id := range landed.Settled {
		t.then[id]()
	}
	f.Outbox.Dispatch(landed.Items)
	f.count(&t, len(blocks), len(landed.Settled))
	for _, n := range t.Findings {
		f.Log.ErrorContext(ctx, "the ledger holds a transaction signed by us that the store cannot account for; see `setu findings`",
			slog.Uint64("block", n.Block), slog.String("tx", n.TxID), slog.String("key", n.KeyID), slog.String("stands", n.State.String()))
	}
	return nil
}

func (f *Follower) count(t *told, blocks, settled int) {
	f.counts.Blocks.Add(int64(blocks))
	f.counts.Confirmed.Add(t.confirmed)
	f.counts.Settled.Add(int64(settled))
	f.counts.Invalid.Add(t.invalid)
	f.counts.Findings.Add(int64(len(t.Findings)))
	f.counts.Next.Store(t.Next)
	f.counts.Head.Store(max(f.counts.Head.Load(), t.Next))
	f.counts.Latest.Store(f.Now().Unix())
}

// entry finds out what one transaction in a block means for the store. While its
// holder may still settle it, it waits.
func (f *Follower) entry(ctx context.Context, t *told, block uint64, e *ledgerclient.Entry) error {
	if e.Invalid != "" {
		t.invalid++ // who has submitted it will try again
		return nil
	}
	envelope, err := ledgerclient.ParseEnvelope(e.Envelope.Canonical)
	if err != nil {
		return nil //nolint:nilerr // not an envelope as we sign them
	}
	for {
		clear, err := f.settle(ctx, t, block, e, envelope)
		if clear || err != nil {
			return err
		}
		if !rest(ctx, look) {
			return ctx.Err()
		}
	}
}

// settle holds a transaction against the store: it is confirmed, settled or found.
// clear is false as long as its holder, or whoever made it final, is to be waited for.
func (f *Follower) settle(ctx context.Context, t *told, block uint64, e *ledgerclient.Entry, envelope ledgerclient.Envelope) (clear bool, err error) {
	st, err := f.Store.Standing(ctx, envelope.Receipt)
	if err != nil {
		return false, err
	}
	if st.State == gateway.Recorded && st.Block == block {
		t.confirmed++
		return true, nil
	}
	if st.State == 0 || st.State.Final() {
		f.find(t, block, e, envelope, st.State)
		return true, nil
	}
	it, ok, err := f.Store.Awaited(ctx, envelope.Receipt)
	if err != nil {
		return false, err
	}
	late := !f.Now().Before(t.patience)
	switch {
	case !ok && !late: // it has become final in between
		return false, nil
	case !ok || it.Tx == nil || it.Ask == nil || !bytes.Equal(it.Tx.Envelope.Canonical, e.Envelope.Canonical):
		// Another envelope with the same receipt number.
		f.find(t, block, e, envelope, st.State)
		return true, nil
	case it.Leased.IsZero() || late:
		p, then := f.Outbox.Settlement(it, e.Outcome)
		t.Settled, t.then[it.ID] = append(t.Settled, p), then
		return true, nil
	}
	return false, nil
}

// find notes an envelope for which the store cannot account, if it is ours.
func (f *Follower) find(t *told, block uint64, e *ledgerclient.Entry, envelope ledgerclient.Envelope, stands gateway.State) {
	// A key that is revoked by now was ours too.
	if _, err := e.Envelope.Open(f.Keys, f.Now()); err != nil && !errors.Is(err, ledgerclient.ErrRevoked) {
		return
	}
	t.Findings = append(t.Findings, gateway.Finding{
		Block: block, Entry: e.Index, TxID: e.Outcome.TxID, Receipt: envelope.Receipt, KeyID: envelope.KeyID, State: stands,
	})
}
