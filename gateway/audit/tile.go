package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway"
)

// tileHeight is the height of a tile: 256 hashes. The hashes of the leaves are
// not stored: to hash 256 leaves again takes less than a read from the disk.
const tileHeight = 8

// errTile says that a stored tile is too short.
var errTile = errors.New("audit: a tile of the log is missing")

// tiles are the tiles that hold the nodes, with what they held before.
func (k *Keeper) tiles(ctx context.Context, nodes []node) ([]gateway.LogTile, error) {
	type place struct {
		level int
		n     int64
	}
	at := map[place]int{}
	var out []gateway.LogTile
	for _, nd := range nodes {
		p := place{nd.level, nd.n >> tileHeight}
		i, ok := at[p]
		if !ok {
			held := int(nd.n-p.n<<tileHeight) * tlog.HashSize
			before, err := k.Store.Tile(ctx, p.level, p.n)
			if err != nil {
				return nil, err
			}
			if len(before) < held {
				return nil, fmt.Errorf("%w: level %d, number %d", errTile, p.level, p.n)
			}
			i, at[p] = len(out), len(out)
			out = append(out, gateway.LogTile{Level: p.level, N: p.n, Hashes: before[:held]})
		}
		out[i].Hashes = append(out[i].Hashes, nd.hash[:]...)
	}
	return out, nil
}

// hashes reads the hashes of the tree that are below a checkpoint.
func (k *Keeper) hashes(ctx context.Context) tlog.HashReader {
	read := map[tlog.Tile][]byte{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(tileHeight, index)
			data, ok := read[t]
			if !ok {
				var err error
				if data, err = k.tile(ctx, t); err != nil {
					return nil, err
				}
				read[t] = data
			}
			var err error
			if out[i], err = tlog.HashFromTile(t, data, index); err != nil {
				return nil, fmt.Errorf("%w: %w", errTile, err)
			}
		}
		return out, nil
	})
}

// tile is what a tile holds: of the lowest level, the hashes of leaves.
func (k *Keeper) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.L > 0 {
		return k.Store.Tile(ctx, t.L, t.N)
	}
	from := t.N << tileHeight
	leaves, err := k.Store.Leaves(ctx, from, from+int64(t.W))
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(leaves)*tlog.HashSize)
	for _, leaf := range leaves {
		h := tlog.RecordHash(leaf)
		out = append(out, h[:]...)
	}
	return out, nil
}

// edge are the roots of the complete subtrees of a tree of the size, the largest
// first.
func (k *Keeper) edge(ctx context.Context, size int64) ([]tlog.Hash, error) {
	var indexes []int64
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	return k.hashes(ctx).ReadHashes(indexes)
}
