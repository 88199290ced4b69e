package rest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"setu/ledgerclient"
)

// MaxPage is the most octets of a page of blocks. A service ends a page with the
// block that passes [PageOctets].
const (
	MaxPage    = 32 << 20
	PageOctets = 1 << 20
)

// Height is how many blocks the ledger behind the service holds.
type Height struct {
	Height uint64 `json:"height"`
}

// Page is what blocks hold of a client's own.
type Page struct {
	// Next is the first block after those that were looked at. When it is the
	// one that was asked from, none has come in time.
	Next uint64 `json:"next"`
	// Blocks are those with transactions of the client, in order.
	Blocks []Block `json:"blocks"`
}

// Block is a block that holds transactions of the client.
type Block struct {
	Number  uint64  `json:"number"`
	Entries []Entry `json:"entries"`
}

// Entry is such a transaction; see [ledgerclient.Entry].
type Entry struct {
	Index    int    `json:"index"`
	TxID     string `json:"tx_id"`
	Envelope Signed `json:"envelope"`
	// Either it is invalid, by the ledger's word, or it has an answer.
	Invalid string               `json:"invalid,omitempty"`
	Answer  *ledgerclient.Answer `json:"answer,omitempty"`
}

// EntryOf is an entry as it is written.
func EntryOf(e ledgerclient.Entry) Entry {
	out := Entry{Index: e.Index, TxID: e.Outcome.TxID, Envelope: e.Envelope, Invalid: e.Invalid}
	if e.Invalid == "" {
		out.Answer = &e.Outcome.Answer
	}
	return out
}

// read is the entry that was written.
func (e *Entry) read() (ledgerclient.Entry, error) {
	out := ledgerclient.Entry{Index: e.Index, Envelope: e.Envelope, Invalid: e.Invalid, Outcome: ledgerclient.Outcome{TxID: e.TxID}}
	switch {
	case e.TxID == "" || (e.Invalid == "") == (e.Answer == nil) || e.Answer != nil && e.Answer.Code == "":
		return out, errAnswer
	case e.Answer != nil:
		out.Outcome.Found, out.Outcome.Answer = true, *e.Answer
	}
	return out, nil
}

// read is the block that was written.
func (b *Block) read() (ledgerclient.Block, error) {
	out := ledgerclient.Block{Number: b.Number}
	for i := range b.Entries {
		e, err := b.Entries[i].read()
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

// opFollow is the step that errors name.
const opFollow = "follow"

// Height is the number of blocks that the service's ledger holds.
func (l *Ledger) Height(ctx context.Context) (uint64, error) {
	var h Height
	err := l.call(opFollow).do(ctx, http.MethodGet, PathBlocks, "", nil, &h)
	return h.Height, err
}

// Follow hands each block from number next on to take, in order, until ctx ends,
// a call fails or take does. Of others' transactions nothing is in them. It asks
// for the next page when the one before is done, and each call waits for a block.
func (l *Ledger) Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error {
	for ctx.Err() == nil {
		c := l.call(opFollow)
		c.timeout, c.limit = l.submit, MaxPage
		var p Page
		if err := c.do(ctx, http.MethodGet, PathBlocks+"/"+strconv.FormatUint(next, 10), "", nil, &p); err != nil {
			return err
		}
		if err := p.Each(next, take); err != nil {
			return err
		}
		if p.Next == next && !pause(ctx) {
			break
		}
		next = p.Next
	}
	return ctx.Err()
}

// emptyPause is between two calls of which the first brought nothing, so that a
// service that does not wait is not asked without a rest.
const emptyPause = 200 * time.Millisecond

func pause(ctx context.Context) bool {
	t := time.NewTimer(emptyPause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Each hands the blocks of a page that was asked from a number on, those without
// anything of the client included. It fails at the first that cannot be believed,
// or when take does.
func (p *Page) Each(from uint64, take func(ledgerclient.Block) error) error {
	if p.Next < from {
		return fmt.Errorf("%w: a page that ends at block %d was asked from %d", errAnswer, p.Next, from)
	}
	for _, b := range p.Blocks {
		if b.Number < from || b.Number >= p.Next {
			return fmt.Errorf("%w: block %d in a page from %d to %d", errAnswer, b.Number, from, p.Next)
		}
		if err := eachEmpty(from, b.Number, take); err != nil {
			return err
		}
		out, err := b.read()
		if err != nil {
			return err
		}
		if err := take(out); err != nil {
			return err
		}
		from = b.Number + 1
	}
	return eachEmpty(from, p.Next, take)
}

// eachEmpty hands on the blocks from a number up to before another, which hold
// nothing of the client.
func eachEmpty(from, before uint64, take func(ledgerclient.Block) error) error {
	for ; from < before; from++ {
		if err := take(ledgerclient.Block{Number: from}); err != nil {
			return err
		}
	}
	return nil
}
