package baas

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/rest"
)

// Blocks is a ledger whose blocks can be followed. A service in front of one that
// cannot says that there is nothing at the path.
type Blocks interface {
	Height(ctx context.Context) (uint64, error)
	Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error
}

const (
	// gatherBlocks is how long a page waits for more once it has a new block, so
	// that a ledger of many small blocks is not asked for each.
	gatherBlocks = 100 * time.Millisecond
	// maxBlocks of one page, of which most may hold nothing of the client.
	maxBlocks = 10_000
)

var (
	errNoBlocks = errors.New("baas: the ledger gives no blocks")
	errNumber   = errors.New("baas: not the number of a block")
	errFull     = errors.New("baas: the page is full")
)

// height says how many blocks there are.
func (s *Server) height(ctx context.Context, _ ask) (answer, error) {
	chain, ok := s.ledger.(Blocks)
	if !ok {
		return answer{}, fault{rest.NoSuchPath, errNoBlocks}
	}
	h, err := chain.Height(ctx)
	return answer{http.StatusOK, rest.Height{Height: h}}, err
}

// blocks gives what blocks from a number on hold of the client's own. It waits
// for a block if there is none.
func (s *Server) blocks(ctx context.Context, a ask) (answer, error) {
	chain, ok := s.ledger.(Blocks)
	if !ok {
		return answer{}, fault{rest.NoSuchPath, errNoBlocks}
	}
	from, err := strconv.ParseUint(a.r.PathValue("next"), 10, 63)
	if err != nil {
		return answer{}, fault{rest.Malformed, errNumber}
	}
	height, err := chain.Height(ctx)
	if err != nil {
		return answer{}, err
	}
	p := page{Page: rest.Page{Next: from, Blocks: []rest.Block{}}, from: from}
	following, stop := context.WithCancel(ctx)
	defer stop()
	defer s.polls.begin(stop)()
	err = chain.Follow(following, from, func(b ledgerclient.Block) error {
		if p.Next+1 >= height { // what was there is read: a little more, and then the answer
			time.AfterFunc(gatherBlocks, stop)
		}
		return p.add(b, func(e *ledgerclient.Entry) bool { return s.clients.owner(e.Envelope.Signature.KeyID) == a.client })
	})
	if p.Next == from && following.Err() == nil {
		return answer{}, err
	}
	return answer{http.StatusOK, p.Page}, nil
}

// polls are the requests that wait for a block, which a service that stops does
// not wait for.
type polls struct {
	mu      sync.Mutex
	stopped bool
	last    int
	waiting map[int]context.CancelFunc
}

// begin notes one, and gives what forgets it.
func (p *polls) begin(stop context.CancelFunc) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		stop()
	}
	if p.waiting == nil {
		p.waiting = make(map[int]context.CancelFunc)
	}
	p.last++
	n := p.last
	p.waiting[n] = stop
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, n)
	}
}

// stop has all of them answered now, and those that come.
func (p *polls) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for _, stop := range p.waiting {
		stop()
	}
}

// page is a page in the making.
type page struct {
	rest.Page
	from   uint64
	octets int
}

// add looks at one more block.
func (p *page) add(b ledgerclient.Block, own func(*ledgerclient.Entry) bool) error {
	var entries []rest.Entry
	for i := range b.Entries {
		if e := &b.Entries[i]; own(e) {
			entries = append(entries, rest.EntryOf(*e))
			p.octets += 2*len(e.Envelope.Canonical) + 1024 // in base64, with signature and answer
		}
	}
	if len(entries) > 0 {
		p.Blocks = append(p.Blocks, rest.Block{Number: b.Number, Entries: entries})
	}
	p.Next = b.Number + 1
	if p.octets >= rest.PageOctets || p.Next-p.from >= maxBlocks {
		return errFull
	}
	return nil
}
