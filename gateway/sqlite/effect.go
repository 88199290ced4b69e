package sqlite

import (
	"errors"
	"fmt"

	sqlite3 "github.com/mattn/go-sqlite3"

	"setu/gateway"
)

const (
	sqlPut = `INSERT INTO outbox (kind, lane, head, state, token, due, next, expires, unless, receipt, link, payload, created, updated)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)`
	sqlPutReceipt   = `INSERT INTO receipt (receipt, service, state, at) VALUES (?, ?, 1, ?)`
	sqlReceiptFinal = `SELECT 1 FROM receipt WHERE receipt = ? AND state >= 6`
)

// The values of outbox.head.
const (
	isHead   = 1
	isLeased = 2
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
	it := held{
		created: w.now, kind: e.Kind, state: state,
		lane: e.Lane, link: e.link(), receipt: text(receipt), unless: string(e.Unless),
	}
	head, err := w.place(&it)
	if err != nil {
		return gateway.Item{}, err
	}
	next, token := due, int64(0)
	if head == isHead && e.Lease && due <= w.now {
		// The lease itself is given once the item has its number.
		head, next, token = isLeased, w.leaseEnd(), w.nextToken()
	}
	it.id, _, err = w.exec(qPut, int64(e.Kind), e.Lane, head, int64(state), token, due, next, ms(e.Expires),
		optional(it.unless), receipt, it.link, e.payload, w.now)
	if err != nil {
		return gateway.Item{}, err
	}
	w.lastItem = it.id
	if head != isLeased {
		return gateway.Item{}, nil
	}
	h := w.hold(it)
	return gateway.Item{
		Effect: e.Effect, ID: h.id, State: state, Token: h.token,
		Leased: instant(h.until), Created: instant(h.created),
	}, nil
}

// place is whether a new item heads its lane or waits behind others.
func (w *writer) place(it *held) (int64, error) {
	if it.state != gateway.Queued {
		w.done.count(it.kind, it.state)
		return 0, nil
	}
	if h := w.leases.byLane[it.lane]; h != nil {
		if !h.followers {
			followed := *h
			followed.followers = true
			w.leases.set(h.id, &followed)
		}
		return 0, nil
	}
	first, err := w.first(qNext, it.lane)
	if err != nil || first != nil {
		return 0, err
	}
	return isHead, nil
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
