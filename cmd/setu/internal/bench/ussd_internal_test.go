package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// centre is a gateway as a caller sees it: a main menu, allowances and prices,
// in the language that a citizen chose at her first dial.
type centre struct {
	mu    sync.Mutex
	lang  map[string]string
	chose map[string]bool                 // sessions in which a language was chosen
	spoil func(n int, text string) string // what the n-th screen is instead; nil for as it is
	asked int
}

func (c *centre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	form := func(key string) string { return r.PostFormValue(key) }
	screen := c.screen(form("sessionId"), form("phoneNumber"), form("text"))
	if form("serviceCode") != "*51969#" || !strings.HasPrefix(form("sessionId"), "ATUid_") {
		screen = "END no such code"
	}
	c.mu.Lock()
	c.asked++
	n := c.asked
	c.mu.Unlock()
	if c.spoil != nil {
		screen = c.spoil(n, screen)
	}
	switch screen {
	case "500":
		w.WriteHeader(http.StatusInternalServerError)
	case "hang up":
		panic(http.ErrAbortHandler)
	default:
		_, _ = io.WriteString(w, screen)
	}
}

func (c *centre) screen(session, from, text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := strings.FieldsFunc(text, func(r rune) bool { return r == '*' })
	if c.lang[from] == "" {
		if text == "" {
			return "CON 1 বাংলা\n2 हिन्दी\n3 English"
		}
		c.lang[from], c.chose[session] = map[string]string{"1": "bn", "3": "en"}[keys[0]], true
	}
	if c.chose[session] {
		keys = keys[1:]
	}
	menu, last := "1 ভাতা", " টাকা"
	if c.lang[from] == "en" {
		menu, last = "1 Benefit", "Rs "
	}
	if len(keys) < 3 {
		return "CON " + menu + strings.Repeat(".", len(keys))
	}
	return "END " + last + ": " + keys[2]
}

// start serves a handler until the test ends, and gives its address.
func start(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func newCentre(spoil func(int, string) string) *centre {
	return &centre{lang: map[string]string{}, chose: map[string]bool{}, spoil: spoil}
}

func TestRunUSSD(t *testing.T) {
	t.Parallel()
	stopped := false
	cfg := USSDConfig{
		Addr: start(t, newCentre(nil)), Levels: []int{4, 20}, N: 200, Citizens: 80, Bengali: 0.5, Share: 0.5, Goals: true,
		Bare: func(context.Context) (*Bare, error) {
			addr := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, Constant) }))
			return &Bare{Addr: addr, Stop: func() error { stopped = true; return nil }}, nil
		},
	}
	var out strings.Builder
	report, err := RunUSSD(t.Context(), cfg, &out)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Sound() || !stopped || len(report.Runs) != 3 {
		t.Fatalf("sound %v, stopped %v, %d runs:\n%s", report.Sound(), stopped, len(report.Runs), out.String())
	}
	for _, r := range report.Runs[:2] {
		if r.Sessions.Count != 200 || r.Screens.Count != 4*200 || r.Plain.Calls.Count != 4*200 || r.Plain.Ratio <= 0 {
			t.Errorf("%d at once: %d sessions, %d screens, plain %+v", r.Callers, r.Sessions.Count, r.Screens.Count, r.Plain)
		}
		if r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 {
			t.Errorf("%d at once: latency %v", r.Callers, r.Latency)
		}
	}
	if last := report.Runs[2]; last.Rate <= 0 || last.Plain != nil || last.Sessions.Count == 0 {
		t.Errorf("run at a rate: %+v", last)
	}
	for _, want := range []string{"4 sessions at once", "ratio", "goals\n", "✓ each screen", "1 ভাতা", "Rs : 1000000001"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, out.String())
		}
	}
}

// TestRunUSSD_Bad: whatever is not the screen that belongs there is counted.
func TestRunUSSD_Bad(t *testing.T) {
	t.Parallel()
	after := func(n int, text string) func(int, string) string {
		return func(i int, good string) string {
			if i > n && i%10 == 0 {
				return text
			}
			return good
		}
	}
	const enrolment = 80 * 5 // screens before what counts
	for _, tt := range []struct {
		name  string
		spoil func(int, string) string
		want  func(USSDRun) bool
		note  string
	}{
		{"other text", after(enrolment, "CON We are busy"), func(r USSDRun) bool { return r.Wrong > 0 }, "We are busy"},
		{"end too soon", func(i int, s string) string {
			if i > enrolment && i%7 == 0 {
				return strings.Replace(s, "CON", "END", 1)
			}
			return s
		}, func(r USSDRun) bool { return r.Wrong > 0 }, "END"},
		{"status", after(enrolment, "500"), func(r USSDRun) bool { return r.Refused > 0 }, "500"},
		{"broken connection", after(enrolment, "hang up"), func(r USSDRun) bool { return r.Lost > 0 }, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := USSDConfig{Addr: start(t, newCentre(tt.spoil)), Levels: []int{10}, N: 400, Citizens: 80}
			report, err := RunUSSD(t.Context(), cfg, io.Discard)
			if err != nil || len(report.Runs) != 1 {
				t.Fatalf("RunUSSD() = %+v, %v", report, err)
			}
			if r := report.Runs[0]; !tt.want(r) || r.Sound() || !strings.Contains(strings.Join(r.Notes, "\n"), tt.note) {
				t.Errorf("run = %+v, want a note with %q", r, tt.note)
			}
		})
	}
}

