package contracts_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/i18n"
	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
)

var hidden = ledgerclient.Hide("the words", "salt")

func TestQuery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		contract, function string
		args               map[string]string
		want               string // the code
		fields             map[string]string
	}{
		{"benefit", "benefits", "Status", args("beneficiary", "1000000001"), "found", args(
			"amount", "1000", "month", "2026-11-01", "next", "2026-12-10", "paid", "2026-11-10", "scheme.bn", "ভাতা", "status", "paid")},
		{"benefit of mine", "benefits", "Status", args("beneficiary", "1000000028"), "found", nil},
		{"benefit of another", "benefits", "Status", args("beneficiary", "1000000036"), "missing", args()},
		{"benefit of nobody", "benefits", "Status", args("beneficiary", "1000000044"), "missing", args()},
		{"benefit with a slip", "benefits", "Status", args("beneficiary", "1000000002"), "invalid", args("field", "beneficiary")},
		{"benefit without number", "benefits", "Status", nil, "invalid", args("field", "beneficiary")},

		{"price in the state", "produce", "Price", args("crop", "paddy"), "found", args("crop", "paddy", "date", "2026-11-22", "market.bn", "গড়", "price", "2300")},
		{"price in a district", "produce", "Price", args("crop", "paddy", "district", "nadia"), "found", args("crop", "paddy", "date", "2026-11-22", "market.bn", "চাকদহ", "price", "2310")},
		{"price nowhere", "produce", "Price", args("crop", "paddy", "district", "paris"), "missing", args()},
		{"price of nothing", "produce", "Price", args("crop", ""), "invalid", args("field", "crop")},
		{"price in a key", "produce", "Price", args("crop", "paddy", "district", "a~b"), "invalid", args("field", "district")},

		{"lot", "produce", "Status", args("lot", "50000004"), "found", args(
			"lot", "50000004", "crop", "paddy", "weight", "4000", "status", "paid", "amount", "92000", "date", "2026-11-10", "centre.bn", "মান্ডি")},
		{"lot of another", "produce", "Status", args("lot", "50000012"), "missing", args()},
		{"lot with a slip", "produce", "Status", args("lot", "50000005"), "invalid", args("field", "lot")},

		{"case", "land", "Mutation", args("case", "2000000002"), "found", args("case", "2000000002", "status", "hearing", "date", "2026-10-01", "office.bn", "ভূমি দপ্তর")},
		{"case missing", "land", "Mutation", args("case", "2000000010"), "missing", args()},
		{"case with a slip", "land", "Mutation", args("case", "2000000003"), "invalid", args("field", "case")},

		{"plot", "land", "Plot", args("mouza", "101", "khatian", "12", "plot", "34"), "found", args(
			"khatian", "12", "plot", "34", "mouza.bn", "রামপুর", "area", "12.5", "class.bn", "শালি", "owner.bn", "রবি দাস")},
		{"plot with zeros", "land", "Plot", args("mouza", "101", "khatian", "00012", "plot", "034"), "found", nil},
		{"plot missing", "land", "Plot", args("mouza", "1", "khatian", "12", "plot", "34"), "missing", args()},
		{"plot without khatian", "land", "Plot", args("mouza", "101", "plot", "34"), "invalid", args("field", "khatian")},
		{"plot with letters", "land", "Plot", args("mouza", "101", "khatian", "12", "plot", "3a"), "invalid", args("field", "plot")},
		{"mouza too long", "land", "Plot", args("mouza", "1010", "khatian", "12", "plot", "34"), "invalid", args("field", "mouza")},

		{"document", "documents", "Verify", args("number", "wb10000001"), "valid", args(
			"kind.bn", "জন্ম শংসাপত্র", "issued", "2020-01-31", "office.bn", "ব্লক অফিস", "name.bn", "র*** দাস")},
		{"document revoked", "documents", "Verify", args("number", "WB10000002"), "revoked", args("date", "2026-01-01", "kind.bn", "জন্ম শংসাপত্র", "office.bn", "ব্লক অফিস")},
		{"document missing", "documents", "Verify", args("number", "WB10000003"), "missing", args()},
		{"document of no form", "documents", "Verify", args("number", "1234567890"), "invalid", args("field", "number")},

		{"hash", "documents", "VerifyHash", args("sha256", "AAAAAAAAAAAA"), "valid", args("number", "WB10000001", "kind.bn", "জন্ম শংসাপত্র", "issued", "2020-01-31", "office.bn", "ব্লক অফিস")},
		{"whole hash", "documents", "VerifyHash", args("sha256", "aaaaaaaaaaaaaaaa"+zeros48), "valid", nil},
		{"hash of a revoked one", "documents", "VerifyHash", args("sha256", "bbbbbbbbbbbb"), "revoked", nil},
		{"hash of two", "documents", "VerifyHash", args("sha256", "cccccccccccc"), "many", args()},
		{"hash of one of two", "documents", "VerifyHash", args("sha256", "cccccccccccc0"), "valid", nil},
		{"hash missing", "documents", "VerifyHash", args("sha256", "dddddddddddd"), "missing", args()},
		{"hash too short", "documents", "VerifyHash", args("sha256", "aaaaaaaaaaa"), "invalid", args("field", "sha256")},
		{"hash too long", "documents", "VerifyHash", args("sha256", strings.Repeat("a", 65)), "invalid", args("field", "sha256")},
		{"hash of other letters", "documents", "VerifyHash", args("sha256", "zzzzzzzzzzzz"), "invalid", args("field", "sha256")},

		{"marks", "academic", "Verify", args("number", "3000000003"), "consented", args(
			"name.bn", "রবি দাস", "exam.bn", "মাধ্যমিক", "year", "2020", "result", "first", "board.bn", "পর্ষদ")},
		{"marks without consent", "academic", "Verify", args("number", "3000000011"), "closed", args("exam.bn", "মাধ্যমিক", "year", "2020", "board.bn", "পর্ষদ")},
		{"marks missing", "academic", "Verify", args("number", "300000002X"), "invalid", args("field", "number")},
		{"marks of nobody", "academic", "Verify", args("number", "1000000001"), "missing", args()},

		{"health", "health", "Balance", args("card", "4000000004"), "found", args("balance", "450000", "valid", "2027-03-31", "members", "4", "family.bn", "রবি দাস")},
		{"health of another", "health", "Balance", args("card", "4000000012"), "missing", args()},
		{"health with a slip", "health", "Balance", args("card", "4000000005"), "invalid", args("field", "card")},

		{"site", "sites", "Check", args("site", "WB.example.GOV."), "anchored", args("site", "wb.example.gov", "time", "2026-11-21T04:00:00Z", "changed", "no", "pages", "120")},
		{"site missing", "sites", "Check", args("site", "example.gov"), "missing", args()},
		{"site of no form", "sites", "Check", args("site", "not a site"), "invalid", args("field", "site")},
		{"site of one label", "sites", "Check", args("site", "localhost"), "invalid", args("field", "site")},
		{"site with an empty label", "sites", "Check", args("site", "a..b"), "invalid", args("field", "site")},
		{"site with a dash at an end", "sites", "Check", args("site", "-a.b"), "invalid", args("field", "site")},

		{"complaint", "grievances", "Follow", args("number", "60000007"), "found", args("number", "60000007", "subject", "land", "status", "assigned", "office.bn", "ভূমি দপ্তর", "date", "2026-11-20")},
		{"complaint of another", "grievances", "Follow", args("number", "60000015"), "missing", args()},
		{"complaint with a slip", "grievances", "Follow", args("number", "60000008"), "invalid", args("field", "number")},

		{"registry", "registry", "Get", args("register", "library", "key", "card-1"), "found", args("name.bn", "রবি দাস", "until", "2027-01-01")},
		{"registry missing", "registry", "Get", args("register", "library", "key", "CARD-2"), "missing", args()},
		{"registry without register", "registry", "Get", args("key", "CARD-2"), "invalid", args("field", "register")},
		{"registry in a key", "registry", "Get", args("register", "library", "key", "a~b"), "invalid", args("field", "key")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newState()
			got, err := contracts.Query(s, request(tt.contract, tt.function, tt.args))
			if err != nil || got.Code != tt.want {
				t.Fatalf("Query(%s.%s %v) = %q, %v, want %q", tt.contract, tt.function, tt.args, got.Code, err, tt.want)
			}
			if diff := cmp.Diff(tt.fields, got.Fields); tt.fields != nil && diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if s.puts > 0 {
				t.Errorf("the query wrote %d records", s.puts)
			}
		})
	}
}

