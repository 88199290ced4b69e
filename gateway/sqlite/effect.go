package sqlite

import (
	"errors"
	"fmt"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"setu/gateway"
)

const (
	sqlPut = `INSERT INTO outbox (id, kind, lane, head, state, token, due, next, expires, unless, receipt, link, payload, created, updated)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)`
	sqlPutReceipt   = `INSERT INTO receipt (receipt, service, state, at, leaf) VALUES (?, ?, 1, ?, ?)`
	sqlReceiptFinal = `SELECT 1 FROM receipt WHERE receipt = ? AND state >= 6`
)

// The values of outbox.head; 0 waits behind others.
const (
	isHead   = 1
	isLeased = 2 // or finished
)

// effect is a [gateway.Effect] as the writer takes it: as far as possible in the
// arguments of sqlPut, since the writer is one and its callers are many.
type effect struct {
	gateway.Effect
	link  string
	due   int64
	meter *gateway.Meter
	leaf  []byte // of a transaction
	args  [putArgs]value
}

// The arguments of sqlPut that the writer fills in.
const (
	putID = iota
	putKind
	putLane
	putHead
	putState
	putToken
	putDue
	putNext
	putExpires
	putUnless
	putReceipt
	putLink
	putPayload
	putNow
	putArgs
)

// encodeEffects does on the caller's goroutine what the writer need not do.
func encodeEffects(in []gateway.Effect, now time.Time) ([]effect, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]effect, len(in))
	for i := range in {
		e := &out[i]
		e.Effect, e.due, e.meter = in[i], ms(in[i].Due), meterFor(&in[i])
		if e.Kind == gateway.Message {
			e.link = e.To.Link // other kinds wait for the ledger
		}
		payload, err := encodePayload(&e.Effect)
		if err != nil {
			return nil, fmt.Errorf("encode effect: %w", err)
		}
		e.args[putKind], e.args[putLane], e.args[putLink] = int64(e.Kind), e.Lane, e.link
		e.args[putExpires], e.args[putUnless], e.args[putPayload] = ms(e.Expires), optional(string(e.Unless)), payload
		if e.Tx != nil {
			e.args[putReceipt] = string(e.Tx.Receipt)
			e.leaf = decisionLeaf(&e.Effect, now)
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
	it := held{
		id: w.lastItem + 1, created: w.now, kind: e.Kind, state: state,
		lane: e.Lane, link: e.link, unless: string(e.Unless), meter: e.meter,
	}
	if e.Tx != nil {
		it.receipt = string(e.Tx.Receipt)
		if err := w.putReceipt(e); err != nil {
			return gateway.Item{}, err
		}
	}
	due := e.due
	if due == 0 {
		due = w.now
	}
	head, err := w.place(&it)
	if err != nil {
		return gateway.Item{}, err
	}
	a := &e.args
	a[putDue], a[putNow] = w.nowValue, w.nowValue
	if due != w.now {
		a[putDue] = due
	}
	token := int64(0)
	a[putNext] = a[putDue]
	if head == isHead && e.Lease && due <= w.now {
		head, token = isLeased, w.nextToken()
		a[putNext] = w.leaseValue
	}
	a[putID], a[putHead], a[putState], a[putToken] = it.id, head, int64(state), token
	if err := w.run(qPut, a[:]...); err != nil {
		return gateway.Item{}, err
	}
	w.lastItem = it.id
	if token == 0 {
		w.lanes.add(it.lane)
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
		return isLeased, nil // in no index
	}
	if h := w.leases.byLane[it.lane]; h != nil {
		if !h.followers {
			followed := *h
			followed.followers = true
			w.leases.set(h.id, &followed)
		}
		return 0, nil
	}
	if !w.lanes.has(it.lane) {
		return isHead, nil
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
	err := w.run(qPutReceipt, string(e.Tx.Receipt), service, w.now, w.log.next)
	if isTaken(err) {
		return gateway.ErrTaken
	}
	w.log.add(e.leaf)
	if err == nil {
		err = w.putRequest(e.Tx)
	}
	if err == nil && e.Tx.Device != "" {
		err = w.run(qPutProof, string(e.Tx.Receipt), e.Tx.Salts["device"], e.Tx.Device)
	}
	return err
}

// isTaken says that a row was not inserted because there is one with its key.
func isTaken(err error) bool {
	var se sqlite3.Error
	return errors.As(err, &se) && se.ExtendedCode == sqlite3.ErrConstraintPrimaryKey
}

// optional is NULL for the empty string.
func optional(s string) value {
	if s == "" {
		return nil
	}
	return s
}
