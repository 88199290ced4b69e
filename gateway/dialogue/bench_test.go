package dialogue_test

import (
	"fmt"
	"testing"
	"time"

	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ledgerclient"
)

func at(minutes int) time.Time {
	return time.Date(2026, time.November, 25, 4, 30, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

func load(tb testing.TB) *catalogue.Catalogue {
	tb.Helper()
	c, err := catalogue.Load(catalogue.Limits{gateway.SMS: {Max: 3, Measure: func(text string) (int, string) {
		_, segments, units := sms.Count(text)
		return segments, fmt.Sprintf("%d units, %d segments", units, segments)
	}}}, catalogue.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func BenchmarkStep(b *testing.B) {
	e := dialogue.New(load(b), dialogue.Options{})
	for _, bm := range []struct{ name, text string }{
		{"text=help/lang=en", "HELP"},
		{"text=help/lang=bn", "সাহায্য"},
		{"text=query/lang=en", "BHATA 1000000001"},
		{"text=query/lang=bn", "ভাতা ১০০০০০০০০১"},
		{"text=unknown/lang=en", "RANDOMWORD"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			in := gateway.Inbound{Medium: gateway.SMS, Text: gateway.Private(bm.text), At: at(0)}
			for b.Loop() {
				e.Step(gateway.Session{}, in)
			}
		})
	}
}

func BenchmarkResume(b *testing.B) {
	e := dialogue.New(load(b), dialogue.Options{})
	out := e.Step(gateway.Session{}, gateway.Inbound{Medium: gateway.SMS, Text: "ভাতা ১০০০০০০০০১", At: at(0)})
	answer := paidAnswer()
	b.ReportAllocs()
	for b.Loop() {
		e.Resume(out.Session, *out.Query, answer, at(0))
	}
}

func BenchmarkRender(b *testing.B) {
	c := load(b)
	e := dialogue.New(c, dialogue.Options{})
	out := e.Step(gateway.Session{}, gateway.Inbound{Medium: gateway.SMS, Text: "ভাতা ১০০০০০০০০১", At: at(0)})
	reply := e.Resume(out.Session, *out.Query, paidAnswer(), at(0)).Reply
	menu := e.Step(gateway.Session{}, gateway.Inbound{Medium: gateway.SMS, Text: "মেনু", At: at(0)}).Reply
	help := e.Notice(i18n.Format{Lang: i18n.Bengali}, "help", nil)
	for _, bm := range []struct {
		name  string
		reply gateway.Reply
	}{{"reply=answer", reply}, {"reply=menu", menu}, {"reply=help", help}} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = c.AppendReply(dst[:0], bm.reply, gateway.SMS)
			}
		})
	}
}

func paidAnswer() ledgerclient.Answer {
	return ledgerclient.Answer{Code: "found", Fields: map[string]string{
		"scheme.bn": "বার্ধক্য ভাতা", "scheme.hi": "वृद्धावस्था पेंशन", "scheme.en": "Old Age Pension",
		"amount": "1000", "month": "2026-10-01", "paid": "2026-11-02", "next": "2026-12-02", "status": "paid",
	}, AsOf: ledgerclient.AsOf{Block: 7, Time: at(0)}}
}
