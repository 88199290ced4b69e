package proof_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway/audit/proof"
)

// export is a log of 40 leaves with checkpoints of 11 and 31, from a leaf on, and
// its checkpoints.
func export(t testing.TB, from int64) (w *world, lines []proof.Line, sealed []proof.Checkpoint) {
	t.Helper()
	w = newWorld(t)
	var edge proof.Tree
	at := map[int64]string{}
	for _, n := range []int{10, 20, 9} {
		w.fill(n)
		c := w.checkpoint()
		sealed = append(sealed, c)
		at[c.Size] = w.sign(c)
	}
	delete(at, 40)
	for _, leaf := range w.leaves[:from] {
		edge.Add(tlog.RecordHash(leaf), nil)
	}
	lines = append(lines, proof.Line{Begin: &proof.Begin{Version: proof.ExportVersion, Origin: origin, From: from, Edge: edge.Edge()}})
	for n := from; n < int64(len(w.leaves)); n++ {
		lines = append(lines, proof.Line{Leaf: string(w.leaves[n])})
		if signed := at[n+1]; signed != "" {
			lines = append(lines, proof.Line{Checkpoint: signed})
			if n+1 == 31 {
				lines = append(lines, proof.Line{Anchor: &proof.Anchor{Size: 31, Root: sealed[1].Root, State: "recorded", Block: 3}})
			}
		}
	}
	return w, append(lines, proof.Line{End: &proof.End{Size: int64(len(w.leaves))}}), sealed
}

// read reads lines as they stand in a file.
func read(t testing.TB, r *proof.Reader, lines []proof.Line) (proof.Report, error) {
	t.Helper()
	for _, l := range lines {
		octets, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Line(octets); err != nil {
			return proof.Report{}, err
		}
	}
	return r.End()
}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, from := range []int64{0, 11, 20} {
		w, lines, sealed := export(t, from)
		older := sealed[:2]
		if from > 11 {
			older = sealed[1:2]
		}
		got, err := read(t, proof.NewReader(w.keys(), older...), lines)
		if err != nil || got.From != from || got.Size != 40 || got.Latest != sealed[1] || got.Unsealed() != 9 || len(got.Anchors) != 1 || got.Kinds[proof.Act] != min(39, 40-from) {
			t.Errorf("from %d: %+v, %v", from, got, err)
		}
		if !strings.Contains(got.String(), "the last 9") {
			t.Errorf("String() = %s", got)
		}
	}
}

