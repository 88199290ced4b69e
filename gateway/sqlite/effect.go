package sqlite

import (
	"errors"
	"fmt"

	sqlite3 "github.com/mattn/go-sqlite3"

	"setu/gateway"
)

const (
	sqlPutHead = `INSERT INTO outbox (kind, lane, head, state, token, due, next, expires, unless, receipt, link, payload, created, updated)
SELECT ?1, ?2, 1, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE lane = ?2 AND state < 6)`
	sqlPutBehind = `INSERT INTO outbox (kind, lane, head, state, token, due, next, expires, unless, receipt, link, payload, created, updated)
VALUES (?1, ?2, 0, ?3, 0, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)`
	sqlPutReceipt   = `INSERT INTO receipt (receipt, service, state, at) VALUES (?, ?, 1, ?)`
	sqlReceiptFinal = `SELECT 1 FROM receipt WHERE receipt = ? AND state >= 6`
)

// effect is a [gateway.Effect] as the writer takes it.
type effect struct {
	gateway.Effect
	payload []byte
}

// encodeEffects does on the caller's goroutine what the writer need not do.
func encodeEffects(in []gateway.Effect) ([]effect, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]effect, len(in))
	for i := range in {
		out[i].Effect = in[i]
		var err error
		if out[i].payload, err = encodePayload(&in[i]); err != nil {
			return nil, fmt.Errorf("encode effect: %w", err)
		}
	}
	return out, nil
}

// add puts effects into the outbox, and appends those that it leases to items.
func (w *writer) add(items []gateway.Item, effects []effect) ([]gateway.Item, error) {
	for i := range effects {
		it, err := w.put(&effects[i])
		if err != nil {
			return nil, fmt.Errorf("put effect: %w", err)
		}
		if it.Token != 0 {
			items = append(items, it)
		}
	}
	return items, nil
}

// put puts one effect into the outbox. The item has a token if it is leased.
func (w *writer) put(e *effect) (gateway.Item, error) {
	state := gateway.Queued
	if e.Unless != "" {
		final, err := w.first(qReceiptFinal, string(e.Unless))
		if err != nil {
			return gateway.Item{}, err
		}
		if final != nil {
			state = gateway.Superseded
		}
	}
	var receipt value
	if e.Tx != nil {
		receipt = string(e.Tx.Receipt)
		if err := w.putReceipt(e); err != nil {
			return gateway.Item{}, err
		}
	}
	due := ms(e.Due)
	if due == 0 {
		due = w.now
	}
	link := e.link()
	if state == gateway.Queued {
		var token int64
		next := due
		if e.Lease && due <= w.now {
			token, next = w.mint(), w.lease()
		}
		id, n, err := w.exec(qPutHead, int64(e.Kind), e.Lane, token, due, next, ms(e.Expires),
			optional(string(e.Unless)), receipt, link, e.payload, w.now)
		if err != nil {
			return gateway.Item{}, err
		}
		if n == 1 {
			return gateway.Item{
				Effect: e.Effect, ID: id, State: state, Token: token,
				Leased: instant(next), Created: instant(w.now),
			}, nil
		}
	} else {
		w.done.count(e.Kind, state)
	}
	_, _, err := w.exec(qPutBehind, int64(e.Kind), e.Lane, int64(state), due, ms(e.Expires),
		optional(string(e.Unless)), receipt, link, e.payload, w.now)
	return gateway.Item{}, err
}

// putReceipt keeps the number of a transaction from being used again.
func (w *writer) putReceipt(e *effect) error {
	var service string
	if e.Ask != nil {
		service = e.Ask.Service
	}
	_, _, err := w.exec(qPutReceipt, string(e.Tx.Receipt), service, w.now)
	var se sqlite3.Error
	if errors.As(err, &se) && se.Code == sqlite3.ErrConstraint {
		return gateway.ErrTaken
	}
	return err
}

// link is the link that a message waits for; other kinds wait for the ledger.
func (e *effect) link() string {
	if e.Kind == gateway.Message {
		return e.To.Link
	}
	return ""
}

// optional is NULL for the empty string.
func optional(s string) value {
	if s == "" {
		return nil
	}
	return s
}
