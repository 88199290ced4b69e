package contracts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
)

// logOf is the name of a gateway's log, rootOf a root that its tree may have had.
const logOf = "setu/abcdefgh"

func rootOf(n int) string { return fmt.Sprintf("%064x", n) }

// anchorOf is the request that brings a checkpoint.
func anchorOf(origin, size, root string) contracts.Request {
	r := request("audit", "Anchor", args("origin", origin, "size", size, "root", root))
	r.Caller.Assurance = ledgerclient.Open
	return r
}

// onLedger asks for the checkpoint of a size, "" the latest.
func onLedger(t *testing.T, s *state, origin, size string) ledgerclient.Answer {
	t.Helper()
	ask := args("origin", origin)
	if size != "" {
		ask["size"] = size
	}
	a, err := contracts.Query(s, request("audit", "Checkpoint", ask))
	if err != nil {
		t.Fatalf("audit.Checkpoint(%q, %q): %v", origin, size, err)
	}
	return a
}

// TestAnchor grows a log over several anchors: each stays as it was brought.
func TestAnchor(t *testing.T) {
	t.Parallel()
	s, rs := newState(), receipts(t, 3)
	for i, size := range []string{"3", "4", "1000000000000"} {
		if a, wrote := invoke(t, s, anchorOf(logOf, size, rootOf(i)), rs[i]); a.Code != "done" || a.Fields["size"] != size || !wrote {
			t.Fatalf("anchor of %s leaves = %q %v, wrote %v, want done", size, a.Code, a.Fields, wrote)
		}
	}
	for i, size := range []string{"3", "4", "1000000000000", ""} {
		at := min(i, 2)
		want := args("origin", logOf, "receipt", string(rs[at]), "root", rootOf(at), "size", []string{"3", "4", "1000000000000"}[at], "time", noon.UTC().Format(ledgerclient.TimeLayout))
		if a := onLedger(t, s, logOf, size); a.Code != "found" || cmp.Diff(want, a.Fields) != "" {
			t.Errorf("Checkpoint of size %q = %q (-want +got):\n%s", size, a.Code, cmp.Diff(want, a.Fields))
		}
	}
	for _, size := range []string{"5", "999999999999999999"} {
		if a := onLedger(t, s, logOf, size); a.Code != "missing" {
			t.Errorf("Checkpoint of size %q = %q, want missing", size, a.Code)
		}
	}
	if a := onLedger(t, s, "setu/other", ""); a.Code != "missing" {
		t.Errorf("Checkpoint of another log = %q, want missing", a.Code)
	}
}

// TestAnchor_Refused: what would hide the past is not taken, and changes nothing.
func TestAnchor_Refused(t *testing.T) {
	t.Parallel()
	another := anchorOf(logOf, "9", rootOf(9))
	another.Caller.Pseudonym = amina
	nobody := anchorOf("setu/new", "1", rootOf(1))
	nobody.Caller.Pseudonym = ""
	for _, tt := range []struct {
		name    string
		request contracts.Request
		want    string
	}{
		{"a smaller log", anchorOf(logOf, "4", rootOf(4)), "shrunk"},
		{"another past", anchorOf(logOf, "5", rootOf(6)), "forked"},
		{"the same again", anchorOf(logOf, "5", rootOf(5)), "already"},
		{"another gateway", another, "denied"},
		{"nobody", nobody, "denied"},
		{"no name", anchorOf("", "6", rootOf(6)), "invalid"},
		{"a long name", anchorOf(strings.Repeat("x", 129), "6", rootOf(6)), "invalid"},
		{"no size", anchorOf(logOf, "", rootOf(6)), "invalid"},
		{"an empty log", anchorOf(logOf, "0", rootOf(6)), "invalid"},
		{"a negative size", anchorOf(logOf, "-6", rootOf(6)), "invalid"},
		{"a size with a sign", anchorOf(logOf, "+6", rootOf(6)), "invalid"},
		{"a size with a zero before", anchorOf(logOf, "06", rootOf(6)), "invalid"},
		{"a size in another script", anchorOf(logOf, "৬", rootOf(6)), "invalid"},
		{"a size beyond numbers", anchorOf(logOf, "99999999999999999999", rootOf(6)), "invalid"},
		{"half a root", anchorOf(logOf, "6", rootOf(6)[:32]), "invalid"},
		{"a root in capitals", anchorOf(logOf, "6", strings.Repeat("AB", 32)), "invalid"},
		{"a root that is none", anchorOf(logOf, "6", strings.Repeat("zz", 32)), "invalid"},
		{"no root", anchorOf(logOf, "6", ""), "invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, rs := newState(), receipts(t, 2)
			invoke(t, s, anchorOf(logOf, "5", rootOf(5)), rs[0])
			puts := s.puts
			if a, wrote := invoke(t, s, tt.request, rs[1]); a.Code != tt.want || wrote || s.puts != puts {
				t.Errorf("Anchor %v = %q %v, wrote %v, want %q", tt.request.Call.Args, a.Code, a.Fields, wrote, tt.want)
			}
			if a := onLedger(t, s, logOf, ""); a.Fields["size"] != "5" || a.Fields["root"] != rootOf(5) {
				t.Errorf("the latest anchor is %v now", a.Fields)
			}
		})
	}
}

// FuzzAnchor: whatever is brought, an anchor that was taken reads back as it was
// brought, and the latest one of a log never gets smaller.
func FuzzAnchor(f *testing.F) {
	f.Add(logOf, "6", rootOf(6))
	f.Add(logOf, "5", rootOf(5))
	f.Add("a\x00b\n", "7", strings.Repeat("0a", 32))
	f.Add("\xff", "9223372036854775807", rootOf(1))
	f.Fuzz(func(t *testing.T, origin, size, root string) {
		s, rs := newState(), receipts(t, 2)
		invoke(t, s, anchorOf(logOf, "5", rootOf(5)), rs[0])
		r := anchorOf(origin, size, root)
		r.Receipt, r.Key = rs[1], string(rs[1])
		a, wrote, err := contracts.Invoke(s, r)
		if err != nil {
			return // a name that no record can hold: nothing is kept of a call that fails
		}
		latest := onLedger(t, s, logOf, "").Fields
		switch {
		case wrote != (a.Code == "done"):
			t.Fatalf("Anchor = %q, wrote %v", a.Code, wrote)
		case origin != logOf && latest["size"] != "5":
			t.Fatalf("an anchor of %q changed that of %q: %v", origin, logOf, latest)
		case !wrote:
			return
		}
		if got := onLedger(t, s, origin, size).Fields; got["origin"] != origin || got["size"] != size || got["root"] != root {
			t.Fatalf("brought %q %s %s, the ledger holds %v", origin, size, root, got)
		}
		if len(latest["size"]) == 1 && latest["size"] < "5" {
			t.Fatalf("the latest anchor shrank to %v", latest)
		}
	})
}
