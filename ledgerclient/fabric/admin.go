package fabric

import (
	"context"
	"encoding/base64"

	"github.com/hyperledger/fabric-gateway/pkg/client"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// Keys lists the signing keys that the own organisation has registered.
func (l *Ledger) Keys(ctx context.Context) ([]protocol.Key, error) {
	var list []protocol.Key
	if err := l.ask(ctx, &list, protocol.Keys); err != nil {
		return nil, classify(ctx, opEvaluate, err)
	}
	return list, nil
}

// RegisterKey lets a gateway's key sign for the own organisation. The public key
// is in DER (SubjectPublicKeyInfo). Only an admin of the organisation may.
func (l *Ledger) RegisterKey(ctx context.Context, public []byte) (protocol.Key, error) {
	var key protocol.Key
	err := l.administer(ctx, &key, protocol.RegisterKey, []byte(base64.StdEncoding.EncodeToString(public)))
	return key, err
}

// RevokeKey ends a key of the own organisation: nothing that it signed is taken
// any more. Only an admin of the organisation may.
func (l *Ledger) RevokeKey(ctx context.Context, id string) (protocol.Key, error) {
	var key protocol.Key
	err := l.administer(ctx, &key, protocol.RevokeKey, []byte(id))
	return key, err
}

// Record is a record under its state key.
type Record struct {
	Key    string
	Record ledgerclient.Record
}

// loadBatch is how many records one transaction loads.
const loadBatch = 500

// Load writes the records that are not on the ledger yet, and says how many
// those were. Only an admin of the organisation may.
func (l *Ledger) Load(ctx context.Context, records []Record) (int, error) {
	total := 0
	for len(records) > 0 {
		n := min(len(records), loadBatch)
		args := make([][]byte, 0, 2*n)
		for _, r := range records[:n] {
			value, err := r.Record.Append(nil)
			if err != nil {
				return total, err
			}
			args = append(args, []byte(r.Key), value)
		}
		wrote := 0
		if err := l.administer(ctx, &wrote, protocol.Load, args...); err != nil {
			return total, err
		}
		total, records = total+wrote, records[n:]
	}
	return total, nil
}

// administer carries a function of the organisation's admin out. Each can be
// repeated, so what fails is for the admin to do again.
func (l *Ledger) administer(ctx context.Context, result any, function string, args ...[]byte) error {
	m, err := l.as()
	if err != nil {
		return classify(ctx, opPrepare, err)
	}
	proposal, err := m.contract.NewProposal(function, client.WithBytesArguments(args...))
	if err != nil {
		return err
	}
	endorsed, err := proposal.EndorseWithContext(ctx)
	if err != nil {
		return classify(ctx, opPrepare, err)
	}
	if _, err := endorsed.SubmitWithContext(ctx); err != nil {
		return fault(opSubmit, ledgerclient.Unknown, describe(err))
	}
	st, err := l.status(ctx, proposal.TransactionID(), l.timeouts.Submit)
	switch {
	case err != nil:
		return fault(opSubmit, ledgerclient.Unknown, describe(err))
	case !st.Successful:
		return fault(opSubmit, validationClass(st.Code), errInvalid)
	}
	return readResult(endorsed.Result(), result)
}
