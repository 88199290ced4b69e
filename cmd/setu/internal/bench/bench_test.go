package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"setu/cmd/setu/internal/bench"
)

// quick is a run that ends in well under a second.
func quick(addr string) bench.Config {
	return bench.Config{
		Addr: addr, N: 600, WarmUp: 100, UnderWay: 50, Window: 20, Bengali: 0.5,
		Patience: 20 * time.Second, Linger: 200 * time.Millisecond, // a machine may stand still for a moment
	}
}

func TestRun_Counts(t *testing.T) {
	t.Parallel()
	type counts struct{ Done, Lost, Doubled, Misrouted, Wrong, Refused, Throttled, FollowUps int }
	long := strings.Repeat("দীর্ঘ উত্তর ", 20)
	// The fake counts messages from the first of the warm-up on, so of 700
	// messages those from 101 to 700 count.
	for _, tt := range []struct {
		name string
		fake *gateway
		mix  bench.Mix
		want counts
	}{
		{"all well", &gateway{}, bench.Help, counts{Done: 600}},
		{"query", &gateway{}, bench.Query, counts{Done: 600}},
		{"long answers", &gateway{answer: long}, bench.Help, counts{Done: 600}},
		{"lost", &gateway{drop: 200}, bench.Help, counts{Done: 597, Lost: 3}},
		{"doubled", &gateway{double: 100}, bench.Help, counts{Done: 600, Doubled: 6}},
		{"doubled long", &gateway{double: 100, answer: long}, bench.Help, counts{Done: 600, Doubled: 6}},
		{"misrouted", &gateway{misroute: 200}, bench.Help, counts{Done: 597, Lost: 3, Misrouted: 3}},
		{"wrong", &gateway{wrong: 100}, bench.Help, counts{Done: 600, Wrong: 6}},
		{"refused", &gateway{refuse: 100}, bench.Help, counts{Done: 600, Refused: 6}},
		{"throttled", &gateway{throttle: 100}, bench.Help, counts{Done: 600, Throttled: 6}},
		{"submit", &gateway{follow: true}, bench.Submit, counts{Done: 600, FollowUps: 600}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := quick(tt.fake.listen(t))
			cfg.Mix = tt.mix
			if tt.fake.drop > 0 || tt.fake.misroute > 0 {
				cfg.WarmUp, cfg.Patience = -1, time.Second // it is waited for what never comes
				tt.fake.taken = 100
			}
			r, err := bench.Run(t.Context(), cfg, discard)
			if err != nil {
				t.Fatalf("Run() = %v", err)
			}
			got := counts{r.Done, r.Lost, r.Doubled, r.Misrouted, r.Wrong, r.Refused, r.Throttled, r.FollowUps}
			if got != tt.want {
				t.Errorf("Run() counted %+v, want %+v", got, tt.want)
			}
			sound := tt.want == counts{Done: 600, Throttled: tt.want.Throttled, FollowUps: tt.want.FollowUps}
			if r.Sound() != sound {
				t.Errorf("Sound() = %v, want %v", r.Sound(), sound)
			}
		})
	}
}

func TestRun_OpenLoop(t *testing.T) {
	t.Parallel()
	cfg := quick((&gateway{}).listen(t))
	cfg.Rate = 2000
	r, err := bench.Run(t.Context(), cfg, discard)
	if err != nil {
		t.Fatal(err)
	}
	// Never faster than asked; how much slower depends on the machine.
	if r.Done != 600 || r.Seconds < 0.29 || r.PerSecond > 2100 {
		t.Errorf("600 at 2000 a second: %d in %.3f s (%.0f a second)", r.Done, r.Seconds, r.PerSecond)
	}
}

