package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

// The contract that keeps anchors.
const (
	contract         = "audit"
	anchorFunction   = "Anchor"
	checkpointOfSize = "Checkpoint"
	version          = "1"
)

// anchor adds to a seal the transaction that brings its checkpoint to the ledger,
// if it is time, and says whether it did. While the ledger is out of reach one
// waits in the outbox, and no others gather behind it.
func (k *Keeper) anchor(ctx context.Context, seal *gateway.Seal) (bool, error) {
	c := &seal.Checkpoint
	now := k.Now()
	if k.Anchor < 0 || k.Pseudonym == nil || c.Size == 0 || c.Anchor != "" || now.Sub(k.asked) < k.Anchor {
		return false, nil
	}
	if k.anchored.Size > 0 {
		st, err := k.Store.Standing(ctx, k.anchored.Anchor)
		if err != nil || !st.State.Final() {
			return false, err
		}
		if st.State == gateway.Recorded {
			k.held = k.anchored
		} else {
			k.failures++
			k.Log.WarnContext(ctx, "the ledger does not take the audit log's checkpoints; is another gateway using its data folder or name?",
				slog.String("state", st.State.String()), slog.String("code", st.Code), slog.String("receipt", st.Receipt.String()))
		}
	}
	e, err := k.envelope(ctx, c)
	if err != nil {
		return false, fmt.Errorf("anchor checkpoint: %w", err)
	}
	c.Anchor = e.Tx.Receipt
	seal.Effects = []gateway.Effect{e}
	return true, nil
}

// envelope is the anchor as work for the outbox.
func (k *Keeper) envelope(ctx context.Context, c *gateway.LogCheckpoint) (gateway.Effect, error) {
	var e gateway.Effect
	text, err := proof.ReadCheckpoint(c.Note)
	if err != nil {
		return e, err
	}
	keeper, err := k.Pseudonym(Service, k.origin)
	if err != nil {
		return e, err
	}
	size := strconv.FormatInt(text.Size, 10)
	call := ledgerclient.Call{Contract: contract, Function: anchorFunction, Args: map[string]string{
		"origin": text.Origin, "size": size, "root": hex.EncodeToString(text.Root[:]),
	}}
	receipt, key := ledgerclient.NewReceipt(), "anchor/"+text.Origin+"/"+size
	signed, err := ledgerclient.SignEnvelope(ctx, k.Signer, ledgerclient.Envelope{
		Receipt: receipt, Key: key, Service: Service, Version: version, Call: call, Time: k.Now().UTC(),
		Caller: ledgerclient.Caller{Pseudonym: keeper, Channel: Service, Assurance: ledgerclient.Open},
	})
	call.Args = nil // the envelope holds them
	return gateway.Effect{
		Kind: gateway.Transaction, Lane: Service + ":" + text.Origin, Lease: true,
		Ask: &gateway.Ask{Call: call, Service: Service, Version: version, Department: Service, Medium: Service, Silent: true, Own: true},
		To:  gateway.Route{Medium: Service},
		Tx:  &gateway.TxOut{Receipt: receipt, Key: key, Envelope: signed},
	}, err
}

// OnLedger is the query that asks a ledger for the checkpoint that it holds of a
// log, of a size; 0 is the latest. pseudonym is how the ledger is to know who asks.
func OnLedger(origin string, size int64, pseudonym func(department, number string) (string, error), now time.Time) (ledgerclient.Query, error) {
	asker, err := pseudonym(Service, origin)
	if err != nil {
		return ledgerclient.Query{}, err
	}
	args := map[string]string{"origin": origin}
	if size > 0 {
		args["size"] = strconv.FormatInt(size, 10)
	}
	return ledgerclient.Query{
		Call:   ledgerclient.Call{Contract: contract, Function: checkpointOfSize, Args: args},
		Caller: ledgerclient.Caller{Pseudonym: asker, Channel: Service, Assurance: ledgerclient.Open}, Time: now.UTC(),
	}, nil
}
