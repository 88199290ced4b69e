package powercut_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"setu/test/powercut"
)

// TestCut_Synced does any operations in any order: a file that was synced last,
// with its name, is left as it was at that time.
func TestCut_Synced(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := powercut.NewDisk(map[string][]byte{"a": []byte("old")})
		names := rapid.SampledFrom([]string{"a", "b", "c"})
		now := map[string][]byte{"a": []byte("old")}
		for range rapid.IntRange(0, 30).Draw(t, "operations") {
			name := names.Draw(t, "name")
			_, is := now[name]
			switch rapid.IntRange(0, 4).Draw(t, "operation") {
			case 0:
				d.Create(name)
				if !is {
					now[name] = nil
				}
			case 1:
				at := rapid.IntRange(0, 3*powercut.Sector).Draw(t, "at")
				data := bytes.Repeat([]byte{rapid.Byte().Draw(t, "octet")}, rapid.IntRange(1, 2*powercut.Sector).Draw(t, "length"))
				d.Write(name, int64(at), data)
				if is {
					now[name] = over(now[name], at, data)
				}
			case 2:
				size := rapid.IntRange(0, powercut.Sector).Draw(t, "size")
				d.Truncate(name, int64(size))
				if is {
					now[name] = over(now[name], size, nil)[:size]
				}
			case 3:
				d.Remove(name)
				delete(now, name)
			case 4:
				to := names.Draw(t, "to")
				if is && to != name {
					d.Rename(name, to)
					now[to] = now[name]
					delete(now, name)
				}
			}
		}
		for name := range now {
			d.Sync(name, d.Begun(name))
		}
		d.SyncFolder()
		left := d.Cut(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))) //nolint:gosec // to be repeated
		if len(left) != len(now) {
			t.Fatalf("%d files are left, want %d", len(left), len(now))
		}
		for name, want := range now {
			if !bytes.Equal(left[name], want) {
				t.Errorf("%s has %d octets, or others than the %d that were synced", name, len(left[name]), len(want))
			}
		}
	})
}

// over writes data over octets at a place.
func over(octets []byte, at int, data []byte) []byte {
	out := bytes.Clone(octets)
	if grow := at + len(data) - len(out); grow > 0 {
		out = append(out, make([]byte, grow)...)
	}
	copy(out[at:], data)
	return out
}

// TestCut_Unsynced tries many seeds on a file of which nothing was synced: all
// of it may be lost, none, or some of its sectors; never a part of a sector.
func TestCut_Unsynced(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(200) {
		d := powercut.NewDisk(map[string][]byte{"a": nil})
		d.Write("a", 0, bytes.Repeat([]byte{1}, 4*powercut.Sector))
		d.Create("b")
		left := d.Cut(rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // to be repeated
		if _, ok := left["b"]; ok {
			seen["name kept"] = true
		} else {
			seen["name lost"] = true
		}
		a := left["a"]
		if len(a)%powercut.Sector != 0 {
			t.Fatalf("seed %d: %d octets are left, which are no whole sectors", seed, len(a))
		}
		switch ones := bytes.Count(a, []byte{1}); {
		case ones == 0:
			seen["all lost"] = true
		case ones == 4*powercut.Sector:
			seen["none lost"] = true
		case ones == len(a):
			seen["end lost"] = true
		default:
			seen["middle lost"] = true
		}
	}
	for _, want := range []string{"name kept", "name lost", "all lost", "none lost", "end lost", "middle lost"} {
		if !seen[want] {
			t.Errorf("of 200 cuts none had: %s", want)
		}
	}
}
