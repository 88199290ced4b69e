package sqlite

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"setu/gateway"
)

func TestMicro(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := s.w
	const n = 20000
	lap := func(name string, f func(i int64) error) {
		w.now = time.Now().UnixMilli()
		w.exec(qBegin)
		var laps []time.Duration
		start := time.Now()
		for i := range int64(n) {
			if err := f(i); err != nil {
				t.Fatal(name, err)
			}
			if i%100 == 99 {
				laps = append(laps, time.Since(start)/100)
				start = time.Now()
			}
		}
		slices.Sort(laps)
		a := laps[len(laps)/5]
		start = time.Now()
		w.exec(qCommit)
		t.Logf("%s %v, commit %v each", name, a, time.Since(start)/n)
	}
	ops := make([]*commitOp, n)
	lap("encode", func(i int64) error {
		citizen := gateway.Address(fmt.Sprintf("+9198%08d", i))
		in := gateway.Inbound{Key: fmt.Sprintf("%032x", uint64(i)*0x9e3779b97f4a7c15), Bind: "partner/1", Link: "partner", Medium: "sms", From: citizen, To: "51969", Text: "ভাতা 1000000001"}
		ef, err := encodeEffects([]gateway.Effect{{
			Kind: gateway.Message, Lane: gateway.Message.Lane(citizen), Lease: true,
			To:  gateway.Route{Medium: gateway.SMS, Link: "partner", Citizen: citizen, Code: "51969"},
			SMS: &gateway.SMSOut{Text: "নারী সহায়: 1,500 টাকা, 1 নভেম্বর 2026। পরের টাকা 1 ডিসেম্বর।", Class: "answer"},
		}})
		ops[i] = &commitOp{c: gateway.Commit{Turned: true, Accept: &in}, effects: ef}
		ops[i].encode(&in)
		return err
	})
	lap("accept", func(i int64) error { return ops[i].accept(w) })
	items := make([]gateway.Item, n)
	lap("put", func(i int64) error {
		var err error
		items[i], err = w.put(&ops[i].effects[0])
		return err
	})
	lap("finish", func(i int64) error {
		it := items[i]
		o := progressOp{p: gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}}
		return o.apply(w)
	})
	lap("session", func(i int64) error {
		_, _, err := w.exec(qNewSession, string(ops[i].c.Accept.From), ops[i].effects[0].args[putPayload])
		return err
	})
	w.script(ceilingSchema2)
	body := make([]byte, 300)
	st := func(sql string) query {
		p, err := w.db.Prepare(sql)
		if err != nil {
			t.Fatal(err)
		}
		w.stmts[rItem] = asStmt(p)
		return rItem
	}
	q := st("INSERT INTO cin (body, done) VALUES (?, 0)")
	lap("ceiling insert", func(i int64) error { _, _, err := w.exec(q, body); return err })
	q = st("UPDATE cin SET done = 1 WHERE id = ?")
	lap("ceiling turn", func(i int64) error { _, _, err := w.exec(q, i+1); return err })
	q = st("INSERT INTO cout (body, due, sent) VALUES (?, ?, 0)")
	lap("ceiling reply", func(i int64) error { _, _, err := w.exec(q, body, i); return err })
	q = st("UPDATE cout SET sent = 1 WHERE id = ?")
	lap("ceiling sent", func(i int64) error { _, _, err := w.exec(q, i+1); return err })
}

const ceilingSchema2 = `CREATE TABLE cin (id INTEGER PRIMARY KEY, body BLOB NOT NULL, done INTEGER NOT NULL);
CREATE TABLE cout (id INTEGER PRIMARY KEY, body BLOB NOT NULL, due INTEGER NOT NULL, sent INTEGER NOT NULL);
CREATE INDEX cout_due ON cout (due) WHERE sent = 0`
