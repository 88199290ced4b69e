package rest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"setu/ledgerclient"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/httpsig"
)

// FuzzAnswer: whatever a service answers, the driver gives an answer or outcome
// that has a code, or an error that has a class; and what may have been
// submitted is never called not recorded.
func FuzzAnswer(f *testing.F) {
	s := newService(f, nil)
	l := s.driver(nil)
	tx, key := s.prepare(l)
	e, _ := s.envelope()
	q := s.query()
	f.Add(200, rest.TypeJSON, []byte(`{"found":true,"tx_id":"x","answer":{"code":"done","as_of":{"block":1,"time":"2026-11-22T10:30:00Z"}}}`))
	f.Add(200, rest.TypeJSON, []byte(`{"transaction":{"id":"x","bytes":"AAAA"}}`))
	f.Add(200, rest.TypeJSON, []byte(`{"code":"found","as_of":{"block":1,"time":"2026-11-22T10:30:00Z"}}`))
	f.Add(202, rest.TypeJSON, []byte(`{"found":false}`))
	f.Add(200, rest.TypeJSON, []byte(`{"height":7}`))
	f.Add(200, rest.TypeJSON, []byte(`{"next":3,"blocks":[{"number":2,"entries":[{"index":0,"tx_id":"x","envelope":{"canonical":"e30=","signature":{"kid":"k","sig":"AA=="}},"invalid":"POLICY"}]}]}`))
	f.Add(404, rest.TypeProblem, []byte(`{"type":"/problems/no-such-path","class":"config"}`))
	f.Add(500, "text/html", []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified {
			return // others have no body, or are no answer
		}
		answer := func() {
			s.meddler.once(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.Header().Set("Content-Type", kind)
				w.Header().Set("Content-Digest", httpsig.Digest(body))
				w.WriteHeader(status)
				_, _ = w.Write(body)
			})
		}
		check := func(op string, found bool, code string, err error) {
			var e *ledgerclient.Error
			switch {
			case err != nil && (!errors.As(err, &e) || e.Op != op):
				t.Fatalf("%s = %v, want an error of a ledger", op, err)
			case err == nil && found && code == "":
				t.Fatalf("%s = an answer without a code", op)
			case err == nil && status != http.StatusOK && status != http.StatusAccepted:
				t.Fatalf("%s of status %d = no error", op, status)
			}
		}
		answer()
		a, err := l.Evaluate(t.Context(), q)
		check("evaluate", true, a.Code, err)
		answer()
		made, out, err := l.Prepare(t.Context(), e)
		check("prepare", out.Found, out.Answer.Code, err)
		if err == nil && out.Found == (made.ID != "") {
			t.Fatalf("prepare = found %v and transaction %q", out.Found, made.ID)
		}
		answer()
		out, err = l.Submit(t.Context(), tx)
		check("submit", out.Found, out.Answer.Code, err)
		if c := ledgerclient.ClassOf(err); err != nil && status >= 500 && kind != rest.TypeProblem && c != ledgerclient.Unknown {
			t.Fatalf("submit answered by %d = class %s, want unknown", status, c)
		}
		answer()
		out, err = l.Find(t.Context(), key)
		check("find", out.Found, out.Answer.Code, err)
	})
}

// FuzzFields: fields of requests are read without harm, and a key comes back as
// it was written.
func FuzzFields(f *testing.F) {
	f.Add("key", `"key"`, "wait=5")
	f.Add("রসিদ", `:4Kaw:`, `wait="5", respond-async`)
	f.Add("\x00", `%"a"`, "wait=-1")
	f.Fuzz(func(t *testing.T, key, field, prefer string) {
		h := http.Header{rest.FieldKey: {field}, rest.FieldPrefer: {prefer}}
		_ = rest.ParseKey(h)
		if d := rest.ParseWait(h); d < 0 || d.Hours() > 1 {
			t.Fatalf("ParseWait(%q) = %v, want at most an hour", prefer, d)
		}
		written, err := rest.FormatKey(key)
		if err != nil {
			t.Fatalf("FormatKey(%q): %v", key, err)
		}
		if got := rest.ParseKey(http.Header{rest.FieldKey: {written}}); got != key {
			t.Fatalf("ParseKey(FormatKey(%q)) = %q", key, got)
		}
	})
}

// FuzzPage: whatever a page of blocks says, each block comes once and in order,
// and every transaction has an identifier and either an answer or a reason.
func FuzzPage(f *testing.F) {
	f.Add(uint64(0), []byte(`{"next":3,"blocks":[{"number":1,"entries":[{"index":0,"tx_id":"x","envelope":{},"answer":{"code":"done"}}]}]}`))
	f.Add(uint64(2), []byte(`{"next":1,"blocks":[]}`))
	f.Add(uint64(2), []byte(`{"next":4,"blocks":[{"number":3,"entries":[]},{"number":2,"entries":[]}]}`))
	f.Fuzz(func(t *testing.T, from uint64, body []byte) {
		var p rest.Page
		if json.Unmarshal(body, &p) != nil || p.Next > from && p.Next-from > 1000 {
			return
		}
		next := from
		err := p.Each(from, func(b ledgerclient.Block) error {
			if b.Number != next {
				t.Fatalf("block %d in the place of %d", b.Number, next)
			}
			next++
			for _, e := range b.Entries {
				if e.Outcome.TxID == "" || e.Outcome.Found == (e.Invalid != "") {
					t.Fatalf("transaction %+v", e)
				}
			}
			return nil
		})
		if err == nil && next != p.Next {
			t.Fatalf("handed out up to block %d, want %d", next, p.Next)
		}
	})
}
