package proof

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrTree says that hashes are not those of a tree of the size.
var ErrTree = errors.New("proof: hashes do not make up a tree of this size")

// Tree is a growing Merkle tree (RFC 6962 section 2.1) of which only the edge is
// kept: the roots of the complete subtrees that the size is made of. The zero
// value is the empty tree.
type Tree struct {
	size int64
	// edge has the root of a complete subtree of 2^i leaves at i, where the size
	// has that bit.
	edge [63]tlog.Hash
}

// NewTree is a tree of the given size and edge, as [Tree.Edge] gives it. The
// error is [ErrTree].
func NewTree(size int64, edge []tlog.Hash) (*Tree, error) {
	if size < 0 || bits.OnesCount64(uint64(size)) != len(edge) {
		return nil, fmt.Errorf("%w: %d hashes for size %d", ErrTree, len(edge), size)
	}
	t := &Tree{size: size}
	for i := len(t.edge) - 1; i >= 0; i-- {
		if size>>i&1 == 1 {
			t.edge[i], edge = edge[0], edge[1:]
		}
	}
	return t, nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Edge are the roots of the complete subtrees, the largest first.
func (t *Tree) Edge() []tlog.Hash {
	var out []tlog.Hash
	for i := len(t.edge) - 1; i >= 0; i-- {
		if t.size>>i&1 == 1 {
			out = append(out, t.edge[i])
		}
	}
	return out
}

// Add adds a leaf by its hash. complete, if not nil, is called for each subtree
// that it completes: n is the number of the subtree among those of 2^level leaves.
func (t *Tree) Add(leaf tlog.Hash, complete func(level int, n int64, root tlog.Hash)) {
	level := 0
	for ; t.size>>level&1 == 1; level++ {
		leaf = tlog.NodeHash(t.edge[level], leaf)
		if complete != nil {
			complete(level+1, t.size>>(level+1), leaf)
		}
	}
	t.edge[level] = leaf
	t.size++
}

// emptyRoot is the root of the empty tree: SHA-256 of nothing.
var emptyRoot = tlog.Hash{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

// Root is the root of the whole tree.
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return emptyRoot
	}
	at := bits.TrailingZeros64(uint64(t.size))
	root := t.edge[at]
	for at++; t.size>>at > 0; at++ {
		if t.size>>at&1 == 1 {
			root = tlog.NodeHash(t.edge[at], root)
		}
	}
	return root
}
