package sqlite

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/i18n"
)

// fill sets every field of v that can be set to a value that is not zero, so
// that one which the codec forgets is missed.
func fill(v reflect.Value, n *int) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMilli(1_795_363_000_000 + int64(*n)).UTC()))
		return
	}
	if v.Type() == reflect.TypeFor[gateway.Packed]() {
		var r gateway.Reply
		fill(reflect.ValueOf(&r).Elem(), n)
		v.SetString(string(packed.Of(r)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d \"ভাতা\"\n", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(elem, n)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("fill: " + v.Type().String())
	}
}

func TestSession_EveryFieldIsKept(t *testing.T) {
	t.Parallel()
	var want gateway.Session
	fill(reflect.ValueOf(&want).Elem(), new(int))
	body, err := encodeSession(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeSession(want.Citizen, want.Version, body)
	if err != nil {
		t.Fatalf("decode %s: %v", body, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a field of the session is not stored (-want +got):\n%s", diff)
	}
	var zero gateway.Session
	if body, err = encodeSession(&zero); err != nil || string(body) != "{}" {
		t.Errorf("encodeSession(zero) = %s, %v; want {}", body, err)
	}
}

func TestItem_EveryFieldIsKept(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	message := gateway.Effect{
		Kind: gateway.Message, Lane: "m", SMS: &gateway.SMSOut{Text: "\xe0\xa6\x95\"\\\x01", Class: "answer"},
		To: gateway.Route{Medium: gateway.SMS, Link: "a \"b\"", Citizen: "+91", Code: "5"}, Due: time.UnixMilli(5).UTC(),
	}
	var whole gateway.Effect
	fill(reflect.ValueOf(&whole).Elem(), new(int))
	whole.Lease, whole.Unless = false, "none"
	for i, want := range []gateway.Effect{message, whole} {
		failed := make(chan error, 1)
		s.Commit(gateway.Commit{Effects: []gateway.Effect{want}}, func(_ gateway.Committed, err error) { failed <- err })
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		got, err := s.Item(t.Context(), int64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if want.Tx != nil {
			want.Tx.Saved, want.Tx.Rebuilt = got.Tx.Saved, 0 // come with progress
			want.Tx.Request, want.Tx.Undoes = nil, ""        // are in tables of their own
		}
		if diff := cmp.Diff(want, got.Effect); diff != "" {
			t.Errorf("a field of the effect is not stored (-want +got):\n%s", diff)
		}
	}
}

// TestNumbers_AreFrozen holds the numbers that are in the file.
func TestNumbers_AreFrozen(t *testing.T) {
	t.Parallel()
	for want, got := range []gateway.Kind{1: gateway.Message, gateway.Transaction, gateway.Question} {
		if want > 0 && int(got) != want {
			t.Errorf("kind %v is %d, and %d in the file", got, got, want)
		}
	}
	for want, got := range []gateway.State{
		1: gateway.Queued, gateway.Endorsed, gateway.Submitted, gateway.Unknown, gateway.Parked, gateway.Sent, gateway.Delivered,
		gateway.Recorded, gateway.Rejected, gateway.Expired, gateway.Superseded, gateway.Withdrawn, gateway.Dead, gateway.Answered,
	} {
		if want > 0 && int(got) != want {
			t.Errorf("state %v is %d, and %d in the file", got, got, want)
		}
	}
	for want, got := range []gateway.Event{gateway.Input, gateway.New, gateway.Abort, gateway.Timeout} {
		if int(got) != want {
			t.Errorf("event %d is %d in the file", got, want)
		}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte("partner\x00key"))
	if got, want := hashOf("partner", "key"), int64(h.Sum64()); got != want { //nolint:gosec // any 64 bits
		t.Errorf("hashOf = %d, want FNV-1a %d", got, want)
	}
}

func sampleSession() gateway.Session {
	return gateway.Session{
		Citizen: "+919830000001", Lang: i18n.Bengali, Updated: time.UnixMilli(1_795_363_000_000).UTC(),
		Dialogue: gateway.Dialogue{
			Service: "benefit", Version: "1", Step: "card", Slots: map[string]gateway.Private{"card": "1000000001"},
			Offers: []gateway.Offer{{Do: "service", Value: "benefit"}, {Do: "service", Value: "land"}},
			Last: packed.Of(gateway.Reply{Parts: []gateway.Part{{Service: "benefit", Text: "paid", Values: map[string]i18n.Value{
				"amount": {Kind: i18n.Money, Raw: "1500"}, "date": {Kind: i18n.Date, Raw: "2026-11-01"},
			}}}, Expect: "digits"}),
		},
	}
}

func BenchmarkEncodeSession(b *testing.B) {
	s := sampleSession()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeSession(&s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSession(b *testing.B) {
	s := sampleSession()
	body, err := encodeSession(&s)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeSession(s.Citizen, 1, body); err != nil {
			b.Fatal(err)
		}
	}
}
