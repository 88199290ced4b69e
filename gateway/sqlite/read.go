package sqlite

import (
	"context"
	"fmt"

	"setu/gateway"
	"setu/ledgerclient"
)

const (
	sqlReadSession  = `SELECT version, body FROM session WHERE citizen = ?`
	sqlReadAccepted = `SELECT id, link, key, bind, medium, event, sender, dest, text, at, flags FROM inbox
WHERE turned = 0 AND id > ?1 AND id >= (SELECT value FROM meta WHERE name = 'waiting_from') ORDER BY id LIMIT +?2`
	// State 8 is recorded.
	sqlReadStanding = `SELECT r.service, r.state, r.code, r.block, r.at, r.tx, r.leaf, r.ended, u.state = 8 AND u.code = '` + gateway.CodeUndone + `'
FROM receipt r LEFT JOIN undo ON undo.receipt = r.receipt LEFT JOIN receipt u ON u.receipt = undo.by WHERE r.receipt = +?`
)

// Session is the stored session of a citizen, or a zero one that names her when
// there is none.
func (s *Store) Session(ctx context.Context, citizen gateway.Address) (gateway.Session, error) {
	out := gateway.Session{Citizen: citizen}
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rSession, citizen.Reveal())
		if err != nil || v == nil {
			return err
		}
		out, err = decodeSession(citizen, number(v[0]), octets(v[1]))
		return err
	})
	if err != nil {
		return gateway.Session{}, fmt.Errorf("read session: %w", err)
	}
	return out, nil
}

// Accepted are messages that were accepted and have not had their turn, oldest
// first, with rows after the given one.
func (s *Store) Accepted(ctx context.Context, after int64, limit int) ([]gateway.Accepted, error) {
	var out []gateway.Accepted
	err := s.read(ctx, func(c *conn) error {
		return c.each(rAccepted, func(v []value) error {
			out = append(out, gateway.Accepted{Row: number(v[0]), Inbound: gateway.Inbound{
				Link: text(v[1]), Key: text(v[2]), Bind: text(v[3]),
				Medium: gateway.Medium(text(v[4])), Event: gateway.Event(number(v[5])), //nolint:gosec // written by this package
				From: gateway.Address(text(v[6])), To: gateway.Address(text(v[7])),
				Text: gateway.Private(text(v[8])), At: instant(number(v[9])),
				Incomplete:  number(v[10])&flagIncomplete != 0,
				Undecodable: number(v[10])&flagUndecodable != 0,
			}})
			return nil
		}, after, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list accepted: %w", err)
	}
	return out, nil
}

// Standing is where the transaction of a receipt stands: queued, submitted,
// recorded with its code and block, rejected with its code, or ended otherwise,
// and whether it was taken back since. Its State is zero when there is no such receipt.
func (s *Store) Standing(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error) {
	out := gateway.Standing{Receipt: r}
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rStanding, string(r))
		if err != nil || v == nil {
			return err
		}
		out.Service, out.State, out.Code = text(v[0]), gateway.State(number(v[1])), text(v[2]) //nolint:gosec // written by this package
		out.Block, out.At = uint64(number(v[3])), instant(number(v[4]))                        //nolint:gosec // see finish
		out.TxID, out.Leaf, out.Ended = text(v[5]), number(v[6]), number(v[7])
		out.Undone = number(v[8]) != 0
		return nil
	})
	if err != nil {
		return gateway.Standing{}, fmt.Errorf("read standing: %w", err)
	}
	return out, nil
}
