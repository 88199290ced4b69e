package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
)

// stranger is a number beside [citizen]'s.
const stranger = gateway.Address("+919830000002")

// mostPhones is how many a citizen may have in these tests.
const mostPhones = 2

func (w *world) otp(citizen gateway.Address, mac string, limits ...gateway.Allowance) error {
	w.Helper()
	return w.PutOTP(w.Context(), gateway.OTP{Citizen: citizen, MAC: mac, Expires: w.clock().Add(5 * time.Minute)}, limits)
}

// phone is a device with a key that is like no other's.
func phone(id string, citizen gateway.Address) gateway.Device {
	return gateway.Device{ID: id, Citizen: citizen, Key: []byte("key of " + id), Name: gateway.Private("phone " + id)}
}

// bind binds a phone by a one-time password of its own.
func (w *world) bind(d gateway.Device) error {
	w.Helper()
	if err := w.otp(d.Citizen, "right"); err != nil {
		w.Fatalf("PutOTP() = %v", err)
	}
	b, err := w.Bind(w.Context(), "right", d, mostPhones)
	if err == nil && !b.Bound {
		w.Fatalf("Bind(%s) with the right password binds nothing", d.ID)
	}
	return err
}

// phones are the identifiers of a citizen's.
func (w *world) phones(citizen gateway.Address) (ids []string) {
	w.Helper()
	all, err := w.Devices(w.Context(), citizen)
	if err != nil {
		w.Fatalf("Devices() = %v", err)
	}
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	return ids
}

// otpTries: a password counts once, for five tries, over a restart too.
func otpTries(w *world) {
	d := phone("a", citizen)
	if _, err := w.Bind(w.Context(), "right", d, mostPhones); !errors.Is(err, gateway.ErrOTP) {
		w.Errorf("Bind() without a password = %v", err)
	}
	if err := w.otp(citizen, "right"); err != nil {
		w.Fatal(err)
	}
	for want := 4; want >= 0; want-- {
		if want == 2 {
			w.reopen()
		}
		if b, err := w.Bind(w.Context(), "wrong", d, mostPhones); b.Bound || b.Left != want || err != nil {
			w.Errorf("Bind() with a wrong password = %+v, %v; want %d left", b, err, want)
		}
	}
	if _, err := w.Bind(w.Context(), "right", d, mostPhones); !errors.Is(err, gateway.ErrOTP) {
		w.Errorf("Bind() after five wrong ones = %v", err)
	}
	if err := w.bind(d); err != nil {
		w.Errorf("Bind() with a new one = %v", err)
	}
	if _, err := w.Bind(w.Context(), "right", d, mostPhones); !errors.Is(err, gateway.ErrOTP) {
		w.Errorf("Bind() with the same again = %v", err)
	}
}

// otpReplaced: the last password counts, until it expires.
func otpReplaced(w *world) {
	d := phone("a", citizen)
	for _, mac := range []string{"first", "second"} {
		if err := w.otp(citizen, mac); err != nil {
			w.Fatal(err)
		}
	}
	if b, err := w.Bind(w.Context(), "first", d, mostPhones); b.Bound || err != nil {
		w.Errorf("Bind() with the one before = %+v, %v", b, err)
	}
	w.pass(5 * time.Minute)
	if _, err := w.Bind(w.Context(), "second", d, mostPhones); !errors.Is(err, gateway.ErrOTP) {
		w.Errorf("Bind() with one that has expired = %v", err)
	}
}