func TestQuery_Consents(t *testing.T) {
	t.Parallel()
	r := request("consents", "List", nil)
	got, err := contracts.Query(newState(), r)
	want := []map[string]string{args("id", "70000007", "holder.bn", "জেলা হাসপাতাল", "purpose.bn", "চিকিৎসা", "since", "2026-01-01", "until", "2026-11-22")}
	if diff := cmp.Diff(want, got.Items); got.Code != "found" || err != nil || diff != "" {
		t.Errorf("Query(consents.List) = %q, %v (-want +got):\n%s", got.Code, err, diff)
	}
	r.Time = time.Date(2026, 11, 22, 18, 29, 59, 0, time.UTC) // a second before midnight in India
	if got, _ = contracts.Query(newState(), r); got.Code != "found" {
		t.Errorf("Query(consents.List) on the last day = %q, want found", got.Code)
	}
	r.Time = r.Time.Add(time.Second)
	if got, _ = contracts.Query(newState(), r); got.Code != "none" {
		t.Errorf("Query(consents.List) the day after = %q, want none", got.Code)
	}
	r.Caller.Pseudonym = ""
	if got, _ = contracts.Query(newState(), r); got.Code != "none" {
		t.Errorf("Query(consents.List) by nobody = %q, want none", got.Code)
	}
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		contract, function string
		args               map[string]string
		want               string
		fields             map[string]string // those that must be there
	}{
		{"acknowledge", "benefits", "Acknowledge", args("beneficiary", "1000000001"), "done", args("amount", "1000", "paid", "2026-11-10", "scheme.bn", "ভাতা")},
		{"acknowledge before it is paid", "benefits", "Acknowledge", args("beneficiary", "1000000028"), "unpaid", nil},
		{"acknowledge for another", "benefits", "Acknowledge", args("beneficiary", "1000000036"), "missing", nil},
		{"acknowledge with a slip", "benefits", "Acknowledge", args("beneficiary", "1"), "invalid", args("field", "beneficiary")},

		{"register", "produce", "Register", args("crop", "paddy", "weight", "1250.5", "date", "2026-11-25"), "done", args("crop", "paddy", "weight", "1250.5", "date", "2026-11-25")},
		{"register the most", "produce", "Register", args("crop", "jute", "weight", "9000", "date", "2026-11-25"), "done", nil},
		{"register too much", "produce", "Register", args("crop", "jute", "weight", "9000.001", "date", "2026-11-25"), "too-heavy", args("most", "9000")},
		{"register nothing", "produce", "Register", args("crop", "jute", "weight", "0", "date", "2026-11-25"), "invalid", args("field", "weight")},
		{"register less", "produce", "Register", args("crop", "jute", "weight", "-5", "date", "2026-11-25"), "invalid", args("field", "weight")},
		{"register too finely", "produce", "Register", args("crop", "jute", "weight", "5.1234", "date", "2026-11-25"), "invalid", args("field", "weight")},
		{"register opium", "produce", "Register", args("crop", "opium", "weight", "5", "date", "2026-11-25"), "invalid", args("field", "crop")},
		{"register on no day", "produce", "Register", args("crop", "jute", "weight", "5", "date", "2026-11-31"), "invalid", args("field", "date")},

		{"complain", "grievances", "Raise", args("subject", "land", "text", hidden), "done", args("by", "2026-12-07", "office.bn", "ভূমি দপ্তর")},
		{"complain in plain words", "grievances", "Raise", args("subject", "land", "text", "the words"), "invalid", args("field", "text")},
		{"complain about the weather", "grievances", "Raise", args("subject", "weather", "text", hidden), "invalid", args("field", "subject")},

		{"withdraw", "consents", "Withdraw", args("consent", "70000007"), "done", args("holder.bn", "জেলা হাসপাতাল", "purpose.bn", "চিকিৎসা")},
		{"withdraw again", "consents", "Withdraw", args("consent", "70000023"), "already", args("date", "2026-02-02")},
		{"withdraw another's", "consents", "Withdraw", args("consent", "70000031"), "missing", nil},
		{"withdraw nothing", "consents", "Withdraw", nil, "invalid", args("field", "consent")},

		{"grant", "consents", "Grant", args("holder", "district-hospital", "purpose", "treatment", "until", "2027-01-01"), "done", args("holder.bn", "জেলা হাসপাতাল", "until", "2027-01-01", "since", "2026-11-22")},
		{"grant to nobody", "consents", "Grant", args("holder", "nobody", "purpose", "treatment", "until", "2027-01-01"), "missing", nil},
		{"grant until yesterday", "consents", "Grant", args("holder", "district-hospital", "purpose", "treatment", "until", "2026-11-21"), "invalid", args("field", "until")},

		{"put", "registry", "Put", args("register", "library", "key", "card-2", "field.until", "2028-01-01"), "done", args("until", "2028-01-01")},
		{"put again", "registry", "Put", args("register", "library", "key", "Card-1"), "exists", nil},
		{"put a field without name", "registry", "Put", args("register", "library", "key", "card-2", "field.", "x"), "invalid", args("field", "field.")},

		{"undo nothing", "benefits", "Undo", args("receipt", "000000000000"), "missing", nil},
		{"undo a slip", "benefits", "Undo", args("receipt", "000000000001"), "invalid", args("field", "receipt")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newState()
			got, wrote := invoke(t, s, request(tt.contract, tt.function, tt.args), receipts(t, 1)[0])
			if got.Code != tt.want {
				t.Fatalf("Invoke(%s.%s %v) = %q %v, want %q", tt.contract, tt.function, tt.args, got.Code, got.Fields, tt.want)
			}
			for name, want := range tt.fields {
				if got.Fields[name] != want {
					t.Errorf("field %q = %q, want %q", name, got.Fields[name], want)
				}
			}
			if wantWrite := got.Code == "done"; wrote != wantWrite || (s.puts > 0) != wantWrite {
				t.Errorf("wrote = %v, %d puts, want %v", wrote, s.puts, wantWrite)
			}
		})
	}
}

