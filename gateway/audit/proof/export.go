package proof

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ExportVersion is what an export begins with.
const ExportVersion = "setu audit export 1"

// MaxLine bounds a line of an export, octets.
const MaxLine = 64 << 10

// Errors of an export.
var (
	// ErrExport says that lines are no export, or not all of one.
	ErrExport = errors.New("proof: not a whole export of the audit log")
	// ErrRoot says that the leaves are not those that a checkpoint was made of.
	ErrRoot = errors.New("proof: leaves are not those that the checkpoint is of")
)

// Line is one line of an export: a JSON object with one member. The first is
// Begin and the last End; leaves are in order, and each checkpoint stands behind
// the last leaf that it covers, with its anchor after it.
type Line struct {
	Begin      *Begin  `json:"begin,omitempty"`
	Leaf       string  `json:"leaf,omitempty"`
	Checkpoint string  `json:"checkpoint,omitempty"`
	Anchor     *Anchor `json:"anchor,omitempty"`
	End        *End    `json:"end,omitempty"`
}

// Begin is the head of an export.
type Begin struct {
	Version string `json:"version"`
	Origin  string `json:"origin"`
	From    int64  `json:"from"` // number of the first leaf
	// Edge stands for the leaves before From, see [Tree.Edge].
	Edge []tlog.Hash `json:"edge,omitempty"`
}

// End is the foot of an export.
type End struct {
	Size int64 `json:"size"` // leaves of the log, with those before the export
}

// Report is what an export has shown.
type Report struct {
	Origin      string
	From, Size  int64 // leaves: the number of the first, and one after the last
	Checkpoints int
	Latest      Checkpoint
	Anchors     []Anchor
	Kinds       map[Kind]int64 // leaves of each kind
}

// Unsealed is how many leaves no checkpoint of the export covers.
func (r Report) Unsealed() int64 { return r.Size - max(r.From, r.Latest.Size) }

// String says what was found, for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "log %s: leaves %d to %d are whole and in order, by %d checkpoints", r.Origin, r.From, r.Size-1, r.Checkpoints)
	if r.Checkpoints > 0 {
		fmt.Fprintf(&b, ", the latest of %s", r.Latest.Time.Format(time.RFC3339))
	}
	if n := r.Unsealed(); n > 0 {
		fmt.Fprintf(&b, "; the last %d are behind it, and in no checkpoint yet", n)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
		fmt.Fprintf(&b, "\n  %-9s %d", kind, r.Kinds[kind])
	}
	return b.String()
}

// Reader checks an export line by line, in memory that does not grow with it.
type Reader struct {
	keys  []PublicKey
	older []Checkpoint
	tree  *Tree
	out   Report
	ended bool
}

// ReadExport checks a whole export, and that something of it is signed: what has no
// checkpoint anybody could have written. The export is to hold what older
// checkpoints say. The errors are those of [Reader.End] and of from.
func ReadExport(from io.Reader, keys []PublicKey, older ...Checkpoint) (Report, error) {
	r := NewReader(keys, older...)
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, MaxLine), 2*MaxLine)
	for lines.Scan() {
		if err := r.Line(lines.Bytes()); err != nil {
			return Report{}, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Report{}, fmt.Errorf("%w: a line is longer than %d octets", ErrExport, MaxLine)
	case err != nil:
		return Report{}, fmt.Errorf("read export: %w", err)
	}
	found, err := r.End()
	if err == nil && found.Checkpoints == 0 {
		err = fmt.Errorf("%w: it has no checkpoint, so that nothing of it is signed", ErrExport)
	}
	return found, err
}

// NewReader makes a reader. The export is to hold what older checkpoints say.
func NewReader(keys []PublicKey, older ...Checkpoint) *Reader {
	return &Reader{keys: keys, older: older, out: Report{Kinds: map[Kind]int64{}}}
}

// Line takes the next line. After an error nothing is to follow. The errors are
// those of [Reader.End].
func (r *Reader) Line(octets []byte) error {
	var l Line
	if len(octets) > MaxLine {
		return fmt.Errorf("%w: a line is longer than %d octets", ErrExport, MaxLine)
	}
	if err := json.Unmarshal(octets, &l); err != nil {
		return fmt.Errorf("%w: %w", ErrExport, err)
	}
	switch {
	case (l.Begin != nil) != (r.tree == nil), r.ended:
		return fmt.Errorf("%w: it does not begin and end once", ErrExport)
	case l.Begin != nil:
		return r.begin(*l.Begin)
	case l.Leaf != "":
		return r.leaf([]byte(l.Leaf))
	case l.Checkpoint != "":
		return r.checkpoint(l.Checkpoint)
	case l.Anchor != nil:
		return r.anchor(*l.Anchor)
	case l.End != nil:
		r.ended = true
		if l.End.Size != r.tree.Size() {
			return fmt.Errorf("%w: %d leaves, it says %d", ErrExport, r.tree.Size(), l.End.Size)
		}
		return nil
	}
	return fmt.Errorf("%w: a line of an unknown kind", ErrExport)
}