// otpAllowed: an allowance is used or not, all together, and comes back.
func otpAllowed(w *world) {
	number := gateway.Allowance{Name: "number", Most: 1, Window: time.Minute}
	source := gateway.Allowance{Name: "source", Most: 2, Window: time.Hour}
	if err := w.otp(citizen, "a", number, source); err != nil {
		w.Fatal(err)
	}
	begun := w.clock()
	limited := (*gateway.LimitError)(nil)
	for range 3 { // none of which uses the source's
		if err := w.otp(citizen, "b", source, number); !errors.As(err, &limited) || !limited.Until.Equal(begun.Add(time.Minute)) {
			w.Fatalf("PutOTP() beyond the allowance = %v", err)
		}
	}
	if b, err := w.Bind(w.Context(), "b", phone("a", citizen), mostPhones); b.Bound || err != nil {
		w.Errorf("a refused password counts: %+v, %v", b, err)
	}
	w.reopen()
	w.pass(time.Minute)
	if err := w.otp(citizen, "c", number, source); err != nil {
		w.Errorf("PutOTP() in the next minute = %v", err)
	}
	if err := w.otp(stranger, "d", source); !errors.As(err, &limited) || !limited.Until.Equal(begun.Add(time.Hour)) {
		w.Errorf("PutOTP() beyond the source's allowance = %v", err)
	}
}

// deviceBound: phones are as they were bound, the oldest first, and the oldest makes
// room for one too many.
func deviceBound(w *world) {
	for _, id := range []string{"b", "a"} {
		if err := w.bind(phone(id, citizen)); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Second)
	}
	if err := w.bind(phone("a", citizen)); err != nil {
		w.Errorf("Bind() of one that she has = %v", err)
	}
	w.reopen()
	if got := w.phones(citizen); !slices.Equal(got, []string{"b", "a"}) {
		w.Errorf("Devices() = %q", got)
	}
	want := phone("b", citizen)
	want.Added = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	got, err := w.Device(w.Context(), "b")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		w.Errorf("Device() (-want +got), %v:\n%s", err, diff)
	}
	if _, err := w.Device(w.Context(), "nobody's"); !errors.Is(err, gateway.ErrNotFound) {
		w.Errorf("Device() of none = %v", err)
	}
	if err := w.otp(citizen, "right"); err != nil {
		w.Fatal(err)
	}
	if b, err := w.Bind(w.Context(), "right", phone("c", citizen), mostPhones); b != (gateway.Binding{Bound: true, Replaced: "b"}) || err != nil {
		w.Errorf("Bind() of one too many = %+v, %v; want the oldest replaced", b, err)
	}
	w.reopen()
	if got := w.phones(citizen); !slices.Equal(got, []string{"a", "c"}) {
		w.Errorf("Devices() after one too many = %q", got)
	}
	if _, err := w.Device(w.Context(), "b"); !errors.Is(err, gateway.ErrNotFound) {
		w.Errorf("Device() of the one that made room = %v", err)
	}
}

// deviceRemoved: only its owner removes a phone, once; it may come back, also as
// another's.
func deviceRemoved(w *world) {
	if err := w.bind(phone("a", citizen)); err != nil {
		w.Fatal(err)
	}
	if err := w.RemoveDevice(w.Context(), stranger, "a"); !errors.Is(err, gateway.ErrNotFound) {
		w.Errorf("RemoveDevice() of another's = %v", err)
	}
	for i, want := range []error{nil, gateway.ErrNotFound} {
		if err := w.RemoveDevice(w.Context(), citizen, "a"); !errors.Is(err, want) {
			w.Errorf("RemoveDevice() number %d = %v, want %v", i+1, err, want)
		}
	}
	if _, err := w.Device(w.Context(), "a"); !errors.Is(err, gateway.ErrNotFound) || len(w.phones(citizen)) > 0 {
		w.Errorf("Device() of one that was removed = %v", err)
	}
	if err := w.bind(phone("a", stranger)); err != nil {
		w.Fatal(err)
	}
	if d, err := w.Device(w.Context(), "a"); err != nil || d.Citizen != stranger || len(w.phones(citizen)) > 0 {
		w.Errorf("Device() bound again = %v, %v", d, err)
	}
}

