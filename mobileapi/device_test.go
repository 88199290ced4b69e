package mobileapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
	"setu/mobileapi"
)

const received = `{"service":"benefit","inputs":{"want":"received","card":"1000000001"},"confirm":true}`

// TestLogin: from the one-time password to a transaction whose envelope holds the
// phone's signature.
func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	if text, _ := w.sent.Load().(string); !strings.Contains(text, "OTP") {
		t.Errorf("SMS = %q", text)
	}
	query := p.ask("POST", "/v1/dialogue", `{"service":"benefit","inputs":{"want":"status","card":"1000000001"}}`)
	if out := read[said](t, query); query.status != 200 || out.Code != "found" || out.Values["amount"] == "" {
		t.Fatalf("query = %d %s", query.status, query.body)
	}
	got := p.once("k1", received)
	out := read[said](t, got)
	if got.status != 201 || out.State != "recorded" || out.Code != "done" || out.Receipt == "" {
		t.Fatalf("transaction = %d %s", got.status, got.body)
	}
	if got.header.Get("Location") != "/v1/operations/"+out.Receipt {
		t.Errorf("Location = %q", got.header.Get("Location"))
	}
	if op := read[said](t, w.ask("GET", out.Operation, "")); op.State != "recorded" || op.Code != "done" {
		t.Errorf("operation = %+v", op)
	}
	proof := read[struct {
		Device *struct{ Salt, Opening, Sealed string }
	}](t, p.ask("GET", "/v1/receipts/"+out.Receipt, ""))
	if proof.Device == nil {
		t.Fatal("the receipt has no proof for the phone that made it")
	}
	opened, err := ledgerclient.ParseOpening(proof.Device.Opening)
	if err != nil || !strings.Contains(string(opened.Signed), `"idempotency-key": k1`) {
		t.Errorf("opening = %q, %v", opened.Signed, err)
	}
	if sealed := ledgerclient.Hide(proof.Device.Opening, proof.Device.Salt); sealed != proof.Device.Sealed {
		t.Errorf("sealed = %s, want %s", proof.Device.Sealed, sealed)
	}
	if open := read[map[string]any](t, w.ask("GET", "/v1/receipts/"+out.Receipt, "")); open["device"] != nil {
		t.Error("anybody is told the phone's signature")
	}
	other := logIn(t, w, "+919830000002")
	if theirs := read[map[string]any](t, other.ask("GET", "/v1/receipts/"+out.Receipt, "")); theirs["device"] != nil {
		t.Error("another citizen is told the phone's signature")
	}
}

// TestOperation_TakenBack: what was recorded and is taken back is not said to stand,
// to nobody who asks.
func TestOperation_TakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	first := read[said](t, p.once("k1", received))
	ended := make(chan error, 1)
	w.store.Commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Transaction, Lane: "cancel", Lease: true, Ask: &gateway.Ask{Service: "benefit"},
		Tx: &gateway.TxOut{Receipt: ledgerclient.NewReceipt(), Undoes: ledgerclient.Receipt(first.Receipt)},
	}}}, func(done gateway.Committed, err error) {
		if err != nil {
			ended <- err
			return
		}
		it := done.Items[0]
		w.store.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Recorded, Code: gateway.CodeUndone},
			func(_ []gateway.Item, err error) { ended <- err })
	})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/operations/", "/v1/receipts/"} {
		got := w.ask("GET", path+first.Receipt, "")
		if out := read[said](t, got); out.State != "withdrawn" || strings.Contains(out.Prompt, "recorded") || out.Code != "done" || out.Block != 0 {
			t.Errorf("%s = %s, want it taken back", path, got.body)
		}
	}
}

// TestForm_ManySteps: the longest way through a service, in one request.
func TestForm_ManySteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	got := p.once("k", `{"service":"grievance","inputs":{"want":"raise","subject":"land","matter":"The road is broken"},"confirm":true}`)
	if out := read[said](t, got); got.status != 201 || out.Code != "done" || out.Receipt == "" {
		t.Errorf("form = %d %s", got.status, got.body)
	}
	lots := p.ask("POST", "/v1/dialogue", `{"service":"produce","inputs":{"want":"district","kind":"paddy","district":"nadia"}}`)
	if out := read[said](t, lots); lots.status != 200 || out.State != "answered" {
		t.Errorf("form of three = %d %s", lots.status, lots.body)
	}
}

