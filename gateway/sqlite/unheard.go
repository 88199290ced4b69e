package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"setu/gateway"
)

const (
	sqlPutUnheard = `INSERT INTO unheard (citizen, key, body, created) VALUES (?, ?, ?, ?) ON CONFLICT (citizen, key) DO NOTHING`
	sqlUnheard    = `SELECT id, body, created, key FROM unheard WHERE citizen = +? ORDER BY id`
	sqlHeard      = `DELETE FROM unheard WHERE id = ? AND citizen = ?`
)

// storedUnheard is an answer in the file.
type storedUnheard struct {
	Reply   gateway.Reply  `json:"reply"`
	Medium  gateway.Medium `json:"medium,omitempty"`
	Link    string         `json:"link,omitempty"`
	Code    string         `json:"code,omitempty"`
	SMS     *storedSMS     `json:"sms"`
	Expires int64          `json:"expires,omitempty"`
}

// keepUnheard keeps an answer, once.
func (w *writer) keepUnheard(u *gateway.Unheard, citizen gateway.Address) error {
	body, err := json.Marshal(storedUnheard{
		Reply: u.Reply, Medium: u.To.Medium, Link: u.To.Link, Code: u.To.Code.Reveal(), SMS: storeSMS(u.SMS), Expires: ms(u.Expires),
	})
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	if err := w.run(qPutUnheard, citizen.Reveal(), u.Key, body, w.now); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	return nil
}

// tellBySMS makes messages of all that a citizen has not heard.
func (w *writer) tellBySMS(citizen gateway.Address) error {
	waiting, err := w.unheard(citizen)
	if err != nil {
		return err
	}
	for _, u := range waiting {
		if err := w.run(qHeard, u.ID, citizen.Reveal()); err != nil {
			return err
		}
		effects, err := encodeEffects([]gateway.Effect{{
			Kind: gateway.Message, Lane: gateway.Message.Lane(citizen), Expires: u.Expires, To: u.To, SMS: &u.SMS,
		}}, instant(w.now))
		if err != nil {
			return err
		}
		if _, err := w.add(nil, effects); err != nil {
			return err
		}
	}
	return nil
}

// Unheard are the answers that a citizen has not heard, oldest first.
func (s *Store) Unheard(ctx context.Context, citizen gateway.Address) (list []gateway.Unheard, err error) {
	err = s.read(ctx, func(c *conn) error {
		list, err = c.unheardOf(rUnheard, citizen)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read unheard answers: %w", err)
	}
	return list, nil
}

func (w *writer) unheard(citizen gateway.Address) ([]gateway.Unheard, error) {
	return w.unheardOf(qUnheard, citizen)
}

func (c *conn) unheardOf(q query, citizen gateway.Address) (list []gateway.Unheard, err error) {
	err = c.each(q, func(v []value) error {
		var in storedUnheard
		if err := json.Unmarshal(octets(v[1]), &in); err != nil {
			return fmt.Errorf("decode answer %d: %w", number(v[0]), err)
		}
		u := gateway.Unheard{
			ID: number(v[0]), Citizen: citizen, Reply: in.Reply, Created: instant(number(v[2])), Key: text(v[3]), Expires: instant(in.Expires),
			To: gateway.Route{Medium: in.Medium, Link: in.Link, Citizen: citizen, Code: gateway.Address(in.Code)},
		}
		if in.SMS != nil {
			u.SMS = *in.SMS.out()
		}
		list = append(list, u)
		return nil
	}, citizen.Reveal())
	return list, err
}

// Heard notes that a citizen is, or was, on the telephone and has heard some
// answers. A call to her that waits is not needed any more when none is left.
func (s *Store) Heard(ctx context.Context, citizen gateway.Address, ids ...int64) error {
	err := s.do(ctx, func(w *writer) error {
		for _, id := range ids {
			if err := w.run(qHeard, id, citizen.Reveal()); err != nil {
				return err
			}
		}
		left, err := w.unheard(citizen)
		if err != nil || len(left) > 0 {
			return err
		}
		v, err := w.first(qOpenCall, citizen.Reveal())
		if err != nil || v == nil {
			return err
		}
		id, state, due := number(v[0]), gateway.CallState(number(v[1])), number(v[2]) //nolint:gosec // written by this package
		if state == gateway.CallWaiting {
			state = gateway.CallNeedless
		} else {
			due = 0 // what is placed ends by itself, and is not placed again
		}
		return w.run(qMoveCall, int64(state), due, "", int64(0), w.now, id)
	})
	if err != nil {
		return fmt.Errorf("note what was heard: %w", err)
	}
	return nil
}
