package powercut

import (
	"math/rand/v2"
	"slices"
)

// Sector is what a disk writes whole or not at all, in octets.
const Sector = 512

// Disk is a folder as its disk has it: what was synced, and what was not and so
// may be there, in part, or not after a power cut. A folder's names are kept as a
// journalling file system keeps them: they change in order, and are sure only
// when the folder is synced. The zero value is not ready; use [NewDisk].
type Disk struct {
	named   map[string]*content // by name, as a process sees them
	kept    map[string]*content // by name, as the disk has them
	renames []naming            // since the last sync of a folder
}

// naming is a change of names.
type naming struct {
	set    string // this name
	to     *content
	remove string // or this name goes; both for a rename
}

// content is what is in a file.
type content struct {
	synced  []byte
	pending []change
}

// change is a write, or a new length if data is nil.
type change struct {
	at   int64
	data []byte
}

// NewDisk makes a disk with files by name, all of them synced.
func NewDisk(files map[string][]byte) *Disk {
	d := &Disk{named: map[string]*content{}, kept: map[string]*content{}}
	for name, octets := range files {
		c := &content{synced: octets}
		d.named[name], d.kept[name] = c, c
	}
	return d
}

// Has says whether there is a file of that name.
func (d *Disk) Has(name string) bool { return d.named[name] != nil }

// Create makes an empty file, unless there is one.
func (d *Disk) Create(name string) {
	if !d.Has(name) {
		d.name(naming{set: name, to: &content{}})
	}
}

// Write writes data into a file, if there is one. It takes data.
func (d *Disk) Write(name string, at int64, data []byte) {
	if c := d.named[name]; c != nil && len(data) > 0 {
		c.pending = append(c.pending, change{at, data})
	}
}

// Truncate gives a file a length, if there is one.
func (d *Disk) Truncate(name string, size int64) {
	if c := d.named[name]; c != nil {
		c.pending = append(c.pending, change{at: size})
	}
}

// Rename gives a file another name; what had that is gone.
func (d *Disk) Rename(from, to string) { d.name(naming{set: to, to: d.named[from], remove: from}) }

// Link gives a file a second name.
func (d *Disk) Link(from, to string) { d.name(naming{set: to, to: d.named[from]}) }

// Remove takes a name away.
func (d *Disk) Remove(name string) { d.name(naming{remove: name}) }

func (d *Disk) name(n naming) {
	if n.set != "" && n.to == nil {
		return // of a file that we do not know
	}
	n.apply(d.named)
	d.renames = append(d.renames, n)
}

func (n naming) apply(names map[string]*content) {
	if n.remove != "" {
		delete(names, n.remove)
	}
	if n.set != "" {
		names[n.set] = n.to
	}
}

// Begun is how much of a file a sync that begins now makes sure.
func (d *Disk) Begun(name string) int {
	if c := d.named[name]; c != nil {
		return len(c.pending)
	}
	return 0
}

// Sync ends the sync of a file that began when [Disk.Begun] gave n.
func (d *Disk) Sync(name string, n int) {
	c := d.named[name]
	if c == nil {
		return
	}
	n = min(n, len(c.pending)) // another sync may have ended meanwhile
	for _, ch := range c.pending[:n] {
		c.synced = ch.apply(c.synced)
	}
	c.pending = slices.Delete(c.pending, 0, n)
}

// SyncFolder makes all names sure.
func (d *Disk) SyncFolder() {
	for _, n := range d.renames {
		n.apply(d.kept)
	}
	d.renames = nil
}

// Cut takes the power away, and gives the files that are left.
func (d *Disk) Cut(r *rand.Rand) map[string][]byte {
	names := map[string]*content{}
	for name, c := range d.kept {
		names[name] = c
	}
	for _, n := range d.renames[:r.IntN(len(d.renames)+1)] {
		n.apply(names)
	}
	left := map[string][]byte{}
	for _, name := range slices.Sorted(keysOf(names)) {
		left[name] = names[name].cut(r)
	}
	return left
}

func keysOf(m map[string]*content) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// cut is what is left of a file: all that was synced, and of the rest nothing,
// everything, a beginning that ends within a write, or any of its sectors.
func (c *content) cut(r *rand.Rand) []byte {
	left := slices.Clone(c.synced)
	pending := c.pending
	survives := func() bool { return true }
	switch r.IntN(4) {
	case 0:
		pending = nil
	case 1:
	case 2:
		sectors := 0
		for _, ch := range pending {
			sectors += len(ch.sectors())
		}
		n := r.IntN(sectors + 1)
		survives = func() bool { n--; return n >= 0 }
	case 3:
		survives = func() bool { return r.IntN(2) == 0 }
	}
	for _, ch := range pending {
		for _, s := range ch.sectors() {
			if survives() {
				left = s.apply(left)
			}
		}
	}
	return left
}

// sectors are the parts of a change that a disk writes one by one.
func (ch change) sectors() []change {
	if ch.data == nil {
		return []change{ch}
	}
	var out []change
	for at, rest := ch.at, ch.data; len(rest) > 0; {
		n := min(int64(len(rest)), Sector-at%Sector)
		out = append(out, change{at, rest[:n]})
		at, rest = at+n, rest[n:]
	}
	return out
}

func (ch change) apply(octets []byte) []byte {
	end := ch.at + int64(len(ch.data))
	if grow := end - int64(len(octets)); grow > 0 {
		octets = append(octets, make([]byte, grow)...)
	}
	if ch.data == nil {
		return octets[:ch.at]
	}
	copy(octets[ch.at:], ch.data)
	return octets
}
