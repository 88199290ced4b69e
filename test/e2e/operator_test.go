package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// firstItem is the number of the first item that `setu queue list` shows.
func firstItem(t *testing.T, list string) string {
	t.Helper()
	lines := strings.Split(list, "\n")
	if len(lines) < 2 || len(strings.Fields(lines[1])) == 0 {
		t.Fatalf("no item in %q", list)
	}
	return strings.Fields(lines[1])[0]
}

// metric is the value of a metric without labels, or of one with the labels
// that its name includes.
func (w *town) metric(name string) float64 {
	w.t.Helper()
	_, page := w.Get("/metrics")
	for line := range strings.SplitSeq(page, "\n") {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return v
		}
	}
	w.t.Fatalf("no metric %s", name)
	return 0
}

// request asks the admin API with a token of its own.
func (w *town) request(method, path, token string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.Admin+path, bytes.NewReader([]byte("{}")))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		w.t.Error(err)
	}
	return resp.StatusCode
}

// TestHealth asks for health and readiness, with all well and without a ledger.
func TestHealth(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	if code, body := w.Get("/healthz"); code != http.StatusOK || strings.TrimSpace(body) != "ok" {
		t.Errorf("/healthz = %d %q", code, body)
	}
	var r struct {
		Ready  bool
		Checks map[string]string
	}
	ready := func() {
		t.Helper()
		code, body := w.Get("/readyz")
		r.Checks = nil
		if err := json.Unmarshal([]byte(body), &r); err != nil || code != http.StatusOK {
			t.Fatalf("/readyz = %d %q, %v", code, body, err)
		}
	}
	w.until("the link is bound", func() bool { ready(); return r.Checks["link sandbox"] == "ok" })
	for _, name := range []string{"store", "ledger"} {
		if !r.Ready || r.Checks[name] != "ok" {
			t.Errorf("check %q = %q, want ok", name, r.Checks[name])
		}
	}
	w.setu("sandbox", "down")
	number := newNumber()
	w.ask(number, "BENEFIT 1000000001")
	w.until("the ledger is missed", func() bool { ready(); return strings.Contains(r.Checks["ledger"], "wait") })
	if !r.Ready {
		t.Error("not ready without a ledger; it goes on")
	}
	w.setu("sandbox", "up")
	within(t, "late answer", w.await(number, 1), "Old Age Pension")
	ready()
	w.Phones.Close()
	w.until("the link is missed", func() bool { ready(); return strings.Contains(r.Checks["link sandbox"], "not bound") })
}

