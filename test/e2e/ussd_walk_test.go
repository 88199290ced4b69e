package e2e_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/test/gatewaytest"
	"setu/ussd/ussdhttp"
)

const (
	walkers  = 12
	walkTime = 10 * time.Second
)

// TestUSSD_Walk lets citizens press whatever comes to their minds, in every
// dialect and language. Each screen fits, none is an error of ours, and 00
// always leads to the main menu or an end.
func TestUSSD_Walk(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: "log: {level: debug}\n"})
	names := dialects(t).Names()
	over := time.Now().Add(walkTime)
	var wg sync.WaitGroup
	walks := make([]*walk, walkers)
	for i := range walks {
		walks[i] = &walk{
			t: t, w: w, r: rand.New(rand.NewPCG(uint64(i), 3)), //nolint:gosec // the same walk in each run
			peer: dialects(t)[names[i%len(names)]].Peer("http://" + w.HTTP), number: newNumber(),
		}
		w.Note(walks[i].number)
		wg.Go(func() { walks[i].run(t.Context(), over) })
	}
	wg.Wait()
	screens, ends := 0, 0
	for _, k := range walks {
		screens, ends = screens+k.screens, ends+k.ends
	}
	t.Logf("%d screens, %d of them last ones", screens, ends)
	if screens < 20*walkers || ends < walkers {
		t.Errorf("only %d screens and %d ends", screens, ends)
	}
}

// walk is one citizen at random.
type walk struct {
	t             *testing.T
	w             *town
	r             *rand.Rand
	peer          *ussdhttp.Peer
	number        string
	screens, ends int
}

func (k *walk) run(ctx context.Context, over time.Time) {
	for time.Now().Before(over) && !k.t.Failed() {
		k.session(ctx)
		if k.r.IntN(4) == 0 {
			k.number = newNumber()
			k.w.Note(k.number)
		}
	}
}

// session walks until the last screen, or until she has had enough.
func (k *walk) session(ctx context.Context) {
	call := k.peer.Dial("+"+k.number, "51969")
	dialled := ""
	if k.r.IntN(3) == 0 {
		dialled = k.any()
	}
	shown, ok := k.send(ctx, call, dialled)
	for i := 0; ok && !shown.End; i++ {
		switch n := k.r.IntN(40); {
		case n == 0:
			k.tell(ctx, call.Abort)
			return
		case n == 1:
			k.tell(ctx, call.Timeout)
			return
		case n == 2:
			return // she dials again before anybody knows
		case n == 3 || i > 40:
			k.home(ctx, call)
			return
		}
		if shown, ok = k.send(ctx, call, k.press(shown.Text)); ok && k.r.IntN(20) == 0 {
			k.repeat(ctx, call, shown)
		}
	}
}

// send enters something and checks the screen.
func (k *walk) send(ctx context.Context, call *ussdhttp.Call, input string) (ussdhttp.Answer, bool) {
	a, err := call.Send(ctx, input)
	if err != nil {
		k.t.Errorf("%s: after %q: %v", k.peer.Dialect.Name, input, err)
		return a, false
	}
	k.w.Heard(input, a.Text)
	if n := octets(a.Text); n > 160 || strings.TrimSpace(a.Text) == "" {
		k.t.Errorf("%s: the screen after %q has %d octets: %q", k.peer.Dialect.Name, input, n, a.Text)
	}
	if k.screens++; a.End {
		k.ends++
	}
	return a, true
}

// repeat asks once more for the screen that came. Dialects without a session's
// name cannot tell that from a new entry.
func (k *walk) repeat(ctx context.Context, call *ussdhttp.Call, shown ussdhttp.Answer) {
	a, err := call.Again(ctx)
	switch {
	case err != nil:
		k.t.Errorf("%s: again: %v", k.peer.Dialect.Name, err)
	case k.peer.Dialect.Name == "africastalking" && a.Text != shown.Text:
		k.t.Errorf("%s: again %q, want %q", k.peer.Dialect.Name, a.Text, shown.Text)
	}
}

// home presses 00, which must show the main menu or end the session.
func (k *walk) home(ctx context.Context, call *ussdhttp.Call) {
	shown, ok := k.send(ctx, call, "00")
	if !ok || shown.End {
		return
	}
	for _, title := range []string{"ভাতা", "भत्ता", "Benefit", "bhata", "bhatta", "English"} {
		if strings.Contains(shown.Text, title) {
			return
		}
	}
	k.t.Errorf("%s: 00 shows %q", k.peer.Dialect.Name, shown.Text)
}

func (k *walk) tell(ctx context.Context, tell func(context.Context) error) {
	if err := tell(ctx); err != nil && !errors.Is(err, ussdhttp.ErrNotTold) {
		k.t.Errorf("%s: end of a session: %v", k.peer.Dialect.Name, err)
	}
}

// press gives a key: mostly one that the screen offers.
func (k *walk) press(screen string) string {
	var offered []string
	for line := range strings.SplitSeq(screen, "\n") {
		for word := range strings.FieldsSeq(line) {
			if len(word) == 1 && word[0] >= '0' && word[0] <= '9' {
				offered = append(offered, word)
			}
		}
	}
	if len(offered) > 0 && k.r.IntN(5) > 0 {
		return offered[k.r.IntN(len(offered))]
	}
	return k.any()
}

// any gives what people may enter.
func (k *walk) any() string {
	all := []string{
		"1", "2", "3", "0", "00", "9", "8", "1000000001", "4000000004", "3000000003", "10000019", "450", "101", "12345",
		fromToday(240 * time.Hour), "wb.example.gov", "WB10000001", "a6d9eadb2889", "No water 2 weeks", "5713", "4711", "99",
		"1*1", "1*1000000001", "3*1*3", "BHATA 1000000001", "HELP", "ভাতা ১০০০০০০০০১", "भत्ता", "সাহায্য", "CANCEL", "PIN", " ", "#", "***",
		strings.Repeat("1234567890", 20), "\u200d", "😀",
	}
	return all[k.r.IntN(len(all))]
}
