package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"setu/gateway/conversation"
	"setu/test/gatewaytest"
)

// TestConversations holds every golden conversation of the nine services with
// the running gateway: by keyword and step by step, questions and transactions,
// in three languages, in the very words that translators corrected. Dates and
// numbers that are drawn anew in each run are compared by their kind.
//
// After each transaction its receipt is asked for by SMS and with `setu
// receipt`.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../gateway/catalogue/services/*/test/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	services := map[string]bool{}
	for _, file := range files {
		services[serviceOf(file)+"."+langOf(file)] = true
	}
	if len(services) != 9*3 {
		t.Errorf("there are conversations for %d of the nine services in three languages: %v", len(services), services)
	}
	converse(t, gatewaytest.Options{}, files)
}

// converse plays the files. Those that leave the ledger as it was share a
// gateway; each other one has its own.
func converse(t *testing.T, o gatewaytest.Options, files []string) {
	t.Helper()
	o.Config = quick
	shared := open(t, o)
	t.Run("files", func(t *testing.T) {
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := string(raw)
			if strings.Contains(text, "\n@ call\n") { // no telephone reaches the gateway; setu check plays it
				continue
			}
			t.Run(serviceOf(file)+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				w := shared
				if strings.Contains(text, "\n= submit") || strings.Contains(text, "\n@ ") {
					w = open(t, o)
				}
				p := &performer{t: t, w: w, lang: langOf(file), service: serviceOf(file), from: newNumber(), learnt: map[string]string{}}
				p.play(text)
			})
		}
	})
}

func serviceOf(file string) string { return filepath.Base(filepath.Dir(filepath.Dir(file))) }

func langOf(file string) string {
	parts := strings.Split(filepath.Base(file), ".")
	return parts[len(parts)-2]
}

// performer plays one file.
type performer struct {
	t             *testing.T
	w             *town
	lang, service string
	from          string
	heard         int               // messages that from has been told
	learnt        map[string]string // numbers of the file, as they are in this run
	code          string            // of the transaction that the next message tells of
	late          bool              // time should have passed that did not
}

// play plays the lines in order, as far as it can without moving the clock.
func (p *performer) play(text string) {
	p.heard = len(p.w.Told(p.from))
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, "> "):
			p.w.send(p.from, p.translate(strings.TrimPrefix(line, "> ")))
		case strings.HasPrefix(line, "< "):
			want := strings.TrimPrefix(line, "< ")
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
				i++
				want += "\n" + strings.TrimPrefix(lines[i], "  ")
			}
			p.hear(i+1, want)
		case strings.HasPrefix(line, "= submit"):
			p.code = line[strings.LastIndex(line, " ")+1:]
		case strings.HasPrefix(line, "@ "):
			if !p.direct(strings.TrimPrefix(line, "@ "), lines[i+1:]) {
				return
			}
		}
		if p.t.Failed() {
			return
		}
	}
	if got := p.w.Told(p.from); len(got) != p.heard {
		p.t.Errorf("told more than the conversation has: %q", got[p.heard:])
	}
}

// direct does what a line with @ says, and reports whether to go on: nobody
// waits until a time to take something back is over.
func (p *performer) direct(what string, rest []string) bool {
	switch {
	case strings.HasPrefix(what, "from +"):
		p.from = strings.TrimPrefix(what, "from +")
		p.heard = len(p.w.Told(p.from))
	case what == "ledger down", what == "ledger up":
		p.w.setu("sandbox", strings.TrimPrefix(what, "ledger "))
	case strings.HasPrefix(what, "+"):
		d, err := time.ParseDuration(what[1:])
		if err != nil {
			p.t.Fatal(err)
		}
		p.late = d >= 10*time.Minute
		return !p.late || len(rest) > 0 && rest[0] == "@ ledger up"
	default:
		p.t.Fatalf("direction %q is not known here", what)
	}
	return true
}

// hear awaits a message and compares it.
func (p *performer) hear(line int, want string) {
	p.t.Helper()
	got := p.w.await(p.from, p.heard)
	p.heard++
	if p.late {
		// In the file the time to take it back is over by then.
		got = strings.Join(strings.Split(got, "\n")[:1+strings.Count(want, "\n")], "\n")
	}
	if err := p.compare(want, got); err != nil {
		p.t.Errorf("line %d: %v\ngot:\n%s\nwant:\n%s", line, err, got, want)
		return
	}
	if p.code != "" {
		p.checkReceipt(lastReceipt(p.t, got), p.code)
		p.code = ""
	}
}

// lastReceipt is the last receipt number of a text: its own, behind that of
// what it takes back.
func lastReceipt(t testing.TB, text string) string {
	t.Helper()
	all := receiptNumber.FindAllString(text, -1)
	if len(all) == 0 {
		t.Fatalf("%q holds no receipt", text)
	}
	return all[len(all)-1]
}

