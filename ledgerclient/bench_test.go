package ledgerclient_test

import (
	"testing"
	"time"

	"setu/ledgerclient"
)

func exampleQuery() ledgerclient.Query {
	return ledgerclient.Query{
		Call:   ledgerclient.Call{Contract: "benefits", Function: "Status", Args: map[string]string{"beneficiary": "1000000001"}},
		Caller: ledgerclient.Caller{Pseudonym: "1.pG0gQ5JW27833_DwoE_FiQ4v", Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC),
	}
}

func BenchmarkCanonical(b *testing.B) {
	q := exampleQuery()
	e := exampleEnvelope()
	buf := make([]byte, 0, 1024)
	b.Run("of=query", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = q.AppendCanonical(buf[:0])
		}
	})
	b.Run("of=envelope", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = e.AppendCanonical(buf[:0])
		}
	})
	canonical, err := e.Canonical()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("of=parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = ledgerclient.ParseEnvelope(canonical)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	r := ledgerclient.NewRecord(map[string]string{
		"amount": "1000", "holder": "", "month": "2026-11-01", "next": "2026-12-10", "paid": "2026-11-10", "status": "paid",
		"scheme.bn": "বার্ধক্য ভাতা", "scheme.hi": "वृद्धावस्था पेंशन", "scheme.en": "Old Age Pension",
	})
	octets, err := r.Append(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("act=parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = ledgerclient.ParseRecord(octets)
		}
	})
	b.Run("act=append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			octets, _ = r.Append(octets[:0])
		}
	})
}
