package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/ledgerclient"
)

// chain is a short chain of blocks, line by line.
func chain(t testing.TB, blocks int) [][]byte {
	t.Helper()
	var lines [][]byte
	var hash digest
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i := range blocks {
		b := &block{Number: uint64(i), Time: at.Add(time.Duration(i) * time.Second), Previous: hash, Txs: []blockTx{{
			ID: fmt.Sprint("tx-", i),
			Envelope: ledgerclient.SignedEnvelope{
				Canonical: []byte(`{"name":"রবি <&>"}`),
				Signature: ledgerclient.Signature{KeyID: "k", Sig: []byte{1, 2, 3}},
			},
			Writes: []write{{Key: "a~1", Value: []byte(`{"x":"এক"}`)}, {Key: "b~2"}},
		}}}
		line, h, err := b.seal()
		if err != nil {
			t.Fatal(err)
		}
		lines, hash = append(lines, line), h
	}
	return lines
}

// read walks octets and counts blocks.
func read(octets []byte) (blocks int, dropped int64, err error) {
	_, dropped, err = walk("test", bytes.NewReader(octets), func(*block, digest) error {
		blocks++
		return nil
	})
	return blocks, dropped, err
}

func TestBlock(t *testing.T) {
	t.Parallel()
	b := &block{
		Number: 7, Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Previous: digest{1, 2, 3},
		Txs: []blockTx{
			{ID: "seed", Writes: []write{{Key: "a~1", Value: []byte(`{"x":"এক"}`)}, {Key: "b~2"}}},
			{ID: "tx", Envelope: ledgerclient.SignedEnvelope{
				Canonical: []byte(`{"a":"<\"\\>"}`),
				Signature: ledgerclient.Signature{KeyID: "k", Sig: []byte{1}, Path: []byte{2}, Index: 1, Size: 2},
			}, Writes: []write{}},
		},
	}
	line, hash, err := b.seal()
	if err != nil {
		t.Fatal(err)
	}
	got, gotHash, err := unseal(line)
	if diff := cmp.Diff(b, got); diff != "" || gotHash != hash || err != nil {
		t.Errorf("unseal(seal()): hash %s, want %s, %v (-want +got):\n%s", gotHash, hash, err, diff)
	}
}

// A file that was cut anywhere gives the blocks before the cut.
func TestWalk_Torn(t *testing.T) {
	t.Parallel()
	lines := chain(t, 3)
	whole, last := bytes.Join(lines, nil), len(lines[2])
	for cut := range last {
		octets := whole[:len(whole)-last+cut]
		blocks, dropped, err := read(octets)
		if want := 2; blocks != want || dropped != int64(cut) || err != nil {
			t.Fatalf("walk() of a last block cut after %d octets = %d blocks, %d dropped, %v, want 2, %d, nil", cut, blocks, dropped, err, cut)
		}
		// The file has its length, and some of its sectors, but not all.
		hole := bytes.Clone(whole)
		clear(hole[len(octets):])
		if blocks, dropped, err = read(hole); last-cut > 64 && (blocks != 2 || dropped != int64(last) || err != nil) {
			t.Fatalf("walk() of a last block with zeros from %d on = %d blocks, %d dropped, %v, want 2, %d, nil", cut, blocks, dropped, err, last)
		}
	}
	if blocks, dropped, err := read(whole); blocks != 3 || dropped != 0 || err != nil {
		t.Errorf("walk() = %d blocks, %d dropped, %v, want 3, 0, nil", blocks, dropped, err)
	}
	if blocks, dropped, err := read(nil); blocks != 0 || dropped != 0 || err != nil {
		t.Errorf("walk() of nothing = %d blocks, %d dropped, %v, want 0, 0, nil", blocks, dropped, err)
	}
}

// Any bit that was changed is found, and its block is named.
func TestWalk_Flipped(t *testing.T) {
	t.Parallel()
	lines := chain(t, 3)
	whole := bytes.Join(lines, nil)
	for at := range whole {
		for _, bit := range []int{0, 5, at % 8} { // 5 turns a space into a zero
			octets := bytes.Clone(whole)
			octets[at] ^= 1 << bit
			_, _, err := read(octets)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || !errors.Is(err, ErrCorrupt) {
				t.Fatalf("walk() with bit %d of octet %d flipped: %v, want ErrCorrupt", bit, at, err)
			}
			if want := blockAt(lines, at); corrupt.Block != want {
				t.Fatalf("walk() with bit %d of octet %d flipped names block %d, want %d", bit, at, corrupt.Block, want)
			}
		}
	}
}

func blockAt(lines [][]byte, at int) uint64 {
	for i := range lines {
		if at < len(lines[i]) {
			return uint64(i)
		}
		at -= len(lines[i])
	}
	return uint64(len(lines))
}

