package console

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
)

// Finding is a transaction on the ledger, signed by a key of ours, for which the
// store cannot account.
type Finding struct {
	gateway.Finding
	Receipt string `json:"receipt"`
	Stands  string `json:"stands"` // of the receipt; "none" when the store does not know it
}

func (s *Server) findings(c *fiber.Ctx) error {
	limit, err := strconv.Atoi(c.Query("limit", "100"))
	if err != nil || limit < 1 {
		return fiber.NewError(fiber.StatusBadRequest, "limit is a number from 1 on")
	}
	list, err := s.Findings(c.UserContext(), limit)
	if err != nil {
		return err
	}
	out := make([]Finding, 0, len(list))
	for _, n := range list {
		out = append(out, Finding{n, n.Receipt.String(), n.State.String()})
	}
	return c.JSON(out)
}
