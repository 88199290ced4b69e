package console

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/ledgerclient"
)

// Item is an outbox item as an operator sees it: no number, no text.
type Item struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"`
	Service  string    `json:"service,omitempty"`
	Link     string    `json:"link,omitempty"`
	Receipt  string    `json:"receipt,omitempty"`
	Class    string    `json:"class,omitempty"`
	Attempts int       `json:"attempts"`
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due,omitzero"`
	Reason   string    `json:"reason,omitempty"`
}

// Count is a number of items of one kind in one state.
type Count struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
	Items int64  `json:"items"`
}

// Stats is how the queue stands.
type Stats struct {
	Waiting      []Count   `json:"waiting"`
	Finished     []Count   `json:"finished"`
	Oldest       time.Time `json:"oldest,omitzero"`
	Accepted     int64     `json:"accepted"`
	MaybeDoubled int64     `json:"maybe_doubled"`
	Full         bool      `json:"full"`
}

// Standing is where a receipt's transaction stands.
type Standing struct {
	Receipt string    `json:"receipt"`
	State   string    `json:"state"`            // "none" when there is no such receipt
	Undone  bool      `json:"undone,omitempty"` // taken back since
	Service string    `json:"service,omitempty"`
	Code    string    `json:"code,omitempty"`
	Block   uint64    `json:"block,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

func view(it gateway.Item) Item {
	v := Item{
		ID: it.ID, Kind: it.Kind.String(), State: it.State.String(), Link: it.To.Link,
		Attempts: it.Attempts, Created: it.Created, Due: it.Due, Reason: it.Reason,
	}
	if it.Ask != nil {
		v.Service = it.Ask.Service
	}
	if it.Tx != nil {
		v.Receipt = it.Tx.Receipt.String()
	}
	if it.SMS != nil {
		v.Class = it.SMS.Class
	}
	return v
}

func counts(list []gateway.Count) []Count {
	out := make([]Count, 0, len(list))
	for _, c := range list {
		out = append(out, Count{c.Kind.String(), c.State.String(), c.Items})
	}
	return out
}

// list shows the unfinished items, or those of ?state=parked,dead&kind=message.
func (s *Server) list(c *fiber.Ctx) error {
	f := gateway.Filter{}
	var err error
	if f.Limit, err = strconv.Atoi(c.Query("limit", "100")); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "limit is a number")
	}
	if f.After, err = strconv.ParseInt(c.Query("after", "0"), 10, 64); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "after is an item's number")
	}
	if f.States, err = states(c.Query("state")); err != nil {
		return err
	}
	if name := c.Query("kind"); name != "" {
		kind, ok := gateway.ParseKind(name)
		if !ok {
			return fiber.NewError(fiber.StatusBadRequest, "kind is message, transaction or question")
		}
		f.Kind = kind
	}
	items, err := s.Queue.List(c.UserContext(), f)
	if err != nil {
		return err
	}
	out := make([]Item, 0, len(items))
	for _, it := range items {
		out = append(out, view(it))
	}
	return c.JSON(out)
}

// states reads a list of states; empty stands for all that are not final.
func states(list string) ([]gateway.State, error) {
	if list == "" {
		return gateway.Unfinished(), nil
	}
	var out []gateway.State
	for name := range strings.SplitSeq(list, ",") {
		st, ok := gateway.ParseState(name)
		if !ok {
			return nil, fiber.NewError(fiber.StatusBadRequest, "no such state: "+name)
		}
		out = append(out, st)
	}
	return out, nil
}

func (s *Server) show(c *fiber.Ctx) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	it, err := s.Queue.Item(c.UserContext(), n)
	if err != nil {
		return err
	}
	return c.JSON(view(it))
}

func (s *Server) retry(c *fiber.Ctx) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Queue.Requeue(c.UserContext(), n); err != nil {
		return err
	}
	s.Log.Info("operator put an item back", slog.Int64("item", n))
	if s.Wake != nil {
		s.Wake()
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// discardNow discards an item, unless two operators are needed for that.
func (s *Server) discardNow(ctx context.Context, n int64, reason string) error {
	if s.Acts == nil {
		return s.Queue.Discard(ctx, n, reason)
	}
	_, err := s.Acts.Direct(ctx, Discard, map[string]string{"item": strconv.FormatInt(n, 10), "reason": reason})
	return err
}

func (s *Server) discard(c *fiber.Ctx) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	var body struct {
		Reason string `json:"reason"`
	}
	if err := c.BodyParser(&body); err != nil || strings.TrimSpace(body.Reason) == "" {
		return fiber.NewError(fiber.StatusBadRequest, "a discarded item needs a reason")
	}
	if err := s.discardNow(c.UserContext(), n, body.Reason); err != nil {
		return err
	}
	s.Log.Info("operator discarded an item", slog.Int64("item", n))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) stats(c *fiber.Ctx) error {
	st, err := s.Queue.Stats(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(Stats{
		Waiting: counts(st.Waiting), Finished: counts(st.Finished), Oldest: st.Oldest,
		Accepted: st.Accepted, MaybeDoubled: st.MaybeDoubled, Full: st.Full,
	})
}

func (s *Server) receipt(c *fiber.Ctx) error {
	r, err := ledgerclient.ParseReceipt(c.Params("number"))
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "a receipt number has 12 digits; this one is mistyped")
	}
	st, err := s.Standing(c.UserContext(), r)
	if err != nil {
		return err
	}
	return c.JSON(Standing{
		Receipt: r.String(), State: st.State.String(), Undone: st.Undone, Service: st.Service, Code: st.Code, Block: st.Block, At: st.At,
	})
}

func (s *Server) faults(c *fiber.Ctx) error {
	if s.SetFaults == nil {
		return fiber.NewError(fiber.StatusConflict, "the ledger is not the sandbox")
	}
	var f Faults
	if err := c.BodyParser(&f); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "faults are {delay, down, forget}")
	}
	if err := s.SetFaults(f); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
