package voice

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Suffixes of the two files of a clip in the cache.
const (
	uLawSuffix = ".ulaw"
	aLawSuffix = ".alaw"
)

// defaultCache is the room of a cache: about nine hours of speech.
const defaultCache = 512 << 20 // octets

// cache keeps clips on disk, by a name made from their content. The clips that
// have not been asked for the longest go when there is no more room.
type cache struct {
	dir  string
	room int64

	mu    sync.Mutex
	used  int64
	order *list.List // of *entry, the latest first
	known map[string]*list.Element
}

type entry struct {
	name string
	size int64 // of both files
}

// openCache opens the cache in a folder, which is made if need be.
func openCache(dir string, room int64) (*cache, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("cache of speech: %w: name a folder that can be written to under ivr.cache", err)
	}
	c := &cache{dir: dir, room: cmp.Or(room, defaultCache), order: list.New(), known: make(map[string]*list.Element)}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cache of speech: %w", err)
	}
	type found struct {
		entry
		at time.Time
	}
	var all []found
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), uLawSuffix)
		info, err := f.Info()
		if !ok || err != nil {
			continue
		}
		all = append(all, found{entry{name, 2 * info.Size()}, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b found) int { return a.at.Compare(b.at) })
	for _, f := range all {
		c.note(f.entry)
	}
	return c, c.shrink()
}

// note puts an entry first.
func (c *cache) note(e entry) {
	if at, ok := c.known[e.name]; ok {
		c.order.MoveToFront(at)
		return
	}
	c.known[e.name] = c.order.PushFront(&e)
	c.used += e.size
}

// shrink removes the oldest clips until the rest has room; the latest stays.
func (c *cache) shrink() error {
	for c.used > c.room && c.order.Len() > 1 {
		last := c.order.Back()
		e, ok := c.order.Remove(last).(*entry)
		if !ok {
			continue
		}
		delete(c.known, e.name)
		c.used -= e.size
		for _, suffix := range [...]string{aLawSuffix, uLawSuffix} {
			if err := os.Remove(filepath.Join(c.dir, e.name+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("cache of speech: %w", err)
			}
		}
	}
	return nil
}

// get reads a clip; ok is false if it is not there whole.
func (c *cache) get(name string) (clip Clip, ok bool) {
	path := filepath.Join(c.dir, name)
	u, uErr := os.ReadFile(path + uLawSuffix)
	a, aErr := os.ReadFile(path + aLawSuffix)
	if uErr != nil || aErr != nil || len(u) != len(a) || len(u) == 0 {
		return Clip{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(entry{name, int64(len(u) + len(a))})
	return Clip{ULaw: u, ALaw: a}, true
}

// put writes a clip.
func (c *cache) put(name string, clip Clip) error {
	path := filepath.Join(c.dir, name)
	for suffix, body := range map[string][]byte{uLawSuffix: clip.ULaw, aLawSuffix: clip.ALaw} {
		if err := replace(path+suffix, body); err != nil {
			return fmt.Errorf("cache of speech: %w: is there room on the disk?", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(entry{name, int64(len(clip.ULaw) + len(clip.ALaw))})
	return c.shrink()
}

// replace writes a file so that others see all of it or nothing.
func replace(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