// TestForm_List: a service that begins with a list of the ledger's, from the list
// to what is chosen from it and taken back.
func TestForm_List(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	list := read[said](t, p.ask("POST", "/v1/dialogue", `{"service":"consent","inputs":{}}`))
	if list.Input == nil || list.Input.Type != "item" || len(list.Options) == 0 {
		t.Fatalf("list = %+v", list)
	}
	step := func(key, input string) (out said) {
		t.Helper()
		return read[said](t, p.once(key, `{"session":"`+list.Session+`","input":"`+input+`"}`))
	}
	if sure := step("k1", list.Options[0].Value); sure.Input == nil || sure.Input.Type != "confirm" || !strings.Contains(sure.Prompt, strings.Split(list.Options[0].Label, ":")[0]) {
		t.Fatalf("chosen = %+v", sure)
	}
	if done := step("k2", "1"); done.State != "recorded" || done.Receipt == "" {
		t.Errorf("confirmed = %+v", done)
	}
	left := read[said](t, p.ask("POST", "/v1/dialogue", `{"service":"consent","inputs":{}}`))
	if len(left.Options) != len(list.Options)-1 {
		t.Errorf("%d consents are left of %d", len(left.Options), len(list.Options))
	}
}

// TestOnce: a request is done once for its key, however often and at once it is
// sent.
func TestOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	p := logIn(t, w, citizen)
	var wg sync.WaitGroup
	bodies := make([]answer, 6)
	for i := range bodies {
		wg.Go(func() { bodies[i] = p.once("same", received) })
	}
	wg.Wait()
	receipts := map[string]bool{}
	for _, b := range bodies {
		switch out := read[said](t, b); b.status {
		case 201:
			receipts[out.Receipt] = true
		case 409:
			if out.Code != "key-busy" {
				t.Errorf("409 %s", out.Code)
			}
		default:
			t.Errorf("status %d: %s", b.status, b.body)
		}
	}
	if len(receipts) != 1 {
		t.Fatalf("receipts %v, want one", receipts)
	}
	w.ahead.Store(int64(14 * 24 * time.Hour))
	again := p.once("same", received)
	if out := read[said](t, again); again.status != 201 || !receipts[out.Receipt] || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("after 14 days = %d %s", again.status, again.body)
	}
	if other := p.once("same", strings.Replace(received, "1000000001", "1000000028", 1)); other.status != 422 {
		t.Errorf("the same key for another request = %d, want 422", other.status)
	}
	if missing := p.ask("POST", "/v1/dialogue", received); missing.status != 400 || read[said](t, missing).Code != "key-missing" {
		t.Errorf("no key = %d %s", missing.status, missing.body)
	}
}

// TestRepeated: the same form under another key, as when it was filled in again,
// gets the first receipt, and a second transaction only when that is chosen.
func TestRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	const form = `{"service":"grievance","inputs":{"want":"raise","subject":"land","matter":"The road is broken"},"confirm":true}`
	first := read[said](t, p.once("k1", form))
	step := func(session, input string) string { return fmt.Sprintf(`{"session":%q,"input":%q}`, session, input) }
	for _, tt := range []struct {
		input  string
		status int
		state  string
	}{
		{"1", 200, "answered"},
		{"2", 201, "recorded"},
	} {
		again := p.once("again"+tt.input, form)
		out := read[said](t, again)
		if again.status != 200 || out.State != "asking" || !out.Repeated || out.Receipt != first.Receipt || out.Code != "done" ||
			out.Operation != first.Operation || len(out.Options) != 2 || out.Session == "" {
			t.Fatalf("the same form again = %d %s, want the receipt %s", again.status, again.body, first.Receipt)
		}
		if replayed := p.once("again"+tt.input, form); replayed.status != 200 || read[said](t, replayed).Session != out.Session {
			t.Errorf("the same key again = %d %s", replayed.status, replayed.body)
		}
		got := p.once("step"+tt.input, step(out.Session, tt.input))
		end := read[said](t, got)
		if got.status != tt.status || end.State != tt.state || end.Repeated || end.Receipt == first.Receipt {
			t.Errorf("option %s = %d %s, want %d %s", tt.input, got.status, got.body, tt.status, tt.state)
		}
	}
}

