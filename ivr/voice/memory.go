package voice

import (
	"cmp"
	"container/list"
	"sync"
)

// defaultMemory is the room of a memory: an hour of speech in both codecs.
const defaultMemory = 64 << 20 // octets

// memory holds the clips that were asked for last, so that all calls that say the
// same share them.
type memory struct {
	room int

	mu    sync.Mutex
	used  int
	order *list.List // of *kept, the latest first
	known map[string]*list.Element
}

type kept struct {
	key  string
	clip Clip
}

func (k *kept) octets() int { return len(k.clip.ULaw) + len(k.clip.ALaw) }

func newMemory(room int) *memory {
	return &memory{room: cmp.Or(room, defaultMemory), order: list.New(), known: make(map[string]*list.Element)}
}

func (m *memory) get(key string) (clip Clip, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.known[key]
	if !ok {
		return Clip{}, false
	}
	m.order.MoveToFront(at)
	k, ok := at.Value.(*kept)
	return k.clip, ok
}

// put keeps a clip; those that have not been asked for the longest make room.
func (m *memory) put(key string, clip Clip) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; ok {
		return
	}
	k := &kept{key, clip}
	m.known[key] = m.order.PushFront(k)
	m.used += k.octets()
	for m.used > m.room && m.order.Len() > 1 {
		if oldest, ok := m.order.Remove(m.order.Back()).(*kept); ok {
			delete(m.known, oldest.key)
			m.used -= oldest.octets()
		}
	}
}
