package operators_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/gateway/operators"
)

// office is a gateway with two operators and one act.
type office struct {
	t         *testing.T
	config    operators.Config
	book      *operators.Book
	now       time.Time
	asha, ben operators.Key
	did       []string
	fail      error
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), asha: newKey(t, "asha"), ben: newKey(t, "ben")}
	o.config = operators.Config{
		Path: filepath.Join(t.TempDir(), "operators.log"), Two: true, Now: func() time.Time { return o.now },
		Operators: []operators.Operator{public(t, o.asha), public(t, o.ben)},
		Kinds: map[string]operators.Kind{"discard": {
			Check: func(args map[string]string) error {
				if args["item"] == "" {
					return errors.New("which item?")
				}
				return nil
			},
			Do: func(_ context.Context, args map[string]string) (string, error) {
				o.did = append(o.did, args["item"])
				return "item " + args["item"] + " is gone", o.fail
			},
		}},
	}
	o.open()
	return o
}

// open opens the book, again.
func (o *office) open() {
	o.t.Helper()
	if o.book != nil {
		if err := o.book.Close(); err != nil {
			o.t.Fatal(err)
		}
	}
	var err error
	if o.book, err = operators.NewBook(o.config); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = o.book.Close() })
}

func newKey(t *testing.T, name string) operators.Key {
	t.Helper()
	k, err := operators.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := operators.ParseKey(k.File())
	if err != nil || again.Name != name || again.Public() != k.Public() {
		t.Fatalf("ParseKey(File()) = %q, %v, want %q", again.Name, err, name)
	}
	return k
}

func public(t *testing.T, k operators.Key) operators.Operator {
	t.Helper()
	o, err := operators.ParseOperator(k.Name, k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) sign(k operators.Key, s operators.Statement) operators.Signed {
	o.t.Helper()
	if s.Gateway == "" {
		s.Gateway = o.book.Acts().Gateway
	}
	if s.Time.IsZero() {
		s.Time = o.now
	}
	signed, err := k.Sign(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return signed
}

func (o *office) take(k operators.Key, s operators.Statement) (operators.Act, error) {
	o.t.Helper()
	return o.book.Take(o.t.Context(), o.sign(k, s))
}

// propose proposes to discard an item.
func (o *office) propose(item string) operators.Act {
	o.t.Helper()
	a, err := o.take(o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: map[string]string{"item": item}})
	if err != nil || a.State != operators.Waiting || a.By != "asha" {
		o.t.Fatalf("propose = %+v, %v, want it to wait", a, err)
	}
	return a
}

func (o *office) confirm(k operators.Key, digest string) (operators.Act, error) {
	o.t.Helper()
	return o.take(k, operators.Statement{Verb: operators.Confirm, Act: digest})
}

func TestBook_TwoPersons(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.propose("7")
	if _, err := o.confirm(o.asha, a.Digest); !errors.Is(err, operators.ErrSame) || len(o.did) > 0 {
		t.Errorf("confirmed by who proposed it: %v, did %v, want ErrSame and nothing done", err, o.did)
	}
	o.open() // it waits over a restart
	b, err := o.confirm(o.ben, a.Digest)
	if err != nil || b.State != operators.Done || b.SettledBy != "ben" || b.Result != "item 7 is gone" {
		t.Errorf("confirmed by another = %+v, %v, want it done", b, err)
	}
	for range 2 { // a lost answer is asked for again
		if b, err = o.confirm(o.ben, a.Digest); err != nil || b.State != operators.Done {
			t.Errorf("confirmed again = %+v, %v, want the same", b, err)
		}
		o.open()
	}
	if len(o.did) != 1 {
		t.Errorf("done %d times, want once", len(o.did))
	}
	o.fail = errors.New("no such item")
	a = o.propose("8")
	if b, err = o.confirm(o.ben, a.Digest); err != nil || b.State != operators.Failed || b.Result != "no such item" {
		t.Errorf("an act that fails = %+v, %v, want failed with its reason", b, err)
	}
	lines, err := operators.ReadLog(o.config.Path, o.config.Operators)
	if err != nil || len(lines) != 7 || lines[1].Operator != "asha" || lines[2].Operator != "ben" {
		t.Errorf("ReadLog() = %d lines, %v, want 7, with who proposed and who confirmed", len(lines), err)
	}
}

func TestBook_Refuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	stranger := newKey(t, "asha") // the name alone is nothing
	args := map[string]string{"item": "7"}
	for _, tt := range []struct {
		name string
		by   operators.Key
		s    operators.Statement
		want error
	}{
		{"a stranger", stranger, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: args}, operators.ErrStranger},
		{"an old statement", o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: args, Time: o.now.Add(-operators.Fresh - 1)}, operators.ErrStale},
		{"one of tomorrow", o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: args, Time: o.now.Add(operators.Fresh + 1)}, operators.ErrStale},
		{"for another gateway", o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: args, Gateway: "other"}, operators.ErrElsewhere},
		{"no such act", o.asha, operators.Statement{Verb: operators.Propose, Kind: "format", Args: args}, operators.ErrKind},
		{"without its argument", o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard"}, operators.ErrKind},
		{"no such verb", o.asha, operators.Statement{Verb: "force", Kind: "discard", Args: args}, operators.ErrKind},
		{"nothing proposed", o.ben, operators.Statement{Verb: operators.Confirm, Act: "00"}, operators.ErrNoAct},
		{"nothing to withdraw", o.ben, operators.Statement{Verb: operators.Withdraw, Act: "00"}, operators.ErrNoAct},
	} {
		if _, err := o.take(tt.by, tt.s); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	good := o.sign(o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: args})
	bad := good
	bad.Statement = bytes.Replace(good.Statement, []byte(`"7"`), []byte(`"8"`), 1)
	if _, err := o.book.Take(t.Context(), bad); !errors.Is(err, operators.ErrStranger) {
		t.Errorf("a changed statement: %v, want ErrStranger", err)
	}
	if _, err := o.book.Direct(t.Context(), "discard", args); !errors.Is(err, operators.ErrTwo) {
		t.Errorf("Direct(): %v, want ErrTwo", err)
	}
	if len(o.did) > 0 {
		t.Errorf("did %v, want nothing", o.did)
	}
	list := o.sign(o.ben, operators.Statement{Verb: operators.List})
	if err := o.book.Allow(list); err != nil {
		t.Errorf("Allow(list) = %v, want nil", err)
	}
	if err := o.book.Allow(good); !errors.Is(err, operators.ErrStranger) {
		t.Errorf("Allow(propose) = %v, want ErrStranger", err)
	}
}