// checkReceipt asks for a receipt as a third person and as an operator do.
func (p *performer) checkReceipt(receipt, code string) {
	p.t.Helper()
	var st struct {
		Receipt, State, Service, Code string
		Block                         uint64
	}
	if err := json.Unmarshal([]byte(p.w.setu("receipt", receipt)), &st); err != nil {
		p.t.Fatal(err)
	}
	// A contract that says no leaves nothing on the ledger.
	state := "rejected"
	if code == "done" || code == "undone" {
		state = "recorded"
	}
	if st.Receipt != receipt || st.Code != code || st.State != state || st.Service != p.service {
		p.t.Errorf("setu receipt %s = %+v, want %s with code %q of %s", receipt, st, state, code, p.service)
	}
	for _, l := range languages {
		if l.code != p.lang {
			continue
		}
		reply := p.w.ask(newNumber(), l.receipt+" "+strings.ReplaceAll(receipt, "-", ""))
		within(p.t, l.receipt, reply, receipt)
		if held := blockNumber.FindStringSubmatch(reply); (held != nil) != (state == "recorded") || held != nil && held[1] != fmt.Sprint(st.Block) {
			p.t.Errorf("%q names a block only if it is recorded, want %s in %d", reply, state, st.Block)
		}
	}
}

var (
	// varying are dates with or without a time, receipt numbers, numbers of
	// lots and complaints, the place that a lot goes to, and blocks: what
	// differs from run to run.
	varying = regexp.MustCompile(`\d{1,2} \p{L}[\p{L}\p{M}]* (?:19|20)\d\d(?: \d\d:\d\d)?|\d{4}-\d{4}-\d{4}|\b\d{8}\b|` +
		`[\p{L}\p{M}]+ (?:Kisan Mandi|কিষান মান্ডি|किसान मंडी)|(?:block|ব্লক|ब्लॉक) \d+`)
	// blockNumber is where a receipt stands on the ledger.
	blockNumber = regexp.MustCompile(`(?:block|ব্লক|ब्लॉक) (\d+)`)
	// receiptNumber is how a receipt is shown.
	receiptNumber = regexp.MustCompile(`\d{4}-\d{4}-\d{4}`)
	// written are a receipt's or another's number, and a date, in what a
	// citizen writes.
	written = regexp.MustCompile(`\b\d{1,2}-\d{1,2}-\d{4}\b|\b\d{8,12}\b`)
)

// kind says what a varying part is.
func kind(s string) string {
	switch {
	case strings.Count(s, "-") == 2:
		return "receipt"
	case strings.Contains(s, ":"):
		return "time"
	case !strings.Contains(s, " "):
		return "number"
	case s[0] >= '0' && s[0] <= '9':
		return "date"
	case blockNumber.MatchString(s):
		return "block"
	}
	return "place"
}

// compare compares two texts but for their varying parts, and learns those.
func (p *performer) compare(want, got string) error {
	a, b := varying.FindAllString(want, -1), varying.FindAllString(got, -1)
	if x, y := varying.Split(want, -1), varying.Split(got, -1); len(a) != len(b) || strings.Join(x, "\x00") != strings.Join(y, "\x00") {
		return errors.New("the words differ")
	}
	for i := range a {
		if kind(a[i]) != kind(b[i]) {
			return fmt.Errorf("%q stands where %q should", b[i], a[i])
		}
		if k := kind(a[i]); k != "receipt" && k != "number" {
			continue
		}
		if known := p.learnt[a[i]]; known != "" && known != b[i] {
			return fmt.Errorf("%q is now %q and was %q", a[i], b[i], known)
		}
		p.learnt[a[i]] = b[i]
		p.learnt[strings.ReplaceAll(a[i], "-", "")] = strings.ReplaceAll(b[i], "-", "")
	}
	return nil
}

// translate puts what was learnt into a text that a citizen writes, and moves
// its dates by as much as today is later than the conversation.
func (p *performer) translate(text string) string {
	return written.ReplaceAllStringFunc(text, func(s string) string {
		if learnt := p.learnt[s]; learnt != "" {
			return learnt
		}
		day, err := time.Parse("2-1-2006", s)
		if err != nil {
			return s
		}
		return fromToday(day.Sub(conversation.DefaultStart().Truncate(24 * time.Hour)))
	})
}

// fromToday is a day as a citizen writes it, so much after today.
func fromToday(d time.Duration) string {
	india := time.FixedZone("IST", 5*3600+1800)
	return time.Now().In(india).Add(d).Format("02-01-2006")
}