// Numbers that a transaction gives out are new, have their check digit, and are
// found by the one who got them and nobody else.
func TestInvoke_Numbers(t *testing.T) {
	t.Parallel()
	s := newState()
	seen := map[string]bool{}
	for i, r := range receipts(t, 300) {
		a, _ := invoke(t, s, request("produce", "Register", args("crop", "paddy", "weight", "100", "date", "2026-11-25")), r)
		lot := a.Fields["lot"]
		if len(lot) != 8 || lot[0] != '5' || !i18n.CheckDigit("mod11", lot) || seen[lot] || a.Fields["centre.bn"] == "" {
			t.Fatalf("lot %d = %q at %q, want a new number with a check digit, and a centre", i, lot, a.Fields["centre.bn"])
		}
		seen[lot] = true
		status := request("produce", "Status", args("lot", lot))
		if got, err := contracts.Query(s, status); got.Code != "found" || got.Fields["status"] != "registered" || err != nil {
			t.Fatalf("produce.Status of the new lot = %q, %v, want found", got.Code, err)
		}
		status.Caller.Pseudonym = amina
		if got, err := contracts.Query(s, status); got.Code != "missing" || err != nil {
			t.Fatalf("produce.Status by another = %q, %v, want missing", got.Code, err)
		}
	}
}

