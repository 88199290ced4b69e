package mobileapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/ledgerclient"
)

// Prove makes the proof of a receipt as anybody can check it without the gateway,
// in JSON. The error is [gateway.ErrNotFound] when the audit log holds no decision
// on it, as on one of before the log was begun.
type Prove func(ctx context.Context, r ledgerclient.Receipt) ([]byte, error)

// logProof is GET /v1/receipts/{receipt}/proof. It has no number and no name in it,
// so that who has a receipt may have its proof.
func (a *API) logProof(r *request) error {
	if err := a.guest(r); err != nil {
		return err
	}
	receipt, err := parseReceipt(r)
	if err != nil {
		return err
	}
	octets, err := a.cfg.Prove(r.UserContext(), receipt)
	if errors.Is(err, gateway.ErrNotFound) {
		return a.unproven(r, receipt)
	}
	if err != nil {
		return fmt.Errorf("prove receipt: %w", err)
	}
	r.Set(fiber.HeaderCacheControl, "no-store")
	r.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	r.Set(fiber.HeaderContentDisposition, `attachment; filename="setu-`+string(receipt)+`.json"`)
	return r.Send(octets)
}

// unproven is why there is no proof: there is no such receipt, or it is older than
// the log.
func (a *API) unproven(r *request, receipt ledgerclient.Receipt) error {
	if _, err := a.standing(r); err != nil {
		return err
	}
	p := problem(noProof, "the receipt is of before the audit log was begun")
	p.values = receiptValue(string(receipt))
	return p
}
