package mobileapi_test

import (
	"testing"

	"setu/gateway/audit/proof"
	"setu/ledgerclient"
	"setu/ledgerclient/rest/baas"
)

// TestProof: whoever has a receipt gets its proof, which holds by the gateway's
// public keys alone.
func TestProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	done := read[said](t, logIn(t, w, citizen).once("k", received))
	var receipt struct{ Proof string }
	if receipt = read[struct{ Proof string }](t, w.ask("GET", "/v1/receipts/"+done.Receipt, "")); receipt.Proof != "/v1/receipts/"+done.Receipt+"/proof" {
		t.Fatalf("proof is at %q", receipt.Proof)
	}
	file := w.ask("GET", receipt.Proof, "")
	if file.status != 200 || len(file.body) > 4<<10 {
		t.Fatalf("proof = %d, %d octets; want at most 4 KB\n%s", file.status, len(file.body), file.body)
	}
	p := must(proof.Parse(file.body))
	verdict, err := p.Check(proof.Trust{Keys: must(proof.ParseKeys(must(baas.FormatKeys(w.keys.List()))))})
	if err != nil || verdict.Decision.Get("receipt") != done.Receipt || verdict.Ended == nil || verdict.Ended.Get("code") != "done" {
		t.Errorf("Check() = %+v, %v", verdict, err)
	}
	other := string(ledgerclient.NewReceipt())
	if got := w.ask("GET", "/v1/receipts/"+other+"/proof", ""); got.status != 404 || read[said](t, got).Code != "unknown-receipt" {
		t.Errorf("another receipt = %d %s", got.status, got.body)
	}
}
