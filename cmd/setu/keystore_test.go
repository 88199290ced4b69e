package main

import (
	"path/filepath"
	"strings"
	"testing"

	"setu/ledgerclient/keys"
)

// TestKeyKinds_Revoke: who revokes a key reads what must follow for the ledger to
// refuse what it has signed.
func TestKeyKinds_Revoke(t *testing.T) {
	t.Parallel()
	for driver := range ledgerDrivers {
		s, err := keys.Create(filepath.Join(t.TempDir(), "keys.age"), "test", keys.Options{WorkFactor: 1})
		if err != nil {
			t.Fatal(err)
		}
		id := s.KeyID()
		out, err := keyKinds(s, driver)[revokeAct].Do(t.Context(), map[string]string{"key": id})
		if err != nil || !strings.Contains(out, id+" is revoked, and no key signs") {
			t.Errorf("%s: revoked: %q, %v", driver, out, err)
		}
		next := map[string]string{"fabric": "setu contract revoke " + id, "rest": "setu keys public"}[driver]
		if !strings.Contains(out, next) || (next == "") == strings.Contains(out, "until") {
			t.Errorf("%s: revoked: %q, want the next step %q", driver, out, next)
		}
	}
}
