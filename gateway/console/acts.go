package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"setu/gateway/operators"
)

// Discard is the act that gives an item of the queue up for good.
const Discard = "queue.discard"

// DiscardKind is that act on a queue.
func DiscardKind(q Queue) operators.Kind {
	item := func(args map[string]string) (int64, error) {
		n, err := strconv.ParseInt(args["item"], 10, 64)
		if err != nil || strings.TrimSpace(args["reason"]) == "" {
			return 0, errors.New("a discarded item needs its number and a reason")
		}
		return n, nil
	}
	return operators.Kind{
		Check: func(args map[string]string) error {
			_, err := item(args)
			return err
		},
		Do: func(ctx context.Context, args map[string]string) (string, error) {
			n, err := item(args)
			if err == nil {
				err = q.Discard(ctx, n, args["reason"])
			}
			return fmt.Sprintf("item %d is discarded", n), err
		},
	}
}

// ActScheme is the scheme of the Authorization header that an operator's
// statement to list is sent in: base64 of the statement, a dot, base64 of the
// signature.
const ActScheme = "Setu-Operator"

// ActHeader is a statement as that header.
func ActHeader(s operators.Signed) string {
	return ActScheme + " " + base64.RawURLEncoding.EncodeToString(s.Statement) + "." + base64.RawURLEncoding.EncodeToString(s.Sig)
}

func parseActHeader(header string) (out operators.Signed, ok bool) {
	rest, ok := strings.CutPrefix(header, ActScheme+" ")
	if !ok {
		return out, false
	}
	statement, sig, _ := strings.Cut(rest, ".")
	var errs [2]error
	out.Statement, errs[0] = base64.RawURLEncoding.DecodeString(statement)
	out.Sig, errs[1] = base64.RawURLEncoding.DecodeString(sig)
	return out, errors.Join(errs[:]...) == nil
}

// ActRequest asks for an act: by an operator's statement, or, with the token
// alone, at once where no operators are named.
type ActRequest struct {
	Signed operators.Signed  `json:"signed,omitzero"`
	Kind   string            `json:"kind,omitempty"`
	Args   map[string]string `json:"args,omitempty"`
}

// acts lists the acts for an operator or for who has the token.
func (s *Server) acts(c *fiber.Ctx) error {
	if signed, ok := parseActHeader(c.Get(fiber.HeaderAuthorization)); ok {
		if err := s.Acts.Allow(signed); err != nil {
			return err
		}
	} else if err := s.letIn(c); err != nil {
		return err
	}
	return c.JSON(s.Acts.Acts())
}

// letIn is nil for who knows the token.
func (s *Server) letIn(c *fiber.Ctx) error {
	if !s.hasToken(c) {
		return fiber.NewError(fiber.StatusUnauthorized, "an operator's key, or the token of the data folder, is needed")
	}
	return nil
}

func (s *Server) act(c *fiber.Ctx) error {
	var r ActRequest
	if err := json.Unmarshal(c.Request().Body(), &r); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "an act is JSON")
	}
	if len(r.Signed.Statement) > 0 {
		a, err := s.Acts.Take(c.UserContext(), r.Signed)
		if err != nil {
			return err
		}
		s.Log.Info("operators' act", slog.String("act", a.ID), slog.String("kind", a.Kind), slog.String("state", string(a.State)),
			slog.String("by", a.By), slog.String("settled_by", a.SettledBy))
		return c.JSON(a)
	}
	if err := s.letIn(c); err != nil {
		return err
	}
	result, err := s.Acts.Direct(c.UserContext(), r.Kind, r.Args)
	if _, known := actFault(err); err != nil && !known {
		return fiber.NewError(fiber.StatusUnprocessableEntity, err.Error()) // by whoever did it, for operators
	}
	if err != nil {
		return err
	}
	s.Log.Info("act without operators", slog.String("kind", r.Kind))
	return c.JSON(operators.Act{State: operators.Done, Kind: r.Kind, Args: r.Args, Result: result})
}

// actFault is an error of the acts as the API gives it. Nobody else's errors
// are shown.
func actFault(err error) (Fault, bool) {
	for _, known := range []struct {
		err    error
		status int
	}{
		{operators.ErrStranger, fiber.StatusUnauthorized},
		{operators.ErrTwo, fiber.StatusForbidden},
		{operators.ErrSame, fiber.StatusForbidden},
		{operators.ErrStale, fiber.StatusForbidden},
		{operators.ErrElsewhere, fiber.StatusForbidden},
		{operators.ErrKind, fiber.StatusBadRequest},
		{operators.ErrNoAct, fiber.StatusNotFound},
		{operators.ErrSettled, fiber.StatusConflict},
		{operators.ErrMany, fiber.StatusTooManyRequests},
		{operators.ErrLog, fiber.StatusServiceUnavailable},
	} {
		if errors.Is(err, known.err) {
			return Fault{Title: strings.TrimPrefix(err.Error(), "operators: "), Status: known.status}, true
		}
	}
	return Fault{}, false
}
