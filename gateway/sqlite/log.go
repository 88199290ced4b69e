package sqlite

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

const (
	sqlPutLeaves   = `INSERT INTO audit_leaf (first, count, leaves) VALUES (?, ?, ?)`
	sqlReadLogSize = `SELECT ifnull(max(first + count), 0) FROM audit_leaf WHERE first = (SELECT max(first) FROM audit_leaf)`
	sqlSeen        = `SELECT value FROM audit_seen WHERE subject = ?`
	sqlSee         = `INSERT INTO audit_seen (subject, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2`
)

// leafLog are the leaves of the audit log that the transaction under way adds:
// each with its length before it, to be written as one row.
type leafLog struct {
	first, next int64 // numbers: of the first of them, and of the one to come
	octets      []byte
}

func (l *leafLog) begin()    { l.first, l.octets = l.next, l.octets[:0] }
func (l *leafLog) rollback() { l.next = l.first }

// add adds a leaf, which gets the number next.
func (l *leafLog) add(leaf []byte) {
	l.octets = binary.AppendUvarint(l.octets, uint64(len(leaf)))
	l.octets = append(l.octets, leaf...)
	l.next++
}

// putLeaves writes the leaves of the transaction.
func (w *writer) putLeaves() error {
	if w.log.next == w.log.first {
		return nil
	}
	return w.run(qPutLeaves, w.log.first, w.log.next-w.log.first, w.log.octets)
}

// beginLog finds the end of the log, or begins one under a name of its own.
func (w *writer) beginLog() (err error) {
	if w.log.next, err = w.int(sqlReadLogSize); err != nil {
		return err
	}
	w.log.begin()
	if w.log.next == 0 {
		w.log.add(proof.Encode(proof.Began, instant(w.now), field("origin", "setu/"+strings.ToLower(rand.Text()))))
	}
	return nil
}

func field(name, value string) ledgerclient.Field {
	return ledgerclient.Field{Name: name, Value: value}
}

// acceptedLeaf is the leaf of a message that comes in, and the salt that binds it
// to the message.
func acceptedLeaf(in *gateway.Inbound, now time.Time) (leaf, salt []byte) {
	salt = make([]byte, proof.SaltOctets)
	_, _ = rand.Read(salt) // never fails
	m := proof.Message{
		Link: in.Link, Key: in.Key, Bind: in.Bind, Medium: string(in.Medium),
		From: in.From.Reveal(), To: in.To.Reveal(), Text: in.Text.Reveal(), At: instant(ms(in.At)),
	}
	return proof.Encode(proof.Accepted, now, field("digest", m.Digest(salt)), field("link", in.Link), field("medium", string(in.Medium))), salt
}

// leafOf is the leaf of a commit that accepts no message; nil: it has none.
func leafOf(c *gateway.Commit, now time.Time) []byte {
	switch {
	case c.Live != nil:
		return proof.Encode(proof.Turn, now, field("link", c.Live.Link), field("medium", string(c.Live.Medium)))
	case c.Act != "":
		return proof.Encode(proof.Act, now, field("act", c.Act))
	}
	return nil
}

// decisionLeaf is the leaf of a transaction.
func decisionLeaf(e *gateway.Effect, now time.Time) []byte {
	digest := sha256.Sum256(e.Tx.Envelope.Canonical)
	var service string
	if e.Ask != nil {
		service = e.Ask.Service
	}
	return proof.Encode(proof.Decision, now, field("envelope", hex.EncodeToString(digest[:])),
		field("key", e.Tx.Envelope.Signature.KeyID), field("medium", string(e.To.Medium)),
		field("receipt", string(e.Tx.Receipt)), field("service", service))
}

// repeatLeaf is the leaf of a request that was made before.
func repeatLeaf(r *gateway.Repeated, now time.Time) []byte {
	return proof.Encode(proof.Repeat, now, field("medium", string(r.Medium)), field("receipt", string(r.Receipt)), field("service", r.Service))
}

// outcomeLeaf is the leaf of a transaction's end.
func outcomeLeaf(receipt string, e ending, now time.Time) []byte {
	var block string
	if e.block != 0 {
		block = strconv.FormatUint(e.block, 10)
	}
	return proof.Encode(proof.Outcome, now, field("block", block), field("code", e.code),
		field("receipt", receipt), field("state", e.state.String()), field("tx", e.tx))
}

// actLeaf is the leaf of what an operator did to an item.
func actLeaf(act string, item int64, now time.Time) []byte {
	return proof.Encode(proof.Act, now, field("act", act), field("item", strconv.FormatInt(item, 10)))
}

// observe writes the leaves of what is not as it was when it was looked at last.
func (w *writer) observe(all []gateway.Observation) error {
	for _, o := range all {
		v, err := w.first(qSeen, o.Subject)
		if err != nil {
			return err
		}
		if v != nil && text(v[0]) == o.Value || v == nil && o.Value == "" {
			continue
		}
		if err := w.run(qSee, o.Subject, o.Value); err != nil {
			return fmt.Errorf("note what was seen: %w", err)
		}
		w.log.add(o.Leaf)
	}
	return nil
}
