package httpsig

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxNonces bounds one of the two generations of nonces: about 50 MB, and over
// 4,000 requests a second in the default window.
const maxNonces = 1 << 20

// Nonces remembers nonces for as long as a signature with them could come
// again. Its method may be called from many goroutines.
type Nonces struct {
	keep time.Duration

	mu sync.Mutex
	// recent is filled for as long as keep, then becomes old, and what was
	// old is forgotten: each stays for at least keep.
	recent, old map[[16]byte]struct{}
	turned      time.Time
}

// NewNonces remembers nonces of requests whose creation may differ from now by
// a window; the zero value is [DefaultWindow].
func NewNonces(window time.Duration) *Nonces {
	if window == 0 {
		window = DefaultWindow
	}
	// What comes first from a clock that is a window ahead can come again
	// until that clock's time is a window behind.
	return &Nonces{keep: 2 * window, recent: make(map[[16]byte]struct{})}
}

// Take takes a nonce. The errors are [ErrReplayed] and [ErrFull].
func (n *Nonces) Take(nonce string, now time.Time) error {
	sum := sha256.Sum256([]byte(nonce))
	is := [16]byte(sum[:16])
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.turned) > n.keep {
		n.old, n.recent, n.turned = n.recent, make(map[[16]byte]struct{}), now
	}
	if _, seen := n.recent[is]; seen {
		return ErrReplayed
	}
	if _, seen := n.old[is]; seen {
		return ErrReplayed
	}
	if len(n.recent) >= maxNonces {
		return ErrFull
	}
	n.recent[is] = struct{}{}
	return nil
}
