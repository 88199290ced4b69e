package sqlite_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/sqlite"
	"setu/ledgerclient"
)

// BenchmarkTransaction takes transactions through the store: the message is
// accepted, its turn is committed, the transaction is recorded and its outcome
// sent. request is whether the same one would be known when it came again.
func BenchmarkTransaction(b *testing.B) {
	for _, request := range []bool{false, true} {
		b.Run(fmt.Sprintf("request=%t", request), func(b *testing.B) {
			s, err := sqlite.Open(b.TempDir(), sqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var left, failed atomic.Int64
			left.Store(int64(b.N))
			var callers sync.WaitGroup
			b.ResetTimer()
			for range min(underWay, b.N) {
				callers.Go(func() {
					c := newCaller(s, true)
					for i := left.Add(-1); i >= 0; i = left.Add(-1) {
						if err := c.transaction(i, request); err != nil {
							failed.Add(1)
							return
						}
					}
				})
			}
			callers.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
			if err := s.Close(); err != nil || failed.Load() > 0 {
				b.Fatalf("%d transactions failed; close: %v", failed.Load(), err)
			}
		})
	}
}

// transaction takes the i-th transaction, of a citizen of its own.
func (c *caller) transaction(i int64, request bool) error {
	citizen := gateway.Address("+91" + strconv.FormatInt(9_800_000_000+i, 10))
	to := gateway.Route{Medium: gateway.SMS, Link: "partner", Citizen: citizen, Code: "51969"}
	message := gateway.Effect{
		Kind: gateway.Message, Lane: gateway.Message.Lane(citizen), Lease: true, To: to,
		SMS: &gateway.SMSOut{Text: reply, Class: "result"},
	}
	receipt := ledgerclient.Receipt(strconv.FormatInt(100_000_000_000+i, 10))
	tx := &gateway.TxOut{
		Receipt: receipt, Key: "key-" + string(receipt),
		Envelope: ledgerclient.SignedEnvelope{Canonical: make([]byte, 400), Signature: ledgerclient.Signature{KeyID: "k1", Sig: make([]byte, 72)}},
	}
	if request {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))) //nolint:gosec // any octets will do
		tx.Request = &gateway.Request{
			Digest: "1." + base64.RawURLEncoding.EncodeToString(sum[:18]), Until: time.Now().Add(24 * time.Hour),
			Repeat: gateway.Repeat{Within: 24 * time.Hour, Done: "done"},
		}
	}
	accepted, err := c.commit(gateway.Commit{Accept: &gateway.Inbound{
		Key: "0123456789abcdef" + strconv.FormatInt(i, 16), Bind: "partner/1", Link: "partner", Medium: gateway.SMS, From: citizen, To: "51969", Text: "1",
	}})
	if err != nil {
		return err
	}
	out, err := c.commit(gateway.Commit{
		Inbox: accepted.Inbox, Turned: true, Session: &gateway.Session{Citizen: citizen, Lang: "bn", Pending: receipt},
		Effects: []gateway.Effect{{
			Kind: gateway.Transaction, Lane: gateway.Transaction.Lane(citizen), Lease: true, To: to, Tx: tx,
			Ask: &gateway.Ask{Service: "produce", Department: "agriculture", Medium: gateway.SMS, Step: "day"},
		}},
	})
	if err != nil {
		return err
	}
	it := out.Items[0]
	sent := make(chan gateway.Item, 1)
	c.s.Progress(gateway.Progress{
		ID: it.ID, Token: it.Token, State: gateway.Recorded, Code: "done", Block: 7, TxID: "tx", Effects: []gateway.Effect{message},
	}, func(items []gateway.Item, err error) {
		if err == nil {
			sent <- items[0]
		}
		c.results <- result{err: err}
	})
	if err := (<-c.results).err; err != nil {
		return err
	}
	it = <-sent
	c.s.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}, c.sent)
	return (<-c.results).err
}