func TestRun_Report(t *testing.T) {
	t.Parallel()
	cfg := quick((&gateway{}).listen(t))
	cfg.PID = os.Getpid()
	cfg.Ceiling = func(context.Context) (float64, error) { return 50_000, nil }
	var text bytes.Buffer
	if _, err := bench.Run(t.Context(), cfg, &text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"help, 50 % Bengali: 600 round trips", "of the durable ceiling, 50000 a second", "p99.9",
		"lost 0, doubled 0, misrouted 0, wrong 0", "MiB at its peak", `bn            "উত্তর: নমস্কার", 1 segments`, `"Answer to HELP"`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
	cfg.JSON = true
	var object bytes.Buffer
	want, err := bench.Run(t.Context(), cfg, &object)
	if err != nil {
		t.Fatal(err)
	}
	var got bench.Report
	if err := json.Unmarshal(object.Bytes(), &got); err != nil {
		t.Fatalf("the report is no JSON: %v\n%s", err, object.String())
	}
	if got.PerSecond != want.PerSecond || got.Gateway == nil || got.Gateway.RSS < 1<<20 || math.Abs(got.Share-got.PerSecond/50_000) > 1e-9 {
		t.Errorf("the JSON report says %+v, want %+v", got, want)
	}
}

func TestRun_Metrics(t *testing.T) {
	t.Parallel()
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			_, _ = w.Write([]byte("# HELP x y\nprocess_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 4.194304e+07\n"))
		}
	}))
	t.Cleanup(admin.Close)
	cfg := quick((&gateway{}).listen(t))
	cfg.AdminAddr = strings.TrimPrefix(admin.URL, "http://")
	r, err := bench.Run(t.Context(), cfg, discard)
	if err != nil {
		t.Fatal(err)
	}
	if r.Gateway == nil || r.Gateway.RSS != 40<<20 || r.Gateway.CPU != 0 {
		t.Errorf("usage by the admin listener: %+v, want 40 MiB and no CPU", r.Gateway)
	}
	cfg.AdminAddr = "127.0.0.1:1"
	r, err = bench.Run(t.Context(), cfg, discard)
	if err != nil || r.Gateway != nil || len(r.Notes) == 0 {
		t.Errorf("without an admin listener: usage %+v, notes %q, error %v", r.Gateway, r.Notes, err)
	}
}

func TestRun_Errors(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context //nolint:containedctx // the case itself
		fake gateway
		set  func(*bench.Config)
		want error
	}{
		{name: "wrong password", fake: gateway{password: "other"}, want: bench.ErrRefused},
		{name: "share", set: func(c *bench.Config) { c.Bengali = 1.5 }, want: bench.ErrConfig},
		{name: "rate", set: func(c *bench.Config) { c.Rate = -1 }, want: bench.ErrConfig},
		{name: "window", set: func(c *bench.Config) { c.Window = 1 << 20 }, want: bench.ErrConfig},
		{name: "two segments", set: func(c *bench.Config) { c.Steps = []string{strings.Repeat("x", 161)} }, want: bench.ErrConfig},
		{name: "hang up in the warm-up", fake: gateway{hangUp: 50}, want: bench.ErrLink},
		{name: "hang up", fake: gateway{hangUp: 350}, want: bench.ErrLink},
		{name: "nothing answered", fake: gateway{drop: 1}, set: func(c *bench.Config) { c.Patience = time.Second }, want: bench.ErrSilent},
		{name: "cancelled", ctx: cancelled, want: context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := quick(tt.fake.listen(t))
			if tt.set != nil {
				tt.set(&cfg)
			}
			ctx := tt.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			if _, err := bench.Run(ctx, cfg, discard); !errors.Is(err, tt.want) {
				t.Errorf("Run() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestParseMix(t *testing.T) {
	t.Parallel()
	if m, err := bench.ParseMix("Query"); m != bench.Query || err != nil {
		t.Errorf("ParseMix(Query) = %v, %v", m, err)
	}
	if _, err := bench.ParseMix("all"); !errors.Is(err, bench.ErrConfig) {
		t.Errorf("ParseMix(all) = %v, want ErrConfig", err)
	}
}

// BenchmarkGenerator is the generator against a gateway that does nothing:
// what it costs, and how fast it could drive a gateway at best.
func BenchmarkGenerator(b *testing.B) {
	for _, tt := range []struct {
		name                string
		n, window, underWay int
	}{
		{"window=1", 2_000, 1, 1}, {"window=100", 50_000, 100, 1000},
	} {
		b.Run(tt.name, func(b *testing.B) {
			addr := (&gateway{}).listen(b)
			cfg := bench.Config{Addr: addr, N: tt.n, Window: tt.window, UnderWay: tt.underWay, Bengali: 0.5, Linger: -1}
			var r bench.Report
			for b.Loop() {
				var err error
				if r, err = bench.Run(b.Context(), cfg, discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(r.PerSecond, "msg/s")
			b.ReportMetric(r.Generator, "cpu-µs/msg")
		})
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fake    *gateway
		ceiling float64
		want    []string
	}{
		{"reached", &gateway{}, 1, []string{"✓ each message has its one right answer", "✓ help: 40 % of the ceiling", "✓ query: 20 % of the ceiling"}},
		{"not reached", &gateway{wrong: 97}, 1e9, []string{"✗ each message has its one right answer", "✗ help: 40 % of the ceiling", "✗ query: 20 % of the ceiling"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := quick(tt.fake.listen(t))
			cfg.PID = os.Getpid()
			cfg.Ceiling = func(context.Context) (float64, error) { return tt.ceiling, nil }
			var out strings.Builder
			reports, err := bench.Goals(t.Context(), cfg, &out)
			if err != nil {
				t.Fatal(err)
			}
			if len(reports) != 5 || reports[3].Rate == 0 || reports[2].UnderWay != 1 {
				t.Errorf("Goals() gave %d reports", len(reports))
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the verdict lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
}