// TestSignature_Refused: what was changed on the way, is too old or comes again
// is not done.
func TestSignature_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	for _, tt := range []struct {
		name, code string
		phone      phone
	}{
		{"another body", "signature-invalid", phone{change: func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 0 }}},
		{"another path", "signature-invalid", phone{change: func(r *http.Request) { r.RequestURI += "?lang=bn" }}},
		{"another key of idempotency", "signature-invalid", phone{change: func(r *http.Request) { r.Header.Set("Idempotency-Key", "z") }}},
		{"a field that is no structure", "signature-invalid", phone{change: func(r *http.Request) { r.Header.Set("Signature-Input", "((") }}},
		{"another digest", "signature-invalid", phone{change: func(r *http.Request) { r.Header.Set("Content-Digest", "sha-256=:AAAA:") }}},
		{"old", "signature-clock", phone{skew: -10 * time.Minute}},
		{"ahead", "signature-clock", phone{skew: 10 * time.Minute}},
		{"nobody's key", "device-unknown", phone{id: "none"}},
	} {
		bad := tt.phone
		bad.w, bad.key = w, p.key
		if bad.id == "" {
			bad.id = p.id
		}
		got := bad.once("k", received)
		if out := read[said](t, got); got.status != 401 || out.Code != tt.code || out.Title == "" {
			t.Errorf("%s = %d %q; want 401 %q", tt.name, got.status, out.Code, tt.code)
		}
	}
}

// TestSignature_AtStart: what was signed in the second of the start may have been
// taken by an earlier process, but what is signed again by the time of the answer is
// taken.
func TestSignature_AtStart(t *testing.T) {
	t.Parallel()
	start := time.Now().Truncate(time.Second).Add(500 * time.Millisecond)
	var begun time.Time // the API's clock stands still until then
	clock := func() time.Time {
		if begun.IsZero() {
			return start
		}
		return start.Add(time.Since(begun))
	}
	w := newWorldWith(t, t.TempDir(), func(c *mobileapi.Config) { c.Now = clock })
	p := newPhone(w)
	d := gateway.Device{ID: p.id, Citizen: citizen, Key: must(p.key.PublicKey.Bytes()), Name: "phone"}
	if err := w.store.PutOTP(t.Context(), gateway.OTP{Citizen: citizen, MAC: "m", Expires: w.now().Add(time.Minute)}, nil); err != nil {
		t.Fatal(err)
	}
	if b := must(w.store.Bind(t.Context(), "m", d, 1)); !b.Bound {
		t.Fatal("the phone is not bound")
	}
	begun = time.Now()
	for i, want := range []int{401, 200} {
		p.skew = clock().Sub(w.now())
		if got := p.ask("GET", "/v1/devices", ""); got.status != want {
			t.Errorf("try %d = %d %s, want %d", i+1, got.status, got.body, want)
		}
	}
}

// TestSignature_ClockSetBack: nobody waits for a clock that was set back behind the start.
func TestSignature_ClockSetBack(t *testing.T) {
	t.Parallel()
	start, back := time.Now(), time.Duration(0)
	w := newWorldWith(t, t.TempDir(), func(c *mobileapi.Config) { c.Now = func() time.Time { return start.Add(-back) } })
	back = time.Hour
	if got := newPhone(w).ask("GET", "/v1/devices", ""); got.status != http.StatusUnauthorized {
		t.Errorf("answer = %d %s, want 401 at once", got.status, got.body)
	}
}

// TestSignature_Replayed: the very request is not taken again, also not after a
// restart, and whether the phone's clock is behind or ahead.
func TestSignature_Replayed(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-time.Minute, 0, time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var request *http.Request
			t.Run("at once", func(t *testing.T) { //nolint:paralleltest // the first of two
				w := newWorld(t, dir)
				p := logIn(t, w, citizen)
				// The start of the service lies behind all that is signed in the test.
				w.ahead.Store(int64(2 * time.Minute))
				p.skew = skew
				request = p.request("GET", "/v1/devices", "")
				if got := w.do(request.Clone(t.Context())); got.status != 200 {
					t.Fatalf("first = %d %s", got.status, got.body)
				}
				if got := w.do(request.Clone(t.Context())); got.status != 401 || read[said](t, got).Code != "signature-replayed" {
					t.Errorf("again = %d %s", got.status, got.body)
				}
			})
			t.Run("after a restart", func(t *testing.T) { //nolint:paralleltest // the second of two
				w := newWorldAt(t, dir, 2*time.Minute+time.Second)
				if got := w.do(request.Clone(t.Context())); got.status != 401 {
					t.Errorf("after a restart = %d %s", got.status, got.body)
				}
			})
		})
	}
}

