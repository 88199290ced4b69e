package fabric_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric"
	"setu/test/fabricnet"
)

// envelope is a new lot of a citizen's, signed.
func (p *place) envelope(kilograms int) (key string, e ledgerclient.SignedEnvelope) {
	p.t.Helper()
	key = rand.Text()
	e, err := ledgerclient.SignEnvelope(p.t.Context(), p.keys, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: key, Service: "test", Version: "1", Time: time.Now(),
		Call: ledgerclient.Call{Contract: "produce", Function: "Register", Args: map[string]string{
			"crop": "jute", "weight": fmt.Sprint(kilograms), "date": "2026-11-30",
		}},
		Caller: ledgerclient.Caller{Pseudonym: p.pseudonym("agriculture", "+919830000001"), Channel: "sms", Assurance: ledgerclient.Number},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return key, e
}

// settle does what an outbox does with an envelope until it has an outcome: ask
// by key, then send the same octets again. It gives how often it had to.
func (p *place) settle(l ledgerclient.Ledger, key string, e ledgerclient.SignedEnvelope) (out ledgerclient.Outcome, tries int) {
	var tx ledgerclient.Transaction
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); tries++ {
		if tries > 0 {
			time.Sleep(100 * time.Millisecond)
			if out, err = l.Find(p.t.Context(), key); err != nil {
				continue
			}
			if out.Found {
				return out, tries
			}
		}
		if tx.ID == "" {
			if tx, out, err = l.Prepare(p.t.Context(), e); err != nil {
				continue
			}
			if out.Found {
				return out, tries
			}
		}
		ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
		out, err = l.Submit(ctx, tx)
		cancel()
		switch {
		case err == nil && out.Found:
			return out, tries
		case ledgerclient.ClassOf(err).Action() == ledgerclient.Rebuild:
			tx = ledgerclient.Transaction{}
		case ledgerclient.ClassOf(err).Action() == ledgerclient.Park:
			p.t.Errorf("Submit() = %v, want an error after which it is tried again", err)
			return out, tries
		}
	}
	p.t.Errorf("no outcome after a minute: %v", err)
	return out, tries
}

// registrations gives how many valid transactions each transaction identifier
// of a Register has.
func (p *place) registrations() map[string]int {
	p.t.Helper()
	entries, err := p.Orgs[0].Entries(p.t.Context(), p.Channel)
	if err != nil {
		p.t.Fatal(err)
	}
	valid := map[string]int{}
	for _, e := range entries {
		if e.Code == peer.TxValidationCode_VALID {
			valid[e.TxID]++
		}
	}
	return valid
}

// An orderer that dies between its acknowledgement and the block takes all that
// it acknowledged with it. The driver sends it again.
func TestSubmit_OrdererDiesBeforeTheBlock(t *testing.T) {
	t.Parallel()
	w := ownWorld(t, fabricnet.Options{Block: fabricnet.Block{Timeout: 1500 * time.Millisecond, Messages: 100}})
	p := w.place(t)
	o := p.options(w.Orgs[0].User)
	o.Timeouts.Status = 3 * time.Second
	l := p.openWith(o)
	const citizens = 10
	outs := make([]ledgerclient.Outcome, citizens)
	var wg sync.WaitGroup
	for i := range citizens {
		key, e := p.envelope(100 + i)
		wg.Go(func() { outs[i], _ = p.settle(l, key, e) })
	}
	time.Sleep(700 * time.Millisecond) // all are acknowledged, no block is cut
	w.Orderers[0].Kill()
	if n := len(p.registrations()); n > 20 {
		t.Logf("%d entries when the orderer died", n)
	}
	if err := w.Orderers[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	valid := p.registrations()
	lots := map[string]bool{}
	for i, out := range outs {
		if out.Answer.Code != "done" || valid[out.TxID] != 1 || out.Answer.AsOf.Block == 0 {
			t.Errorf("citizen %d: %q in block %d, %d valid entries, want one", i, out.Answer.Code, out.Answer.AsOf.Block, valid[out.TxID])
		}
		lots[out.Answer.Fields["lot"]] = true
	}
	if len(lots) != citizens {
		t.Errorf("%d lots of %d citizens", len(lots), citizens)
	}
}

// The first peer dies and hangs; the second takes over, and then the first
// again.
func TestRoute_NextPeer(t *testing.T) {
	t.Parallel()
	w := ownWorld(t, fabricnet.Options{Peers: 2})
	p := w.place(t)
	o := p.options(w.Orgs[0].User)
	o.Timeouts = fabric.Timeouts{Evaluate: 500 * time.Millisecond, Endorse: time.Second, Submit: time.Second, Status: 2 * time.Second}
	l := p.openWith(o)
	first, second := w.Orgs[0].Peers[0], w.Orgs[0].Peers[1]
	for _, tt := range []struct {
		name    string
		disturb func()
	}{
		{"both are well", func() {}},
		{"the first is dead", first.Kill},
		{"the second alone is dead", func() {
			if err := first.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // it catches up
			second.Kill()
		}},
		{"the first hangs", func() {
			if err := second.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			first.Freeze()
		}},
	} {
		tt.disturb()
		key, e := p.envelope(100)
		if out, _ := p.settle(l, key, e); out.Answer.Code != "done" {
			t.Errorf("%s: Submit() = %q, want done", tt.name, out.Answer.Code)
		}
		if out, err := l.Find(t.Context(), key); err != nil || !out.Found {
			t.Errorf("%s: Find() = %v, %v, want it found", tt.name, out.Found, err)
		}
	}
	first.Thaw()
}

// Two organisations endorse, four orderers agree though one of them dies.
func TestSubmit_TwoOrganisationsBFT(t *testing.T) {
	t.Parallel()
	w := ownWorld(t, fabricnet.Options{BFT: true, Orgs: 2})
	p := w.place(t)
	l := p.open(w.Orgs[0].User)
	for i, disturb := range []func(){func() {}, w.Orderers[3].Kill} {
		disturb()
		key, e := p.envelope(100 + i)
		if out, tries := p.settle(l, key, e); out.Answer.Code != "done" {
			t.Errorf("Submit() = %q after %d tries, want done", out.Answer.Code, tries)
		}
	}
	// The other organisation's gateway cannot send what the first one signed.
	_, e := p.envelope(300)
	other := p.open(w.Orgs[1].User)
	if _, _, err := other.Prepare(t.Context(), e); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Prepare() by another organisation = %v, want class config", err)
	}
	if _, err := p.open(w.Orgs[1].Admin).RevokeKey(t.Context(), p.keys.KeyID()); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("RevokeKey() by another organisation = %v, want class config", err)
	}
}

