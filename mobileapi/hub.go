package mobileapi

import (
	"sync"

	"setu/gateway"
)

// maxListeners is how many requests and connections of one device may wait for
// changes at once: a browser has two tabs, and one that is being renewed.
const maxListeners = 4

// hub wakes those who wait for a citizen's changes. It holds no changes: who is
// woken reads the store from its own cursor, so that a slow phone costs nothing
// and nothing is lost.
type hub struct {
	mu     sync.Mutex
	by     map[gateway.Address]map[*listener]bool
	byID   map[string]int // listeners of a device
	closed bool
}

// listener is one who waits.
type listener struct {
	device string
	// woken has room for one: more wake nobody twice.
	woken chan struct{}
	// gone is closed when the device was removed, or all is over.
	gone chan struct{}
}

func newHub() *hub {
	return &hub{by: map[gateway.Address]map[*listener]bool{}, byID: map[string]int{}}
}

// join adds a listener; false says that the device has too many.
func (h *hub) join(who caller) (*listener, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byID[who.device] >= maxListeners {
		return nil, false
	}
	l := &listener{device: who.device, woken: make(chan struct{}, 1), gone: make(chan struct{})}
	if h.closed {
		close(l.gone)
		return l, true
	}
	if h.by[who.citizen] == nil {
		h.by[who.citizen] = map[*listener]bool{}
	}
	h.by[who.citizen][l] = true
	h.byID[who.device]++
	return l, true
}

// leave takes a listener out.
func (h *hub) leave(who caller, l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.by[who.citizen][l] {
		return
	}
	delete(h.by[who.citizen], l)
	if len(h.by[who.citizen]) == 0 {
		delete(h.by, who.citizen)
	}
	if h.byID[who.device]--; h.byID[who.device] <= 0 {
		delete(h.byID, who.device)
	}
}

// wake wakes a citizen's listeners.
func (h *hub) wake(citizen gateway.Address) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.by[citizen] {
		select {
		case l.woken <- struct{}{}:
		default:
		}
	}
}

// drop ends the listeners of a device that was removed.
func (h *hub) drop(device string) {
	h.end(func(l *listener) bool { return l.device == device })
}

// close ends all listeners, and those that come later at once.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.end(func(*listener) bool { return true })
}

func (h *hub) end(which func(*listener) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, all := range h.by {
		for l := range all {
			if !which(l) {
				continue
			}
			select {
			case <-l.gone:
			default:
				close(l.gone)
			}
		}
	}
}

// count is how many listen.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, all := range h.by {
		n += len(all)
	}
	return n
}
