package console

import (
	"encoding/json"
	"errors"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/i18n"
)

// PINReset asks that a citizen's PIN be forgotten. It stands in the body, since
// paths are written into logs on the way.
type PINReset struct {
	Number string `json:"number"` // as people write it
}

// resetPIN forgets a citizen's PIN. The log keeps that it happened, not whose.
func (s *Server) resetPIN(c *fiber.Ctx) error {
	if s.ResetPIN == nil {
		return fiber.NewError(fiber.StatusNotFound, "this gateway keeps no PINs")
	}
	var r PINReset
	if err := json.Unmarshal(c.Request().Body(), &r); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "the number is missing")
	}
	number, err := i18n.ParsePhone(r.Number)
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "that is no telephone number")
	}
	switch err := s.ResetPIN(c.UserContext(), gateway.Address(number)); {
	case errors.Is(err, gateway.ErrNoPIN):
		return fiber.NewError(fiber.StatusNotFound, "this number has no PIN")
	case err != nil:
		return err
	}
	s.Log.Info("a PIN was reset")
	return c.SendStatus(fiber.StatusNoContent)
}