func TestInvoke_Idempotent(t *testing.T) {
	t.Parallel()
	s, r := newState(), request("grievances", "Raise", args("subject", "land", "text", hidden))
	r.Receipt, r.Key = ledgerclient.NewReceipt(), "one"
	first, wrote, err := contracts.Invoke(s, r)
	if !wrote || err != nil {
		t.Fatalf("Invoke: wrote %v, %v", wrote, err)
	}
	before := maps.Clone(s.records)
	// The same key: whatever else is said now, the first answer counts.
	r.Call.Args["subject"] = "health"
	r.Receipt, r.Time = ledgerclient.NewReceipt(), r.Time.Add(time.Hour)
	again, wrote, err := contracts.Invoke(s, r)
	if diff := cmp.Diff(first, again); wrote || err != nil || diff != "" {
		t.Errorf("Invoke with the same key: wrote %v, %v (-first +again):\n%s", wrote, err, diff)
	}
	if diff := cmp.Diff(before, s.records); diff != "" {
		t.Errorf("the same key changed the ledger:\n%s", diff)
	}
	if a, found, err := contracts.First(s, "one"); !found || a.Code != "done" || err != nil {
		t.Errorf("First(one) = %q, %v, %v, want done", a.Code, found, err)
	}
	if _, found, err := contracts.First(s, "two"); found || err != nil {
		t.Errorf("First(two) = %v, %v, want nothing", found, err)
	}
}