func TestBook_WithdrawAndExpire(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.propose("7")
	for range 2 {
		if b, err := o.take(o.ben, operators.Statement{Verb: operators.Withdraw, Act: a.Digest}); err != nil || b.State != operators.Withdrawn {
			t.Errorf("withdraw = %+v, %v", b, err)
		}
		o.open()
	}
	if _, err := o.confirm(o.ben, a.Digest); !errors.Is(err, operators.ErrSettled) {
		t.Errorf("confirm of what is withdrawn: %v, want ErrSettled", err)
	}
	a = o.propose("8")
	o.now = o.now.Add(operators.OpenFor + time.Second)
	if _, err := o.confirm(o.ben, a.Digest); !errors.Is(err, operators.ErrSettled) {
		t.Errorf("confirm of what is too old: %v, want ErrSettled", err)
	}
	if acts := o.book.Acts().Acts; len(acts) != 2 || acts[1].State != operators.Expired || len(o.did) > 0 {
		t.Errorf("Acts() = %+v, did %v, want one withdrawn, one expired, nothing done", acts, o.did)
	}
	for i := range 64 {
		o.now = o.now.Add(time.Second)
		o.propose(strings.Repeat("9", i+1))
	}
	_, err := o.take(o.asha, operators.Statement{Verb: operators.Propose, Kind: "discard", Args: map[string]string{"item": "7"}})
	if !errors.Is(err, operators.ErrMany) {
		t.Errorf("the 65th act that waits: %v, want ErrMany", err)
	}
}

