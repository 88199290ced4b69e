package mobileapi

import (
	"context"
	"fmt"
	"time"

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
// know where it stands, as by SMS.
func (a *API) operation(r *request) error {
	receipt, err := ledgerclient.ParseReceipt(r.Params("receipt"))
	if err != nil {
		return unknown(r.Params("receipt"))
	}
	st, err := a.cfg.Standing(r.UserContext(), receipt)
	if err != nil {
		return fmt.Errorf("look up receipt: %w", err)
	}
	if st.State == 0 {
		return unknown(string(receipt))
	}
	out := operationJSON{
		Receipt: string(receipt), State: public(st.State), Service: st.Service, Done: st.State.Final(), Code: st.Code, Block: st.Block, At: st.At,
		Prompt: a.cfg.Words.Render(a.cfg.Say(r.lang, st), gateway.App),
	}
	return writeJSON(r, 200, out)
}

// unknown is the problem of a receipt that there is not.
func unknown(receipt string) *Problem {
	p := problem(unknownReceipt, "the number of a receipt has 12 digits, of which the last checks the others")
	p.values = map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: short(receipt)}}
	return p
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
func public(s gateway.State) string {
	switch s {
	case gateway.Recorded:
		return "recorded"
	case gateway.Rejected, gateway.Expired, gateway.Dead, gateway.Superseded:
		return "refused"
	case gateway.Withdrawn:
		return "withdrawn"
	case gateway.Parked:
		return "held"
	}
	return "waiting"
}