func TestOTP_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := newPhone(w)
	if got := w.ask("POST", "/v1/otp", `{"number":"12"}`); got.status != 400 || read[said](t, got).Code != "bad-number" {
		t.Errorf("no number = %d %s", got.status, got.body)
	}
	for _, foreign := range []string{"+447911123456", "00447911123456", "+8801711123456"} {
		if got := w.ask("POST", "/v1/otp", `{"number":"`+foreign+`"}`); got.status != 400 || read[said](t, got).Code != "bad-number" {
			t.Errorf("%s = %d %s", foreign, got.status, got.body)
		}
	}
	otp := p.otp(citizen)
	wrong := "000000"
	if otp == wrong {
		wrong = "000001"
	}
	for i, want := range []string{"otp-wrong", "otp-wrong", "otp-wrong", "otp-wrong", "otp-wrong", "otp-gone"} {
		if got := p.bind(citizen, wrong); got.status != 403 || read[said](t, got).Code != want {
			t.Fatalf("try %d = %d %s, want %s", i+1, got.status, got.body, want)
		}
	}
	if got := p.bind(citizen, otp); got.status != 403 {
		t.Errorf("the right one after five wrong ones = %d", got.status)
	}
	otp = p.otp(citizen)
	w.ahead.Store(int64(6 * time.Minute))
	if got := p.bind(citizen, otp); read[said](t, got).Code != "otp-gone" {
		t.Errorf("after six minutes = %d %s", got.status, got.body)
	}
	otp = p.otp(citizen)
	got := w.ask("POST", "/v1/otp", `{"number":"`+citizen.Reveal()+`"}`)
	if out := read[said](t, got); got.status != 429 || out.Code != "otp-limit" || out.RetryAfter == 0 {
		t.Errorf("the fourth in a quarter of an hour = %d %s", got.status, got.body)
	}
	if got := p.bind(citizen, otp); got.status != 201 {
		t.Errorf("the third = %d %s", got.status, got.body)
	}
	if got := p.bind(citizen, otp); read[said](t, got).Code != "otp-gone" {
		t.Errorf("used again = %d %s", got.status, got.body)
	}
}

// TestOTP_Pumping: numbers with one prefix are limited together, and what is
// refused leaves the allowances of others alone.
func TestOTP_Pumping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	refused := 0
	for i := range 70 {
		if got := w.ask("POST", "/v1/otp", fmt.Sprintf(`{"number":"98765%05d"}`, 43210+i)); got.status == 429 {
			refused++
		}
	}
	if refused != 10 { // 60 from one address in an hour
		t.Errorf("%d of 70 refused, want 10", refused)
	}
}

