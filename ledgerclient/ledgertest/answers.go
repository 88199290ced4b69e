package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient"
)

var hidden = ledgerclient.Hide("the road is broken", "salt")

func certificateHash() string {
	sum := sha256.Sum256([]byte("WB10000001"))
	return hex.EncodeToString(sum[:])[:12]
}

// queries asks every query function about a record that everyone may see, and
// about one that is not there.
func (s *suite) queries() {
	for _, tt := range []struct {
		call ledgerclient.Call
		want string
		has  []string // fields
	}{
		{call("benefits", "Status", "beneficiary", "1000000001"), "found", []string{"scheme.bn", "scheme.hi", "scheme.en", "amount", "month", "paid", "next", "status"}},
		{call("benefits", "Status", "beneficiary", "1999999991"), "missing", nil},
		{call("benefits", "Status", "beneficiary", "1000000002"), "invalid", []string{"field"}},
		{call("produce", "Price", "crop", "paddy"), "found", []string{"crop", "price", "date", "market.bn"}},
		{call("produce", "Price", "crop", "jute", "district", "murshidabad"), "found", []string{"price", "market.hi"}},
		{call("produce", "Price", "crop", "opium"), "missing", nil},
		{call("produce", "Status", "lot", "50000004"), "found", []string{"lot", "crop", "weight", "status", "date", "centre.en"}},
		{call("land", "Mutation", "case", "2000000002"), "found", []string{"case", "status", "date", "office.bn"}},
		{call("land", "Plot", "mouza", "101", "khatian", "12", "plot", "34"), "found", []string{"mouza.bn", "khatian", "plot", "area", "class.hi", "owner.en"}},
		{call("land", "Plot", "mouza", "999", "khatian", "1", "plot", "1"), "missing", nil},
		{call("documents", "Verify", "number", "WB10000001"), "valid", []string{"kind.bn", "issued", "office.hi", "name.en"}},
		{call("documents", "Verify", "number", "WB10000002"), "revoked", []string{"date"}},
		{call("documents", "Verify", "number", "WB99999999"), "missing", nil},
		{call("documents", "VerifyHash", "sha256", certificateHash()), "valid", []string{"number", "kind.en", "issued"}},
		{call("documents", "VerifyHash", "sha256", "000000000000"), "missing", nil},
		{call("academic", "Verify", "number", "3000000003"), "consented", []string{"name.bn", "exam.hi", "year", "result", "board.en"}},
		{call("academic", "Verify", "number", "3000000011"), "closed", []string{"exam.bn", "year"}},
		{call("health", "Balance", "card", "4000000004"), "found", []string{"balance", "valid", "members", "family.bn"}},
		{call("sites", "Check", "site", "wb.example.gov"), "anchored", []string{"site", "time", "changed", "pages"}},
		{call("sites", "Check", "site", "old.example.gov"), "anchored", []string{"changed"}},
		{call("grievances", "Follow", "number", "60000007"), "found", []string{"number", "subject", "status", "office.bn", "date"}},
		{call("registry", "Get", "register", "none", "key", "none"), "missing", nil},
	} {
		a := s.ask(tt.call, citizen)
		if a.Code != tt.want {
			s.Errorf("Evaluate(%s.%s %v) = %q, want %q", tt.call.Contract, tt.call.Function, tt.call.Args, a.Code, tt.want)
		}
		for _, field := range tt.has {
			if a.Fields[field] == "" {
				s.Errorf("Evaluate(%s.%s %v) has no field %q", tt.call.Contract, tt.call.Function, tt.call.Args, field)
			}
		}
		if a.AsOf.Time.IsZero() {
			s.Errorf("Evaluate(%s.%s) says no time that it holds for", tt.call.Contract, tt.call.Function)
		}
	}
	a := s.ask(call("consents", "List"), citizen)
	if a.Code != "found" || len(a.Items) != 2 || a.Items[0]["id"] == "" || a.Items[0]["holder.bn"] == "" {
		s.Errorf("Evaluate(consents.List) = %q, %v, want two consents", a.Code, a.Items)
	}
	if a := s.ask(call("consents", "List"), "+919999999999"); a.Code != "none" {
		s.Errorf("Evaluate(consents.List) of a newcomer = %q, want none", a.Code)
	}
}

// transactions carries every transaction function out once.
func (s *suite) transactions() {
	consent := s.ask(call("consents", "List"), citizen).Items[0]["id"]
	for _, tt := range []struct {
		call ledgerclient.Call
		has  []string
	}{
		{call("benefits", "Acknowledge", "beneficiary", "1000000001"), []string{"scheme.bn", "amount", "paid"}},
		{call("produce", "Register", "crop", "paddy", "weight", "1250.5", "date", "2026-11-30"), []string{"lot", "crop", "weight", "date", "centre.bn"}},
		{call("grievances", "Raise", "subject", "land", "text", hidden), []string{"number", "office.hi", "by"}},
		{call("consents", "Withdraw", "consent", consent), []string{"holder.en", "purpose.bn"}},
		{call("consents", "Grant", "holder", "district-hospital", "purpose", "treatment", "until", "2099-01-01"), []string{"id", "holder.bn"}},
		{call("registry", "Put", "register", "tests", "key", "A-1", "field.colour", "blue"), []string{"colour"}},
	} {
		out := s.do(tt.call, citizen)
		if out.Answer.Code != "done" || out.TxID == "" {
			s.Errorf("Submit(%s.%s) = %q, transaction %q, want done", tt.call.Contract, tt.call.Function, out.Answer.Code, out.TxID)
		}
		for _, field := range tt.has {
			if out.Answer.Fields[field] == "" {
				s.Errorf("Submit(%s.%s) has no field %q", tt.call.Contract, tt.call.Function, field)
			}
		}
	}
	if a := s.ask(call("registry", "Get", "register", "tests", "key", "a-1"), citizen); a.Fields["colour"] != "blue" {
		s.Errorf("registry.Get after Put = %q %v, want blue", a.Code, a.Fields)
	}
}