// nonceOnce: a nonce is taken once until its time, over a restart too.
func nonceOnce(w *world) {
	until := w.clock().Add(10 * time.Minute)
	if err := w.TakeNonce(w.Context(), "n", until); err != nil {
		w.Fatal(err)
	}
	w.reopen()
	if err := w.TakeNonce(w.Context(), "n", until); !errors.Is(err, gateway.ErrSeen) {
		w.Errorf("TakeNonce() again = %v", err)
	}
	if err := w.TakeNonce(w.Context(), "m", until); err != nil {
		w.Errorf("TakeNonce() of another = %v", err)
	}
	w.pass(time.Hour)
	if err := w.PruneApp(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := w.TakeNonce(w.Context(), "n", until); err != nil {
		w.Errorf("TakeNonce() long after = %v", err)
	}
}

// changesRead: what a citizen is told is hers alone, in order, from any cursor, and
// for a month.
func changesRead(w *world) {
	add := func(citizen gateway.Address, text string) {
		w.Helper()
		c := gateway.Change{Citizen: citizen, Class: "notice", Service: "benefit", Text: gateway.Private(text), Result: &gateway.Result{Code: "done", Block: 7}}
		if err := w.AddChange(w.Context(), c); err != nil {
			w.Fatal(err)
		}
	}
	read := func(after int64, limit int) []gateway.Change {
		w.Helper()
		all, err := w.Changes(w.Context(), citizen, after, limit)
		if err != nil {
			w.Fatal(err)
		}
		return all
	}
	for i := range 3 {
		add(citizen, fmt.Sprint(i))
		add(stranger, "not hers")
	}
	w.reopen()
	all := read(0, 10)
	if len(all) != 3 || all[2].Text != "2" || all[0].Class != "notice" || all[0].Service != "benefit" || all[0].Result == nil || all[0].Result.Block != 7 {
		w.Fatalf("Changes() = %+v", all)
	}
	if two := read(all[0].ID, 1); len(two) != 1 || two[0].ID != all[1].ID {
		w.Errorf("Changes() behind the first = %+v", two)
	}
	w.pass(29 * 24 * time.Hour)
	add(citizen, "late")
	w.pass(2 * 24 * time.Hour)
	if err := w.PruneApp(w.Context()); err != nil {
		w.Fatal(err)
	}
	if left := read(0, 10); len(left) != 1 || left[0].Text != "late" || left[0].ID <= all[2].ID {
		w.Errorf("Changes() after a month = %+v", left)
	}
}

// keptFirst: the first answer to a citizen's key stays, for a month.
func keptFirst(w *world) {
	first := gateway.Kept{Citizen: citizen, Key: "k", Digest: []byte{1}, Status: 201, Location: "/v1/operations/1", Body: []byte("{}")}
	second := first
	second.Status, second.Body = 409, []byte("another")
	for _, k := range []gateway.Kept{first, second} {
		if err := w.Keep(w.Context(), k); err != nil {
			w.Fatal(err)
		}
	}
	w.reopen()
	got, err := w.Kept(w.Context(), citizen, "k")
	if diff := cmp.Diff(first, got); err != nil || diff != "" {
		w.Errorf("Kept() (-want +got), %v:\n%s", err, diff)
	}
	for name, ask := range map[string]struct {
		citizen gateway.Address
		key     string
	}{"another's": {stranger, "k"}, "another key": {citizen, "l"}} {
		if _, err := w.Kept(w.Context(), ask.citizen, ask.key); !errors.Is(err, gateway.ErrNotFound) {
			w.Errorf("Kept() of %s = %v", name, err)
		}
	}
	w.pass(31 * 24 * time.Hour)
	if err := w.PruneApp(w.Context()); err != nil {
		w.Fatal(err)
	}
	if _, err := w.Kept(w.Context(), citizen, "k"); !errors.Is(err, gateway.ErrNotFound) {
		w.Errorf("Kept() after a month = %v", err)
	}
}

// phoneTests are those of the phones with data.
func phoneTests() []test {
	return []test{
		{"otp/tries", otpTries},
		{"otp/replaced", otpReplaced},
		{"otp/allowed", otpAllowed},
		{"device/bound", deviceBound},
		{"device/removed", deviceRemoved},
		{"nonce/once", nonceOnce},
		{"changes/read", changesRead},
		{"kept/first", keptFirst},
	}
}