func TestRunUSSD_Errors(t *testing.T) {
	t.Parallel()
	good := start(t, newCentre(nil))
	for _, tt := range []struct {
		name string
		cfg  USSDConfig
		want error
	}{
		{"a mix without screens", USSDConfig{Addr: good, Mix: Help}, ErrConfig},
		{"a share over 1", USSDConfig{Addr: good, New: 1.5}, ErrConfig},
		{"too many at once", USSDConfig{Addr: good, Levels: []int{maxCallers + 1}}, ErrConfig},
		{"no gateway of ours", USSDConfig{Addr: start(t, http.NotFoundHandler()), Levels: []int{1}, Citizens: 2}, ErrSilent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := RunUSSD(t.Context(), tt.cfg, io.Discard); !errors.Is(err, tt.want) {
				t.Errorf("RunUSSD() = %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := RunUSSD(t.Context(), USSDConfig{Addr: "127.0.0.1:1"}, io.Discard); err == nil || !strings.Contains(err.Error(), "setu serve") {
		t.Errorf("RunUSSD() without a gateway = %v", err)
	}
}

// TestRunUSSD_New: citizens who dial for the first time choose a language.
func TestRunUSSD_New(t *testing.T) {
	t.Parallel()
	cfg := USSDConfig{Addr: start(t, newCentre(nil)), Levels: []int{5}, N: 400, Citizens: 80, New: 0.25, Bengali: 1, Rate: 4_000}
	report, err := RunUSSD(t.Context(), cfg, io.Discard)
	if err != nil || !report.Sound() {
		t.Fatalf("RunUSSD() = %+v, %v", report, err)
	}
	if r := report.Runs[0]; r.Sessions.Count != 400 || r.Screens.Count < 400*4+90 || r.Screens.Count > 400*4+110 {
		t.Errorf("%d sessions in %d screens, want 400 in about 1700", r.Sessions.Count, r.Screens.Count)
	}
}

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		status   int
		body     string
		whole    bool
		bad      bool
	}{
		{"whole", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nCON a", 200, "CON a", true, false},
		{"names of fields have no case", "HTTP/1.1 502 Bad\r\ncontent-length:0\r\n\r\n", 502, "", true, false},
		{"headers are cut off", "HTTP/1.1 200 OK\r\nContent-Le", 0, "", false, false},
		{"body is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nCO", 0, "", false, false},
		{"no length", "HTTP/1.1 200 OK\r\n\r\nCON a", 0, "", false, true},
		{"longer than it says", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nCON a", 0, "", false, true},
		{"no HTTP", "SMPP 200 OK now\r\n\r\n", 0, "", false, true},
		{"no number", "HTTP/1.1 2x0 OK\r\n\r\n", 0, "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, body, whole, err := parseAnswer([]byte(tt.in))
			if status != tt.status || string(body) != tt.body || whole != tt.whole || (err != nil) != tt.bad {
				t.Errorf("parseAnswer(%q) = %d, %q, %v, %v", tt.in, status, body, whole, err)
			}
		})
	}
}

// FuzzParseAnswer: what was whole stays the same when it comes in two parts.
func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nCON a"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, body, whole, err := parseAnswer(b)
		if whole && err != nil {
			t.Fatalf("whole and %v", err)
		}
		if !whole {
			return
		}
		if early := b[:len(b)-1]; len(body) > 0 {
			if _, _, whole, err := parseAnswer(early); whole || err != nil {
				t.Fatalf("one octet less is whole=%v, %v", whole, err)
			}
		}
	})
}

// BenchmarkCaller measures generator and a plain server of net/http together:
// an upper bound of what the generator takes for a screen.
func BenchmarkCaller(b *testing.B) {
	addr := start(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, Constant) }))
	cfg, err := USSDConfig{Addr: addr, Levels: []int{50}, Citizens: 100}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	c, err := newCrowd(b.Context(), cfg, newTalk(cfg).plain(), addr, 50)
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	b.ReportAllocs()
	own, began := ownCPU(), time.Now()
	screens := 0
	for b.Loop() {
		if err := c.phase(b.Context(), 250, 0); err != nil {
			b.Fatal(err)
		}
		screens += 1_000
	}
	if c.tally.wrong+c.tally.lost+c.tally.refused > 0 {
		b.Fatal(c.tally.trouble())
	}
	b.ReportMetric(float64(screens)/time.Since(began).Seconds(), "screens/s")
	b.ReportMetric(micros(ownCPU()-own, screens), "cpu-µs/screen")
}