func TestReader_Attacks(t *testing.T) {
	t.Parallel()
	_, stranger := newKey(t)
	for _, tt := range []struct {
		name   string
		change func(w *world, lines []proof.Line) []proof.Line
		want   error
	}{
		{"a changed leaf", func(_ *world, l []proof.Line) []proof.Line {
			l[5].Leaf = strings.Replace(l[5].Leaf, "retry", "retri", 1)
			return l
		}, proof.ErrRoot},
		{"a leaf taken out", func(_ *world, l []proof.Line) []proof.Line { return slices.Delete(l, 5, 6) }, proof.ErrExport},
		{"a leaf put in", func(_ *world, l []proof.Line) []proof.Line { return slices.Insert(l, 5, l[4]) }, proof.ErrExport},
		{"two leaves swapped", func(_ *world, l []proof.Line) []proof.Line {
			l[15], l[16] = l[16], l[15]
			return l
		}, proof.ErrShrunk},
		{"a leaf that is none", func(_ *world, l []proof.Line) []proof.Line {
			l[5].Leaf = "x"
			return l
		}, proof.ErrLeaf},
		{"the end cut off", func(_ *world, l []proof.Line) []proof.Line { return l[:20] }, proof.ErrExport},
		{"cut off and ended", func(_ *world, l []proof.Line) []proof.Line {
			return append(l[:20], proof.Line{End: &proof.End{Size: 18}})
		}, proof.ErrShrunk},
		{"another number at the end", func(_ *world, l []proof.Line) []proof.Line {
			l[len(l)-1].End.Size--
			return l
		}, proof.ErrExport},
		{"no beginning", func(_ *world, l []proof.Line) []proof.Line { return l[1:] }, proof.ErrExport},
		{"two beginnings", func(_ *world, l []proof.Line) []proof.Line { return slices.Insert(l, 1, l[0]) }, proof.ErrExport},
		{"more after the end", func(_ *world, l []proof.Line) []proof.Line { return append(l, l[4]) }, proof.ErrExport},
		{"another version", func(_ *world, l []proof.Line) []proof.Line {
			l[0].Begin.Version = "setu audit export 2"
			return l
		}, proof.ErrExport},
		{"another name", func(_ *world, l []proof.Line) []proof.Line {
			l[0].Begin.Origin = "setu/other"
			return l
		}, proof.ErrExport},
		{"leaves before the first", func(_ *world, l []proof.Line) []proof.Line {
			l[0].Begin.From = 4
			return l
		}, proof.ErrExport},
		{"a checkpoint of a stranger", func(w *world, l []proof.Line) []proof.Line {
			other := newWorld(w.t)
			c, _ := proof.ReadCheckpoint(l[12].Checkpoint)
			l[12].Checkpoint = signBy(w.t, other.key, other.public.ID, c)
			return l
		}, proof.ErrUnsigned},
		{"a checkpoint of another root", func(w *world, l []proof.Line) []proof.Line {
			c, _ := proof.ReadCheckpoint(l[12].Checkpoint)
			c.Root[0] ^= 1
			l[12].Checkpoint = w.sign(c)
			return l
		}, proof.ErrRoot},
		{"an older checkpoint later", func(w *world, l []proof.Line) []proof.Line {
			c, _ := proof.ReadCheckpoint(l[33].Checkpoint)
			c.Time = c.Time.AddDate(-1, 0, 0)
			l[33].Checkpoint = w.sign(c)
			return l
		}, proof.ErrExport},
		{"another anchor", func(_ *world, l []proof.Line) []proof.Line {
			l[34].Anchor.Root[0] ^= 1
			return l
		}, proof.ErrAnchor},
		{"an anchor elsewhere", func(_ *world, l []proof.Line) []proof.Line { return slices.Insert(l, 3, l[34]) }, proof.ErrAnchor},
		{"a line of nothing", func(_ *world, l []proof.Line) []proof.Line { return slices.Insert(l, 3, proof.Line{}) }, proof.ErrExport},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, lines, sealed := export(t, 0)
			if _, err := read(t, proof.NewReader(w.keys(), sealed[1]), tt.change(w, lines)); !errors.Is(err, tt.want) {
				t.Errorf("read = %v, want %v", err, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		from, leaf int64
		want       string
	}{{0, 4, "leaves 0 to 10 "}, {0, 20, "leaves 11 to 30 "}, {20, 25, "the edge at leaf 20, or one of the leaves 20 to 30, "}} {
		w, lines, _ := export(t, tt.from)
		at := slices.IndexFunc(lines, func(l proof.Line) bool { return strings.Contains(l.Leaf, fmt.Sprintf(`"item":"%d"`, tt.leaf)) })
		lines[at].Leaf = strings.Replace(lines[at].Leaf, "retry", "retri", 1)
		if _, err := read(t, proof.NewReader(w.keys()), lines); !errors.Is(err, proof.ErrRoot) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("leaf %d changed, from %d: %v, want one that names %s", tt.leaf, tt.from, err, tt.want)
		}
	}
	w, lines, sealed := export(t, 0)
	if _, err := read(t, proof.NewReader([]proof.PublicKey{stranger}), lines); !errors.Is(err, proof.ErrUnsigned) {
		t.Errorf("by another key: %v", err)
	}
	rewritten := sealed[0]
	rewritten.Root[9] ^= 1
	if _, err := read(t, proof.NewReader(w.keys(), rewritten), lines); !errors.Is(err, proof.ErrShrunk) {
		t.Errorf("against a checkpoint of another past: %v", err)
	}
}

// FuzzReader: what is read whole holds the leaves that were signed.
func FuzzReader(f *testing.F) {
	w, lines, sealed := export(f, 0)
	var file []byte
	for _, l := range lines {
		octets, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		file = append(append(file, octets...), '\n')
	}
	f.Add(file)
	f.Add([]byte(`{"begin":{"version":"setu audit export 1","from":3,"edge":[]}}` + "\n" + `{"end":{"size":0}}`))
	ours := []error{
		proof.ErrExport, proof.ErrLeaf, proof.ErrCheckpoint, proof.ErrUnsigned, proof.ErrRoot, proof.ErrAnchor, proof.ErrShrunk,
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r := proof.NewReader(w.keys(), sealed[1])
		var err error
		for line := range bytes.Lines(file) {
			if err = r.Line(line); err != nil {
				break
			}
		}
		if err == nil {
			var got proof.Report
			if got, err = r.End(); err == nil {
				if got.Origin != origin || got.Size < 31 {
					t.Fatalf("%+v", got)
				}
				return
			}
		}
		for _, known := range ours {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("error of another kind: %v", err)
	})
}