// TestOTP_Origin: behind a proxy that adds a line of its own, what a client says of
// where it comes from changes nothing.
func TestOTP_Origin(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, t.TempDir(), func(c *mobileapi.Config) {
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")} // the peer of a test
		c.Limits.Source = 1
	})
	for i, want := range []int{202, 429} {
		r := httptest.NewRequest("POST", "/v1/otp", strings.NewReader(fmt.Sprintf(`{"number":"98765%05d"}`, i)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Add("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		r.Header.Add("X-Forwarded-For", "203.0.113.7")
		if got := w.do(r); got.status != want {
			t.Errorf("request %d of one address = %d %s, want %d", i+1, got.status, got.body, want)
		}
	}
}

// TestRefused: what the contract refused is told from what was done, at once, when
// it is looked up, and among the changes.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	p.once("k1", received)
	again := read[said](t, p.once("k2", received))
	got := p.once("k3", `{"session":"`+again.Session+`","input":"2"}`)
	out := read[said](t, got)
	if got.status != 201 || out.State != "refused" || out.Code != "already" || out.Receipt == "" {
		t.Fatalf("acknowledged twice = %d %s, want refused", got.status, got.body)
	}
	for _, path := range []string{"/v1/operations/", "/v1/receipts/"} {
		one := read[struct {
			State, Code string
			Block       uint64
		}](t, w.ask("GET", path+out.Receipt, ""))
		if one.State != "refused" || one.Code != "already" || one.Block != 0 {
			t.Errorf("%s = %+v, want refused and in no block", path, one)
		}
	}
	list := read[struct {
		Changes []struct{ Receipt, State string }
	}](t, p.ask("GET", "/v1/changes", ""))
	states := map[string]string{}
	for _, c := range list.Changes {
		states[c.Receipt] = c.State
	}
	if states[out.Receipt] != "refused" || states[again.Receipt] != "recorded" || states[""] != "" {
		t.Errorf("states of the changes = %v", states)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	first := logIn(t, w, citizen)
	second := logIn(t, w, citizen)
	list := func(p *phone) []string {
		var ids []string
		out := read[struct {
			Devices []struct {
				ID      string
				Current bool
			}
		}](t, p.ask("GET", "/v1/devices", ""))
		for _, d := range out.Devices {
			if d.Current != (d.ID == p.id) {
				t.Errorf("current = %v for %s", d.Current, d.ID)
			}
			ids = append(ids, d.ID)
		}
		return ids
	}
	if got := list(first); len(got) != 2 {
		t.Fatalf("devices = %v, want two", got)
	}
	stranger := logIn(t, w, "+919830000002")
	if got := stranger.ask("DELETE", "/v1/devices/"+first.id, ""); got.status != 404 {
		t.Errorf("a stranger removes a phone: %d", got.status)
	}
	if got := second.ask("DELETE", "/v1/devices/"+first.id, ""); got.status != 204 {
		t.Fatalf("remove = %d %s", got.status, got.body)
	}
	if got := first.ask("GET", "/v1/devices", ""); got.status != 401 || read[said](t, got).Code != "device-unknown" {
		t.Errorf("a removed phone = %d %s", got.status, got.body)
	}
	if got := list(second); len(got) != 1 {
		t.Errorf("devices = %v, want one", got)
	}
}

// TestDevices_Replaced: who has lost the keys of all her phones logs in all the same.
// The oldest makes room, and is told why it signs for nobody any more.
func TestDevices_Replaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	var phones []*phone
	for range mobileapi.MaxDevices {
		w.ahead.Add(int64(time.Hour))
		phones = append(phones, logIn(t, w, citizen))
	}
	w.ahead.Add(int64(time.Hour))
	oldest, last := phones[0], newPhone(w)
	if got := last.bind(citizen, last.otp(citizen)); got.status != 201 {
		t.Fatalf("one phone more = %d %s", got.status, got.body)
	}
	if got := oldest.ask("GET", "/v1/devices", ""); got.status != 401 || read[said](t, got).Code != "device-unknown" {
		t.Errorf("the replaced phone = %d %s", got.status, got.body)
	}
	for i, p := range append(phones[1:], last) {
		if got := p.ask("GET", "/v1/devices", ""); got.status != 200 {
			t.Errorf("phone %d = %d %s", i+2, got.status, got.body)
		}
	}
}

// TestChanges: what a citizen is told later is there for each of her phones, from
// its own cursor, and at once for who waits.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	type changes struct {
		Changes []struct{ ID, Class, Prompt, Receipt, Code string }
		Cursor  string
	}
	before := read[changes](t, p.ask("GET", "/v1/changes", ""))
	waited := make(chan answer, 1)
	go func() { waited <- p.ask("GET", "/v1/changes?since="+before.Cursor+"&wait=20", "") }()
	done := read[said](t, p.once("k", received))
	got := read[changes](t, <-waited)
	if len(got.Changes) != 1 || got.Changes[0].Receipt != done.Receipt || got.Changes[0].Class != "result" || got.Changes[0].Code != "done" {
		t.Fatalf("changes = %+v, want the outcome of %s", got, done.Receipt)
	}
	if rest := read[changes](t, p.ask("GET", "/v1/changes?since="+got.Cursor, "")); len(rest.Changes) != 0 || rest.Cursor != got.Cursor {
		t.Errorf("after it: %+v", rest)
	}
	if others := read[changes](t, logIn(t, w, "+919830000002").ask("GET", "/v1/changes", "")); len(others.Changes) != 1 {
		t.Errorf("another citizen: %+v, want her own login", others)
	}
	if bad := p.ask("GET", "/v1/changes?since=x", ""); bad.status != 400 {
		t.Errorf("a cursor that is none = %d", bad.status)
	}
	for i := range 12 {
		if err := w.store.AddChange(t.Context(), gateway.Change{Citizen: citizen, Class: "notice", Text: gateway.Private(strings.Repeat("ক", 150+i))}); err != nil {
			t.Fatal(err)
		}
	}
	page := p.ask("GET", "/v1/changes?since="+got.Cursor, "")
	if out := read[changes](t, page); len(page.body) > 4<<10 || len(out.Changes) == 0 {
		t.Errorf("a page has %d octets and %d changes; want 4 KiB at most", len(page.body), len(out.Changes))
	}
}