// refusals: what the contract refuses is said at once, and nothing is recorded.
func (s *suite) refusals() {
	for _, tt := range []struct {
		call ledgerclient.Call
		want string
	}{
		{call("benefits", "Acknowledge", "beneficiary", "1999999991"), "missing"},
		{call("produce", "Register", "crop", "paddy", "weight", "9001", "date", "2026-11-30"), "too-heavy"},
		{call("grievances", "Raise", "subject", "land", "text", "plain words"), "invalid"},
		{call("consents", "Withdraw", "consent", "1"), "missing"},
	} {
		e := s.envelope(tt.call, citizen)
		tx, out, err := s.Ledger.Prepare(s.Context(), s.sign(e))
		if err != nil || !out.Found || out.Answer.Code != tt.want || tx.ID != "" {
			s.Errorf("Prepare(%s.%s) = transaction %q, found %v, %q, %v, want the refusal %q",
				tt.call.Contract, tt.call.Function, tx.ID, out.Found, out.Answer.Code, err, tt.want)
		}
		if out, err := s.Ledger.Find(s.Context(), e.Key); err != nil || out.Found {
			s.Errorf("Find() after a refusal = %v, %v, want nothing", out.Found, err)
		}
	}
}

func (s *suite) sameTransaction() {
	tx := s.prepare(s.sign(s.envelope(call("produce", "Register", "crop", "jute", "weight", "500", "date", "2026-11-30"), citizen)))
	first, second := s.submit(tx), s.submit(tx)
	if diff := cmp.Diff(first, second); diff != "" {
		s.Errorf("Submit() of the same transaction (-first +second):\n%s", diff)
	}
}

func (s *suite) sameEnvelope() {
	e := s.sign(s.envelope(call("produce", "Register", "crop", "jute", "weight", "500", "date", "2026-11-30"), citizen))
	one, two := s.prepare(e), s.prepare(e)
	first := s.submit(one)
	second := s.submit(two)
	if diff := cmp.Diff(first, second); diff != "" {
		s.Errorf("Submit() of another transaction of the same envelope (-first +second):\n%s", diff)
	}
	tx, out, err := s.Ledger.Prepare(s.Context(), e)
	if diff := cmp.Diff(first, out); err != nil || tx.ID != "" || diff != "" {
		s.Errorf("Prepare() of an envelope that is recorded = %q, %v (-first +now):\n%s", tx.ID, err, diff)
	}
}

func (s *suite) find() {
	e := s.envelope(call("grievances", "Raise", "subject", "other", "text", hidden), citizen)
	if out, err := s.Ledger.Find(s.Context(), e.Key); err != nil || out.Found {
		s.Errorf("Find() before = %v, %v, want nothing", out.Found, err)
	}
	tx := s.prepare(s.sign(e))
	if out, err := s.Ledger.Find(s.Context(), e.Key); err != nil || out.Found {
		s.Errorf("Find() once prepared = %v, %v, want nothing", out.Found, err)
	}
	recorded := s.submit(tx)
	out, err := s.Ledger.Find(s.Context(), e.Key)
	if diff := cmp.Diff(recorded, out); err != nil || diff != "" {
		s.Errorf("Find() once recorded: %v (-recorded +found):\n%s", err, diff)
	}
}

func (s *suite) undo() {
	e := s.envelope(call("produce", "Register", "crop", "jute", "weight", "500", "date", "2026-11-30"), citizen)
	lot := s.submit(s.prepare(s.sign(e))).Answer.Fields["lot"]
	if a := s.ask(call("produce", "Status", "lot", lot), citizen); a.Code != "found" {
		s.Errorf("produce.Status of the new lot = %q, want found", a.Code)
	}
	if a := s.ask(call("produce", "Status", "lot", lot), "+919830000002"); a.Code != "missing" {
		s.Errorf("produce.Status by another citizen = %q, want missing", a.Code)
	}
	if out := s.do(call("produce", "Undo", "receipt", string(e.Receipt)), citizen); out.Answer.Code != "undone" {
		s.Errorf("produce.Undo = %q, want undone", out.Answer.Code)
	}
	if a := s.ask(call("produce", "Status", "lot", lot), citizen); a.Code != "missing" {
		s.Errorf("produce.Status after Undo = %q, want missing", a.Code)
	}
}

func (s *suite) movesOn() {
	before := s.ask(call("sites", "Check", "site", "wb.example.gov"), citizen).AsOf
	for i := range 3 {
		out := s.do(call("registry", "Put", "register", "tests", "key", fmt.Sprint("K-", i)), citizen)
		recorded := out.Answer.AsOf
		if recorded.Block <= before.Block || recorded.Time.Before(before.Time) {
			s.Errorf("recorded at block %d, %v, want later than block %d, %v", recorded.Block, recorded.Time, before.Block, before.Time)
		}
		now := s.ask(call("registry", "Get", "register", "tests", "key", fmt.Sprint("K-", i)), citizen)
		if now.Code != "found" || now.AsOf.Block < recorded.Block {
			s.Errorf("asked after it was recorded = %q at block %d, want found at block %d or later", now.Code, now.AsOf.Block, recorded.Block)
		}
		before = recorded
	}
}