// A gateway that ends while it does something does not know whether it did.
func TestBook_Interrupted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.propose("7")
	if _, err := o.confirm(o.ben, a.Digest); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(o.config.Path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	torn := bytes.Join(lines[:3], nil) // up to the confirmation
	torn = append(torn, lines[3][:len(lines[3])/2]...)
	if err := os.WriteFile(o.config.Path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	o.open()
	if acts := o.book.Acts().Acts; len(acts) != 1 || acts[0].State != operators.Interrupted {
		t.Errorf("Acts() = %+v, want it interrupted", acts)
	}
	if b, err := o.confirm(o.ben, a.Digest); err != nil || b.State != operators.Interrupted || len(o.did) != 1 {
		t.Errorf("confirmed again = %+v, %v, done %d times, want it not done again", b, err, len(o.did))
	}
	o.propose("8")
	if _, err := operators.ReadLog(o.config.Path, o.config.Operators); err != nil {
		t.Errorf("ReadLog() after a torn line = %v, want nil", err)
	}
}

func TestBook_ChangedLog(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if _, err := o.confirm(o.ben, o.propose("7").Digest); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(o.config.Path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	for name, bad := range map[string][]byte{
		"another name":   bytes.Replace(good, []byte(`"operator":"ben"`), []byte(`"operator":"dev"`), 1),
		"a missing line": bytes.Join([][]byte{lines[0], lines[1], lines[3]}, nil),
		"no beginning":   bytes.Join(lines[1:], nil),
		"nonsense":       append([]byte("{\n"), good...),
	} {
		if err := os.WriteFile(o.config.Path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := operators.ReadLog(o.config.Path, o.config.Operators); !errors.Is(err, operators.ErrLog) {
			t.Errorf("ReadLog() of a log with %s = %v, want ErrLog", name, err)
		}
		o.open()
		if _, err := o.book.Take(t.Context(), operators.Signed{}); !errors.Is(err, operators.ErrLog) || !errors.Is(o.book.Fault(), operators.ErrLog) {
			t.Errorf("Take() over a log with %s = %v, want ErrLog", name, err)
		}
		if _, err := o.book.Direct(t.Context(), "discard", nil); !errors.Is(err, operators.ErrLog) {
			t.Errorf("Direct() over a log with %s = %v, want ErrLog", name, err)
		}
	}
	// Whoever writes the log anew, chain and all, lacks the operators' keys.
	var l operators.Line
	if err := json.Unmarshal(lines[1], &l); err != nil {
		t.Fatal(err)
	}
	l.Sig[0] ^= 1
	forged, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.config.Path, append(append(bytes.Clone(lines[0]), forged...), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := operators.ReadLog(o.config.Path, o.config.Operators); !errors.Is(err, operators.ErrStranger) {
		t.Errorf("ReadLog() of a forged log = %v, want ErrStranger", err)
	}
}

// Where no operators are named, as in a sandbox, it is done at once, and noted.
func TestBook_Direct(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.config.Operators, o.config.Two = nil, false
	o.open()
	if got, err := o.book.Direct(t.Context(), "discard", map[string]string{"item": "7"}); err != nil || got != "item 7 is gone" {
		t.Errorf("Direct() = %q, %v", got, err)
	}
	if _, err := o.book.Direct(t.Context(), "discard", nil); !errors.Is(err, operators.ErrKind) {
		t.Errorf("Direct() without its argument = %v, want ErrKind", err)
	}
	o.fail = errors.New("no such item")
	if _, err := o.book.Direct(t.Context(), "discard", map[string]string{"item": "8"}); !errors.Is(err, o.fail) {
		t.Errorf("Direct() = %v, want %v", err, o.fail)
	}
	if lines, err := operators.ReadLog(o.config.Path, nil); err != nil || len(lines) != 3 || lines[2].Result != "failed: no such item" {
		t.Errorf("ReadLog() = %+v, %v, want both acts", lines, err)
	}
}

func TestNewBook_SamePerson(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	twice := public(t, o.asha)
	twice.Name = "ben"
	for name, all := range map[string][]operators.Operator{
		"one key for two": {public(t, o.asha), twice}, "one name for two": {public(t, o.asha), public(t, newKey(t, "asha"))},
	} {
		c := o.config
		c.Operators, c.Path = all, filepath.Join(t.TempDir(), "log")
		if _, err := operators.NewBook(c); !errors.Is(err, operators.ErrKey) {
			t.Errorf("NewBook with %s: %v, want ErrKey", name, err)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	k := newKey(t, "asha")
	for _, file := range []string{"", "setu-operator-1 asha", "setu-operator-2 asha " + k.Public(), "setu-operator-1 ASHA " + k.Public(), "setu-operator-1 asha AAAA"} {
		if _, err := operators.ParseKey([]byte(file)); !errors.Is(err, operators.ErrKey) {
			t.Errorf("ParseKey(%q) = %v, want ErrKey", file, err)
		}
	}
	for name, key := range map[string]string{"asha": "AAAA", "A b": k.Public(), "": k.Public()} {
		if _, err := operators.ParseOperator(name, key); !errors.Is(err, operators.ErrKey) {
			t.Errorf("ParseOperator(%q, %q) = %v, want ErrKey", name, key, err)
		}
	}
	if _, err := operators.NewKey("../asha"); !errors.Is(err, operators.ErrKey) {
		t.Errorf("NewKey(../asha) = %v, want ErrKey", err)
	}
}

// Whatever comes in, either it is just what an operator signed, or it is a
// stranger's.
func FuzzSigned(f *testing.F) {
	k, err := operators.NewKey("asha")
	if err != nil {
		f.Fatal(err)
	}
	o, err := operators.ParseOperator("asha", k.Public())
	if err != nil {
		f.Fatal(err)
	}
	good, err := k.Sign(operators.Statement{Verb: operators.Propose, Kind: "discard", Gateway: "g", Time: time.Unix(0, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Statement, good.Sig)
	f.Add([]byte(`{"operator":"asha"}`), good.Sig)
	f.Add([]byte(`{}`), []byte{})
	f.Fuzz(func(t *testing.T, statement, sig []byte) {
		_, err := operators.Signed{Statement: statement, Sig: sig}.Open([]operators.Operator{o})
		same := bytes.Equal(statement, good.Statement) && bytes.Equal(sig, good.Sig)
		if (err == nil) != same || err != nil && !errors.Is(err, operators.ErrStranger) {
			t.Errorf("Open(%q) = %v, want ErrStranger unless it is what was signed", statement, err)
		}
	})
}