func TestInvoke_Twice(t *testing.T) {
	t.Parallel()
	s, rs := newState(), receipts(t, 3)
	r := request("benefits", "Acknowledge", args("beneficiary", "1000000001"))
	invoke(t, s, r, rs[0])
	if a, wrote := invoke(t, s, r, rs[1]); a.Code != "already" || a.Fields["receipt"] != string(rs[0]) || wrote {
		t.Errorf("second Acknowledge = %q %v, wrote %v, want already with the first receipt", a.Code, a.Fields, wrote)
	}
	r.Caller.Pseudonym = amina
	if a, _ := invoke(t, s, r, rs[2]); a.Code != "done" {
		t.Errorf("Acknowledge of an open card by another = %q, want done", a.Code)
	}
}

func TestInvoke_Denied(t *testing.T) {
	t.Parallel()
	r := request("consents", "Withdraw", args("consent", "70000007"))
	r.Caller.Assurance = ledgerclient.Open
	if a, wrote := invoke(t, newState(), r, receipts(t, 1)[0]); a.Code != "denied" || wrote {
		t.Errorf("Withdraw by anyone = %q, %v, want denied", a.Code, wrote)
	}
	r = request("produce", "Register", args("crop", "paddy", "weight", "100", "date", "2026-11-25"))
	r.Caller.Pseudonym = ""
	if a, wrote := invoke(t, newState(), r, receipts(t, 1)[0]); a.Code != "denied" || wrote {
		t.Errorf("Register by nobody = %q, %v, want denied", a.Code, wrote)
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	undoable := map[string]contracts.Request{
		"benefits":   request("benefits", "Acknowledge", args("beneficiary", "1000000001")),
		"produce":    request("produce", "Register", args("crop", "paddy", "weight", "100", "date", "2026-11-25")),
		"grievances": request("grievances", "Raise", args("subject", "land", "text", hidden)),
		"consents":   request("consents", "Withdraw", args("consent", "70000007")),
		"registry":   request("registry", "Put", args("register", "library", "key", "card-2", "field.until", "2028-01-01")),
	}
	for contract, do := range undoable {
		t.Run(contract, func(t *testing.T) {
			t.Parallel()
			s, rs := newState(), receipts(t, 7)
			before := maps.Clone(s.records)
			invoke(t, s, do, rs[0])
			undo := request(contract, "Undo", args("receipt", string(rs[0])))
			undo.Time = noon.Add(24 * time.Hour)

			other := undo
			other.Caller.Pseudonym = amina
			wantUndo(t, s, other, rs[1], "missing")
			late := undo
			late.Time = undo.Time.Add(time.Millisecond)
			wantUndo(t, s, late, rs[2], "late")
			elsewhere := request("benefits", "Undo", undo.Call.Args)
			if contract == "benefits" {
				elsewhere = request("produce", "Undo", undo.Call.Args)
			}
			wantUndo(t, s, elsewhere, rs[3], "missing")

			wantUndo(t, s, undo, rs[4], "undone")
			for key := range s.records {
				if strings.HasPrefix(key, contracts.IdempotencyPrefix) {
					delete(s.records, key) // kept for ever, and no effect
				}
			}
			if diff := cmp.Diff(before, s.records); diff != "" {
				t.Errorf("after Undo (-before +after):\n%s", diff)
			}
			wantUndo(t, s, undo, rs[5], "missing")
			if a, _ := invoke(t, s, do, rs[6]); a.Code != "done" {
				t.Errorf("%s.%s after Undo = %q, want done", contract, do.Call.Function, a.Code)
			}
		})
	}
}

func wantUndo(t *testing.T, s *state, r contracts.Request, receipt ledgerclient.Receipt, want string) {
	t.Helper()
	a, wrote := invoke(t, s, r, receipt)
	if a.Code != want || wrote != (want == "undone") {
		t.Errorf("Undo = %q, wrote %v, want %q", a.Code, wrote, want)
	}
}

// What somebody has built on is not taken back.
func TestUndo_BuiltOn(t *testing.T) {
	t.Parallel()
	s, rs := newState(), receipts(t, 2)
	a, _ := invoke(t, s, request("produce", "Register", args("crop", "paddy", "weight", "100", "date", "2026-11-25")), rs[0])
	key := "lot~" + a.Fields["lot"]
	s.records[key] = strings.Replace(s.records[key], "registered", "graded", 1)
	wantUndo(t, s, request("produce", "Undo", args("receipt", string(rs[0]))), rs[1], "late")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	known := request("benefits", "Status", args("beneficiary", "1000000001"))
	tx := request("benefits", "Acknowledge", args("beneficiary", "1000000001"))
	tx.Key, tx.Receipt = "k", ledgerclient.NewReceipt()
	if _, err := contracts.Query(newState(), request("benefits", "Steal", nil)); !errors.Is(err, contracts.ErrFunction) {
		t.Errorf("Query(unknown) = %v, want ErrFunction", err)
	}
	if _, _, err := contracts.Invoke(newState(), request("nothing", "Undo", nil)); !errors.Is(err, contracts.ErrFunction) {
		t.Errorf("Invoke(unknown) = %v, want ErrFunction", err)
	}
	if _, err := contracts.Query(newState(), tx); !errors.Is(err, contracts.ErrKind) {
		t.Errorf("Query(a transaction) = %v, want ErrKind", err)
	}
	if _, _, err := contracts.Invoke(newState(), known); !errors.Is(err, contracts.ErrKind) {
		t.Errorf("Invoke(a query) = %v, want ErrKind", err)
	}
	half := tx
	half.Receipt = ""
	if _, _, err := contracts.Invoke(newState(), half); !errors.Is(err, contracts.ErrRequest) {
		t.Errorf("Invoke without receipt = %v, want ErrRequest", err)
	}
	broken := newState()
	broken.fail = errBroken
	if _, err := contracts.Query(broken, known); !errors.Is(err, errBroken) {
		t.Errorf("Query on a broken state = %v, want its error", err)
	}
	if _, _, err := contracts.Invoke(broken, tx); !errors.Is(err, errBroken) {
		t.Errorf("Invoke on a broken state = %v, want its error", err)
	}
	torn := newState()
	torn.records["benefit~1000000001"] = `{"amount":1000}`
	_, err := contracts.Query(torn, known)
	if !errors.Is(err, contracts.ErrRecord) || strings.Contains(err.Error(), "1000000001") {
		t.Errorf("Query of a record that is not ours = %v, want ErrRecord without its key", err)
	}
}
