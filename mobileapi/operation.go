package mobileapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Standing is where the transaction of a receipt stands; its State is zero when
// there is no such receipt.
type Standing func(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)

// operationJSON is where a transaction stands.
type operationJSON struct {
	Receipt string    `json:"receipt"`
	State   string    `json:"state"`
	Service string    `json:"service,omitempty"`
	Prompt  string    `json:"prompt"`
	Done    bool      `json:"done"`
	Code    string    `json:"code,omitempty"`
	Block   uint64    `json:"block,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// operation is GET /v1/operations/{receipt}: who has a receipt's number may
// know where it stands, as by SMS. It asks for no signature, and a field that looks
// like one changes nothing.
func (a *API) operation(r *request) error {
	if err := a.guest(r); err != nil {
		return err
	}
	st, err := a.standing(r)
	if err != nil {
		return err
	}
	return writeJSON(r, fiber.StatusOK, a.drawStanding(r, st))
}

// receiptJSON is what can be shown of a transaction.
type receiptJSON struct {
	operationJSON
	// Proof is where its proof is; empty if the audit log holds none.
	Proof string `json:"proof,omitempty"`
	// Device is the phone's own signature; only the phones of the citizen who
	// made it are told.
	Device *proofJSON `json:"device,omitempty"`
}

// proofJSON opens the hash of the phone's signature in the envelope.
type proofJSON struct {
	Salt    string `json:"salt"`
	Opening string `json:"opening"`
	Sealed  string `json:"sealed"` // as it is in the envelope on the ledger
}

// receipt is GET /v1/receipts/{receipt}.
func (a *API) receipt(r *request) error {
	who, err := a.anybody(r)
	if err != nil {
		return err
	}
	st, err := a.standing(r)
	if err != nil {
		return err
	}
	out := receiptJSON{operationJSON: a.drawStanding(r, st)}
	if st.Leaf > 0 {
		out.Proof = Base + "/receipts/" + out.Receipt + "/proof"
	}
	if who.citizen != "" {
		if out.Device, err = a.proof(r, who, st.Receipt); err != nil {
			return err
		}
	}
	return writeJSON(r, fiber.StatusOK, out)
}

// proof is the phone's signature behind a receipt, if a phone of the caller's
// made it.
func (a *API) proof(r *request, who caller, receipt ledgerclient.Receipt) (*proofJSON, error) {
	p, err := a.cfg.Proof(r.UserContext(), receipt)
	if errors.Is(err, gateway.ErrNotFound) {
		return nil, nil //nolint:nilnil // no phone signed it
	}
	if err != nil {
		return nil, fmt.Errorf("look up proof: %w", err)
	}
	by, err := ledgerclient.ParseOpening(p.Opening)
	if err != nil {
		return nil, fmt.Errorf("read proof: %w", err)
	}
	d, _, err := a.keys.get(r.UserContext(), thumbprint(by.Key))
	if errors.Is(err, gateway.ErrNotFound) || err == nil && d.Citizen != who.citizen {
		return nil, nil //nolint:nilnil // not hers, or of a phone that was removed
	}
	if err != nil {
		return nil, fmt.Errorf("look up device: %w", err)
	}
	return &proofJSON{Salt: p.Salt, Opening: p.Opening, Sealed: ledgerclient.Hide(p.Opening, p.Salt)}, nil
}

// standing is that of the path's receipt. The error is a problem if there is no
// such receipt.
func (a *API) standing(r *request) (gateway.Standing, error) {
	receipt, err := parseReceipt(r)
	if err != nil {
		return gateway.Standing{}, err
	}
	st, err := a.cfg.Standing(r.UserContext(), receipt)
	if err != nil {
		return st, fmt.Errorf("look up receipt: %w", err)
	}
	if st.State == 0 {
		return st, unknown(string(receipt))
	}
	st.Receipt = receipt
	return st, nil
}

func (a *API) drawStanding(r *request, st gateway.Standing) operationJSON {
	out := operationJSON{
		Receipt: string(st.Receipt), State: public(st), Service: st.Service, Done: st.State.Final(), Code: st.Code, At: st.At,
		Prompt: a.cfg.Words.Render(a.cfg.Say(r.lang, st), gateway.App),
	}
	if out.State == stateRecorded { // that of a refusal is the one that it was decided by
		out.Block = st.Block
	}
	return out
}

// parseReceipt is the receipt of the path. The error is a problem.
func parseReceipt(r *request) (ledgerclient.Receipt, error) {
	receipt, err := ledgerclient.ParseReceipt(r.Params("receipt"))
	if err != nil {
		return "", unknown(strings.Clone(r.Params("receipt")))
	}
	return receipt, nil
}

// unknown is the problem of a receipt that there is not.
func unknown(receipt string) *Problem {
	p := problem(unknownReceipt, "the number of a receipt has 12 digits, of which the last checks the others")
	p.values = receiptValue(receipt)
	return p
}

// receiptValue is a receipt's number as a text's value.
func receiptValue(receipt string) map[string]i18n.Value {
	return map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: short(receipt)}}
}

// short bounds what is said again of what was sent.
func short(s string) string {
	const most = 20 // octets
	if len(s) > most {
		return s[:most]
	}
	return s
}

// public is where a transaction stands, in the words of the description.
func public(st gateway.Standing) string {
	if st.Undone {
		return "withdrawn"
	}
	switch st.State {
	case gateway.Recorded:
		return stateRecorded
	case gateway.Rejected, gateway.Expired, gateway.Dead, gateway.Superseded:
		return stateRefused
	case gateway.Withdrawn:
		return "withdrawn"
	case gateway.Parked:
		return "held"
	}
	return "waiting"
}