var (
	// metricLine is a sample of the text format of Prometheus 0.0.4.
	metricLine = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? (NaN|[+-]?Inf|[+-]?[0-9.]+([eE][+-]?[0-9]+)?)( [0-9]+)?$`)
	// metricType declares a metric.
	metricType = regexp.MustCompile(`^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$`)
)

// TestMetrics reads every line of the metrics, and the counts that a
// conversation leaves.
func TestMetrics(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	number := newNumber()
	w.ask(number, "BENEFIT 1000000001")
	w.ask(number, "RECEIVED 1000000001")
	w.ask(number, "YES")
	w.settle()
	code, page := w.Get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics = %d", code)
	}
	typed := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(page, "\n"), "\n") {
		if m := metricType.FindStringSubmatch(line); m != nil {
			typed[m[1]] = m[2]
			continue
		}
		if !strings.HasPrefix(line, "# HELP ") && !metricLine.MatchString(line) {
			t.Errorf("line %q is not of the text format", line)
		}
	}
	for _, m := range []struct {
		name, typ string
		want      float64
	}{
		{"setu_sms_in_total", "counter", 3},
		{"setu_turns_total", "counter", 3},
		{"setu_messages_sent_total", "counter", 3},
		{"setu_transactions_signed_total", "counter", 1},
		{"setu_transactions_recorded_total", "counter", 1},
		{"setu_ledger_up", "gauge", 1},
		{"setu_outbox_in_memory", "gauge", 0},
		{"setu_items_parked_total", "counter", 0},
		{"setu_turn_faults_total", "counter", 0},
		{"setu_outbox_faults_total", "counter", 0},
		{"setu_queue_oldest_timestamp_seconds", "gauge", 0},
	} {
		if typed[m.name] != m.typ {
			t.Errorf("%s is a %q, want %q", m.name, typed[m.name], m.typ)
		}
		if got := w.metric(m.name); got != m.want {
			t.Errorf("%s = %v, want %v", m.name, got, m.want)
		}
	}
	if got := w.metric(`setu_link_up{link="sandbox"}`); got != 1 {
		t.Errorf("setu_link_up = %v, want 1", got)
	}
}

// TestQueue works on what waits as an operator does: a transaction that was
// signed with a key which has been revoked since can't be recorded any more. Its
// citizen can go on when it is discarded.
func TestQueue(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	within(t, "empty queue", w.setu("queue", "list"), "nothing waits")
	w.setu("sandbox", "down")
	number := newNumber()
	w.ask(number, "SELL DHAN 654 "+fromToday(240*time.Hour))
	receipt := lastReceipt(t, w.ask(number, "YES"))
	item := firstItem(t, w.setu("queue", "list", "--kind", "transaction"))
	within(t, "stats", w.setu("queue", "stats"), `"transaction"`, `"items": 1`, `"full": false`)
	first := strings.Fields(strings.Split(w.keys(), "\n")[1])[0]
	within(t, "rotate", w.setu("keys", "rotate"), "signs from")
	within(t, "revoke", w.setu("keys", "revoke", first), first+" is revoked")
	if out := w.keys(); strings.Count(out, "active") != 1 || strings.Count(out, "revoked") != 1 {
		t.Errorf("keys after the change:\n%s", out)
	}
	if out, err := w.Setu("keys", "revoke", "nobody"); err == nil || !strings.Contains(out, "unknown key") {
		t.Errorf("revoked nobody's key: %v, %s", err, out)
	}
	w.setu("sandbox", "up")

	var shown struct {
		ID                            int64
		Kind, State, Service, Receipt string
		Attempts                      int
		Reason                        string
	}
	show := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(w.setu("queue", "show", item)), &shown); err != nil {
			t.Fatal(err)
		}
	}
	// verb does what an operator wants as soon as no worker has it in hand.
	verb := func(args ...string) {
		t.Helper()
		w.until("no worker holds the item", func() bool {
			out, err := w.Setu(args...)
			if err != nil && !strings.Contains(out, "being worked on") {
				t.Fatalf("setu %v: %v: %s", args, err, out)
			}
			return err == nil
		})
	}
	w.until("it was tried with the revoked key", func() bool { show(); return strings.Contains(shown.Reason, "revoked") })
	if fmt.Sprint(shown.ID) != item || shown.Kind != "transaction" || shown.State != "parked" || shown.Service != "produce" || shown.Receipt != receipt {
		t.Errorf("item %s = %+v", item, shown)
	}
	before := shown.Attempts
	verb("queue", "retry", item)
	w.until("it was tried again", func() bool { show(); return shown.Attempts > before })
	if out, err := w.Setu("queue", "discard", item); err == nil {
		t.Errorf("discarded without a reason: %s", out)
	}
	within(t, "a question behind it", w.ask(number, "PRICE POTATO"), later[2])
	told := len(w.Told(number))
	verb("queue", "discard", item, "--reason", "signed with a lost key")
	within(t, "what became of it", w.await(number, told), "could not be done", receipt)
	within(t, "the question then", w.await(number, told+1), "Potato")
	within(t, "discarded", w.setu("queue", "show", item), `"dead"`, "signed with a lost key")
	for _, late := range [][]string{{"queue", "retry", item}, {"queue", "discard", item, "--reason", "again"}} {
		if out, err := w.Setu(late...); err == nil || !strings.Contains(out, "final") {
			t.Errorf("setu %v on a final item: %v, %s", late, err, out)
		}
	}
	for _, wrong := range [][]string{
		{"queue", "show", "999999"}, {"queue", "list", "--state", "lost"}, {"queue", "list", "--kind", "letter"}, {"receipt", "123456789012"},
	} {
		if out, err := w.Setu(wrong...); err == nil || !strings.Contains(out, "setu: ") {
			t.Errorf("setu %v: %v, %s", wrong, err, out)
		}
	}
	within(t, "receipt of the discarded", w.ask(number, "RECEIPT "+receipt), receipt)
	w.ask(number, "SELL DHAN 655 "+fromToday(240*time.Hour))
	within(t, "her next one", w.ask(number, "OK"), "Registered")
	w.settle()
	if n := w.onLedger("Register"); n != 1 {
		t.Errorf("the ledger holds %d registrations, want 1", n)
	}
	within(t, "dead letters", w.setu("queue", "list", "--state", "dead"), item, "signed with a lost key")
}

// keys is what `setu keys list` says.
func (w *town) keys() string {
	w.t.Helper()
	out, err := command(w.t, "keys", "list", "--data", w.Dir)
	if err != nil {
		w.t.Fatalf("setu keys list: %v\n%s", err, out)
	}
	return out
}

// TestToken asks the operators' API without the token of the data folder, and
// with a wrong one.
func TestToken(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	token, err := os.ReadFile(filepath.Join(w.Dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimSpace(string(token))
	for _, r := range [][2]string{
		{http.MethodGet, "/api/queue"},
		{http.MethodGet, "/api/queue/stats"},
		{http.MethodGet, "/api/queue/1"},
		{http.MethodPost, "/api/queue/1/retry"},
		{http.MethodPost, "/api/queue/1/discard"},
		{http.MethodGet, "/api/receipts/123456789018"},
		{http.MethodPost, "/api/sandbox/faults"},
	} {
		for _, bad := range []string{"", "guess", good[:len(good)-1], good + "x"} {
			if code := w.request(r[0], r[1], bad); code != http.StatusUnauthorized {
				t.Errorf("%s %s with a wrong token = %d, want 401", r[0], r[1], code)
			}
		}
		if code := w.request(r[0], r[1], good); code == http.StatusUnauthorized {
			t.Errorf("%s %s refuses the right token", r[0], r[1])
		}
	}
	out, err := command(t, "queue", "list", "--admin", w.Admin, "--data", t.TempDir())
	if err == nil || !strings.Contains(out, "--data") {
		t.Errorf("without a token: %v, %s", err, out)
	}
}

// TestKeys makes a new key: what the old one signed is still accepted, and what
// was asked before and after is on one ledger.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	first, second := newNumber(), newNumber()
	w.ask(first, "SELL DHAN 111 "+fromToday(240*time.Hour))
	old := lastReceipt(t, w.ask(first, "YES"))
	w.setu("sandbox", "down")
	w.ask(second, "SELL DHAN 112 "+fromToday(240*time.Hour))
	waiting := lastReceipt(t, w.ask(second, "YES"))
	if out := w.keys(); strings.Count(out, "active") != 1 || strings.Contains(out, "retired") {
		t.Errorf("keys at first:\n%s", out)
	}
	within(t, "rotate", w.setu("keys", "rotate"), "signs from")
	if out := w.keys(); strings.Count(out, "active") != 1 || strings.Count(out, "retired") != 1 {
		t.Errorf("keys after the change:\n%s", out)
	}
	w.kill()
	w.again(gatewaytest.Options{Config: quick})
	within(t, "signed before, sent after", w.await(second, 0), "Registered", waiting)
	third := newNumber()
	w.ask(third, "SELL DHAN 113 "+fromToday(240*time.Hour))
	fresh := lastReceipt(t, w.ask(third, "YES"))
	for _, receipt := range []string{old, waiting, fresh} {
		within(t, "setu receipt", w.setu("receipt", receipt), `"recorded"`, `"done"`)
		within(t, "RECEIPT", w.ask(newNumber(), "RECEIPT "+receipt), receipt, "block ")
	}
	// The pseudonym does not hang on the signing key: she can take it back.
	within(t, "cancel after the change", w.ask(first, "CANCEL"), old, "taken back")
	w.kill()
	w.again(gatewaytest.Options{Config: quick}) // reads and checks the whole chain
	within(t, "afterwards", w.ask(third, "CANCEL"), fresh, "taken back")
}

// TestConfiguration refuses what the configuration file does not know, with
// its line.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, config string
		want         []string
	}{
		{"unknown key", "profile: sandbox\nlisten:\n  smtp: 127.0.0.1:0\n", []string{"setu.yaml", "[3:3]", "smtp"}},
		{"unknown top key", "profil: sandbox\n", []string{"[1:1]", "profil"}},
		{"wrong type", "sms: {segments: many}\n", []string{"[1:", "many"}},
		{"wrong duration", "ledger:\n  patience: ten seconds\n", []string{"ten seconds"}},
		{"no YAML", "profile: [\n", []string{"setu.yaml"}},
		{"unknown profile", "profile: test\n", []string{"sandbox or production"}},
		{"production with the sandbox ledger", "profile: production\n", []string{"name a real ledger"}},
		{"link without an address", "links: [{name: a}]\n", []string{"links[0]"}},
		{"bind of no kind", "links: [{name: a, address: '127.0.0.1:1', system_id: s, bind: both}]\n", []string{`link "a"`, "separate"}},
		{"link without a port", "links: [{name: a, address: smsc.example, system_id: s}]\n", []string{`link "a"`, "missing port"}},
		{"link without its password", "links: [{name: a, address: '127.0.0.1:1', system_id: s, password_file: /nowhere}]\n", []string{`link "a"`, "/nowhere"}},
		{"two links of a name", "links: [{name: a, address: '127.0.0.1:1', system_id: s}, {name: a, address: '127.0.0.1:2', system_id: s}]\n", []string{`"a" is given twice`}},
		{"partner without a password", "partners: [{system_id: p}]\n", []string{`partner "p"`, "password_file"}},
		{"partner without its password", "partners: [{system_id: p, password_file: /nowhere}]\n", []string{`partner "p"`, "/nowhere"}},
		{"partner of no network", "partners: [{system_id: p, password_file: doc.go, allow: [notacidr]}]\n", []string{`partner "p"`, "notacidr"}},
		{"messages that are not kept", "sms: {keep: 0s}\n", []string{"sms.keep", "24h"}},
		{"messages that are kept for less than nothing", "sms: {keep: -1h}\n", []string{"sms.keep", "24h"}},
		{"services that are not there", "services: [/nowhere]\n", []string{"services", "/nowhere is no folder"}},
		{"log level", "log: {level: loud}\n", []string{"loud", "debug"}},
		{"log format", "log: {format: xml}\n", []string{"xml", "json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "setu.yaml")
			if err := os.WriteFile(path, []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"check", "--config", path},
				{"serve", "--config", path, "--data", t.TempDir(), "--smpp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--sip", "none"},
			} {
				out, err := command(t, args...)
				if err == nil {
					t.Fatalf("setu %s accepts it:\n%s", args[0], out)
				}
				within(t, "setu "+args[0], out, tt.want...)
			}
		})
	}
}

// TestSecondGateway starts another gateway on the same data folder.
func TestSecondGateway(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	out, err := command(t, "serve", "--data", w.Dir, "--smpp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--sip", "none")
	if err == nil {
		t.Errorf("two gateways share a data folder:\n%s", out)
	}
	within(t, "setu serve", out, "another")
	within(t, "the first goes on", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension")
	within(t, "its operators too", w.setu("queue", "list"), "nothing waits")
}

// TestCheckAndPreview reads what `setu check` and `setu preview` say of the
// services.
func TestCheckAndPreview(t *testing.T) {
	t.Parallel()
	out, err := command(t, "check", "--services", tenth)
	if err != nil {
		t.Fatalf("setu check: %v\n%s", err, out)
	}
	within(t, "setu check", out, "profile: sandbox", "smpp: 127.0.0.1:2775", " differ")
	for _, s := range []string{"benefit", "health", "produce", "land", "grievance", "document", "academic", "consent", "site", "library"} {
		within(t, "setu check", out, "service "+s+": ")
	}
	if strings.Contains(out, "password: ") {
		t.Errorf("setu check shows a password:\n%s", out)
	}
	shown, err := command(t, "preview", "benefit")
	if err != nil {
		t.Fatalf("setu preview: %v\n%s", err, shown)
	}
	size := regexp.MustCompile(`(?m)^\S.*  (bn|hi|en)  (gsm7|ucs2), (\d+) units, ([1-9]\d*) segments  (\d+) paise$`)
	seen := map[string]int{}
	for _, m := range size.FindAllStringSubmatch(shown, -1) {
		seen[m[1]]++
		segments, err := strconv.Atoi(m[4])
		if err != nil || segments > 3 || m[5] != strconv.Itoa(segments*15) {
			t.Errorf("screen %q", m[0])
		}
		if m[1] == "en" && m[2] != "gsm7" {
			t.Errorf("an English text costs as much as a Bengali one: %q", m[0])
		}
	}
	if seen["bn"] < 10 || seen["bn"] != seen["hi"] || seen["bn"] != seen["en"] {
		t.Errorf("screens by language: %v, want as many in each", seen)
	}
	within(t, "setu preview", shown, "10 সংখ্যার উপভোক্তা নম্বর", "10 अंकों का लाभार्थी नंबर", "beneficiary number of 10 digits")
	one, err := command(t, "preview", "engine", "--lang", "hi")
	if err != nil || strings.Contains(one, "  bn  ") || !strings.Contains(one, "  hi  ") {
		t.Errorf("setu preview engine --lang hi: %v\n%.300s", err, one)
	}
	drawn, err := command(t, "preview", "benefit", "--medium", "ussd", "--lang", "bn")
	if err != nil {
		t.Fatalf("setu preview --medium ussd: %v\n%s", err, drawn)
	}
	within(t, "setu preview --medium ussd", drawn, "want  bn  screen 1 of 1, ", " of 160 octets, ucs2\n    | ভাতা: কী চান?\n    | 1 শেষ টাকা", "    | 0 পিছনে\n", ", the session ends\n")
	drawn, err = command(t, "preview", "benefit", "--medium", "ussd", "--lang", "bn", "--latin")
	if err != nil || !strings.Contains(drawn, "gsm7\n    | bhata: ki chan?\n") || strings.Contains(drawn, "ucs2") {
		t.Errorf("setu preview --latin: %v\n%.600s", err, drawn)
	}
	if out, err := command(t, "preview", "nosuch"); err == nil || !strings.Contains(out, "nosuch") {
		t.Errorf("setu preview of no service: %v, %s", err, out)
	}
}

// TestPhone holds conversations with `setu phone`, beside other handsets.
func TestPhone(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	for i, text := range []string{"ভাতা ১০০০০০০০০১", "भत्ता १००००००००१", "BHATA 1000000001"} {
		number := newNumber()
		w.Note(number)
		out, err := command(t, "phone", "--addr", w.SMPP, "--number", "+"+number, "--send", text)
		if err != nil {
			t.Fatalf("setu phone: %v\n%s", err, out)
		}
		within(t, "setu phone", out, []string{"বার্ধক্য ভাতা", "वृद्धावस्था पेंशन", "Old Age Pension"}[i])
	}
}