// A block that was taken out, repeated or put elsewhere breaks the chain.
func TestWalk_Reordered(t *testing.T) {
	t.Parallel()
	lines := chain(t, 4)
	for name, order := range map[string][]int{
		"first missing": {1, 2, 3}, "one missing": {0, 2, 3}, "repeated": {0, 1, 1, 2}, "swapped": {0, 2, 1, 3},
	} {
		var octets []byte
		for _, i := range order {
			octets = append(octets, lines[i]...)
		}
		if _, _, err := read(octets); !errors.Is(err, ErrCorrupt) {
			t.Errorf("walk() with blocks %s: %v, want ErrCorrupt", name, err)
		}
	}
	b, _, err := unseal(lines[3])
	if err != nil {
		t.Fatal(err)
	}
	b.Time = b.Time.Add(-time.Hour)
	early, _, err := b.seal()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(append(bytes.Join(lines[:3], nil), early...)); !errors.Is(err, errTime) {
		t.Errorf("walk() of a block that is older than the one before: %v, want errTime", err)
	}
}

// FuzzWalk: whatever is in the file, it is read, dropped or refused, and what
// is taken as blocks was sealed.
func FuzzWalk(f *testing.F) {
	whole := bytes.Join(chain(f, 2), nil)
	f.Add(whole)
	f.Add(whole[:len(whole)-10])
	f.Add([]byte("\n\n"))
	f.Add([]byte(`{"number":0}` + "\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		var sealed int
		size, dropped, err := walk("test", bytes.NewReader(octets), func(b *block, _ digest) error {
			sealed++
			if b.Number != uint64(sealed-1) {
				t.Fatalf("block %d came as number %d", b.Number, sealed-1)
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("walk(): %v, want ErrCorrupt", err)
		}
		if err == nil && size+dropped != int64(len(octets)) {
			t.Fatalf("walk() took %d octets and dropped %d of %d", size, dropped, len(octets))
		}
	})
}

// An overlay on an overlay on the world is a map, whatever is written where.
func TestOverlay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]string{}
		w := &world{}
		lower := newOverlay(w)
		upper := newOverlay(lower)
		keys := rapid.SampledFrom([]string{"a", "ab", "b", "b~1", "b~2", "c", "d"})
		for _, layer := range []func(write) error{
			func(wr write) error { w.apply([]write{wr}); return nil },
			func(wr write) error { return lower.Put(wr.Key, wr.Value) },
			func(wr write) error { return upper.Put(wr.Key, wr.Value) },
		} {
			for range rapid.IntRange(0, 8).Draw(t, "writes") {
				wr := write{Key: keys.Draw(t, "key")}
				delete(model, wr.Key)
				if rapid.Bool().Draw(t, "put") {
					model[wr.Key] = rapid.StringMatching("[x-z]").Draw(t, "value")
					wr.Value = []byte(model[wr.Key])
				}
				if err := layer(wr); err != nil {
					t.Fatal(err)
				}
			}
		}
		if rapid.Bool().Draw(t, "merge") {
			lower.take(upper.writes())
			upper = newOverlay(lower)
		}
		from, to := keys.Draw(t, "from"), keys.Draw(t, "to")
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		var want, got []string
		for key, value := range model {
			if from <= key && key < to {
				want = append(want, key+"="+value)
			}
		}
		slices.Sort(want)
		want = want[:min(limit, len(want))]
		if err := upper.Range(from, to, func(key string, value []byte) bool {
			got = append(got, key+"="+string(value))
			return len(got) < limit
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("Range(%q, %q, limit %d) = %v, want %v", from, to, limit, got, want)
		}
		for key := range model {
			if value, _ := upper.Get(key); string(value) != model[key] {
				t.Fatalf("Get(%q) = %q, want %q", key, value, model[key])
			}
		}
	})
}

func TestOverlay_Refuses(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a b", "a\"", "a\\", "ক", "\n", "\x7f"} {
		if err := newOverlay(&world{}).Put(key, nil); !errors.Is(err, errStateKey) {
			t.Errorf("Put(%q) = %v, want errStateKey", key, err)
		}
	}
	if err := (&world{}).Put("a", nil); !errors.Is(err, errReadOnly) {
		t.Errorf("Put() in a query = %v, want errReadOnly", err)
	}
}

func TestCorruptError(t *testing.T) {
	t.Parallel()
	err := &CorruptError{Path: "/data/sandbox.ledger", Block: 12, Err: errPrevious}
	for _, part := range []string{"block 12", "/data/sandbox.ledger", "restore"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Error() = %q, want it to hold %q", err.Error(), part)
		}
	}
	if !errors.Is(err, errPrevious) {
		t.Error("errors.Is(err, cause) = false, want true")
	}
}