func (r *Reader) begin(b Begin) error {
	if b.Version != ExportVersion {
		return fmt.Errorf("%w: version %q, this program knows %q", ErrExport, b.Version, ExportVersion)
	}
	tree, err := NewTree(b.From, b.Edge)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrExport, err)
	}
	r.tree, r.out.Origin, r.out.From = tree, b.Origin, b.From
	return r.compare()
}

func (r *Reader) leaf(octets []byte) error {
	n := r.tree.Size()
	l, err := ParseLeaf(octets)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", n, err)
	}
	if (n == 0) != (l.Kind == Began) || n == 0 && l.Get("origin") != r.out.Origin {
		return fmt.Errorf("%w: leaf %d does not begin the log of %s", ErrExport, n, r.out.Origin)
	}
	r.out.Kinds[l.Kind]++
	r.tree.Add(tlog.RecordHash(octets), nil)
	return r.compare()
}

// compare holds the older checkpoints of this size against the tree.
func (r *Reader) compare() error {
	for _, c := range r.older {
		if c.Size == r.tree.Size() && c.Root != r.tree.Root() {
			return fmt.Errorf("%w: of %d leaves", ErrShrunk, c.Size)
		}
	}
	return nil
}

func (r *Reader) checkpoint(signed string) error {
	c, err := OpenCheckpoint(signed, r.keys)
	switch {
	case err != nil:
		return fmt.Errorf("checkpoint after leaf %d: %w", r.tree.Size()-1, err)
	case c.Origin != r.out.Origin:
		return fmt.Errorf("%w: a checkpoint is of another log, %s", ErrExport, c.Origin)
	case c.Size != r.tree.Size():
		return fmt.Errorf("%w: a checkpoint of %d leaves stands after %d", ErrExport, c.Size, r.tree.Size())
	case c.Root != r.tree.Root():
		return fmt.Errorf("%w: %s", ErrRoot, r.suspects(c.Size))
	case c.Time.Before(r.out.Latest.Time):
		return fmt.Errorf("%w: the checkpoint of %d leaves is older than the one before it", ErrExport, c.Size)
	}
	r.out.Latest = c
	r.out.Checkpoints++
	return nil
}

// suspects says which leaves a checkpoint of a size speaks against: those behind
// the one before it, which held.
func (r *Reader) suspects(size int64) string {
	if r.out.Checkpoints == 0 && r.out.From > 0 {
		return fmt.Sprintf("the edge at leaf %d, or one of the leaves %d to %d, was changed", r.out.From, r.out.From, size-1)
	}
	return fmt.Sprintf("one of the leaves %d to %d was changed", r.out.Latest.Size, size-1)
}

func (r *Reader) anchor(a Anchor) error {
	if c := r.out.Latest; a.Size != c.Size || a.Root != c.Root || r.out.Checkpoints == 0 {
		return fmt.Errorf("%w: it is of %d leaves, the checkpoint of %d", ErrAnchor, a.Size, c.Size)
	}
	r.out.Anchors = append(r.out.Anchors, a)
	return nil
}

// End says what the export has shown. The errors are [ErrExport], [ErrLeaf],
// [ErrCheckpoint], [ErrUnsigned], [ErrRoot], [ErrAnchor] and [ErrShrunk].
func (r *Reader) End() (Report, error) {
	if !r.ended {
		return r.out, fmt.Errorf("%w: it breaks off", ErrExport)
	}
	out := r.out
	out.Size, out.Kinds = r.tree.Size(), maps.Clone(r.out.Kinds)
	for _, c := range r.older {
		switch {
		case c.Origin != out.Origin:
			return out, fmt.Errorf("%w: the older checkpoint is of another log, %s", ErrExport, c.Origin)
		case c.Size > out.Size:
			return out, fmt.Errorf("%w: it had %d leaves and has %d", ErrShrunk, c.Size, out.Size)
		case c.Size < out.From:
			return out, fmt.Errorf("%w: it begins at leaf %d, after the older checkpoint", ErrExport, out.From)
		}
	}
	return out, nil
}