// A transaction whose signer's certificate expires while it waits is made anew.
func TestSubmit_CertificateExpires(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t)
	certificateExpires(t, w, func() {})
}

// So it is with BFT orderers, who say no in other words, and with one of them
// dead, which says nothing.
func TestSubmit_CertificateExpiresBFT(t *testing.T) {
	t.Parallel()
	w := ownWorld(t, fabricnet.Options{BFT: true})
	certificateExpires(t, w, func() {})
	certificateExpires(t, w, w.Orderers[3].Kill)
}

// certificateExpires has a certificate expire between the two steps of a
// transaction. disturb is called in between.
func certificateExpires(t *testing.T, w *world, disturb func()) {
	t.Helper()
	p := w.place(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(3 * time.Second)
	cert, err := w.Orgs[0].Issue(&key.PublicKey, "gateway", "client", time.Now().Add(-time.Minute), soon)
	if err != nil {
		t.Fatal(err)
	}
	old := p.open(fabricnet.Identity{MSP: w.Orgs[0].MSP, Certificate: cert, Key: key})
	businessKey, e := p.envelope(100)
	tx, _, err := old.Prepare(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	disturb()
	time.Sleep(time.Until(soon) + 1500*time.Millisecond)
	if _, _, err := old.Prepare(t.Context(), e); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Prepare() with an expired certificate = %v, want class config", err)
	}
	l := p.open(w.Orgs[0].User)
	_, err = l.Submit(t.Context(), tx)
	if ledgerclient.ClassOf(err) != ledgerclient.Stale {
		t.Errorf("Submit() of what an expired certificate signed = %v, want class stale", err)
	}
	if out, _ := p.settle(l, businessKey, e); out.Answer.Code != "done" || out.TxID == tx.ID {
		t.Errorf("Submit() of a new transaction = %q, want done by another", out.Answer.Code)
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t)
	p := w.place(t)
	user, admin := p.open(w.Orgs[0].User), p.open(w.Orgs[0].Admin)
	public := p.public(newKeys(t))
	if _, err := user.RegisterKey(t.Context(), public); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("RegisterKey() by no admin = %v, want class config", err)
	}
	if _, err := user.Load(t.Context(), []fabric.Record{{Key: "centre~1"}}); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Load() by no admin = %v, want class config", err)
	}
	for _, key := range []string{"idem~x", "receipt~x", "gatewaykey~x", "transaction~x", "none"} {
		if _, err := admin.Load(t.Context(), []fabric.Record{{Key: key}}); ledgerclient.ClassOf(err) != ledgerclient.Refused {
			t.Errorf("Load(%q) = %v, want class refused", key, err)
		}
	}
	key, err := admin.RegisterKey(t.Context(), public)
	if again, err2 := admin.RegisterKey(t.Context(), public); err != nil || err2 != nil || again.ID != key.ID {
		t.Errorf("RegisterKey() twice = %v, %v, want the same key", err, err2)
	}
	if _, err := admin.RegisterKey(t.Context(), []byte("no key")); ledgerclient.ClassOf(err) != ledgerclient.Refused {
		t.Errorf("RegisterKey() of no key = %v, want class refused", err)
	}
	if _, err := admin.RevokeKey(t.Context(), key.ID); err != nil {
		t.Errorf("RevokeKey() = %v", err)
	}
	if _, err := admin.RegisterKey(t.Context(), public); ledgerclient.ClassOf(err) != ledgerclient.Disowned {
		t.Errorf("RegisterKey() of a revoked key = %v, want class disowned", err)
	}
	list, err := user.Keys(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("Keys() = %v, %v, want two", list, err)
	}
	o := p.options(w.Orgs[0].User)
	o.Peers = nil
	if _, err := fabric.Open(o); !errors.Is(err, fabric.ErrOptions) {
		t.Errorf("Open() without peers = %v, want ErrOptions", err)
	}
}
