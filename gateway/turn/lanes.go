package turn

import (
	"hash/maphash"
	"sync"

	"setu/gateway"
	"setu/ledgerclient"
)

// job is one message on its way through a turn.
type job struct {
	in     gateway.Inbound
	joined gateway.FragmentKey
	// row is the message's row in the inbox, 0 until it is accepted.
	row int64
	// done answers the provider; it is called once.
	done func(error)
	// reply takes the one screen of a live input; nil for a message.
	reply chan screen
	// nonce is in the place of a key that the provider does not give.
	nonce string
	// resetPIN is an operator's wish in the place of an input.
	resetPIN bool
	// accepted is closed when a message that came while its citizen was
	// busy is on disk; dropped says that it need not be taken.
	accepted chan struct{}
	dropped  bool
	// holds is how often the lane was held after a fault in its turn.
	holds int
	// meters are counted with the turn's commit.
	meters []gateway.Meter
	// repeats is the receipt of the transaction that the store has found to be
	// the one that is asked for again; repeated is what is committed of that.
	repeats  ledgerclient.Receipt
	repeated *gateway.Repeated
	// told says that the turn of a live input is on disk, with its meters and its
	// leaf of the audit log.
	told bool
}

// afresh is the accepted message of a job whose turn is to be taken once more.
func (j *job) afresh() *job { return &job{in: j.in, row: j.row, holds: j.holds} }

// meter begins the turn's counts with what the dialogue noted of the input.
func (j *job) meter(notes []gateway.Meter) {
	j.meters, j.repeated = nil, nil
	j.addMeters(notes)
}

// addMeters adds what the dialogue noted.
func (j *job) addMeters(notes []gateway.Meter) {
	for _, n := range notes {
		n.Medium, n.Partner = j.in.Medium, j.in.Link
		j.meters = append(j.meters, n)
	}
}

// lane holds the messages of one citizen that wait for the one in hand.
type lane struct{ waiting []*job }

// laneDepth bounds the messages of one citizen that wait in memory.
const laneDepth = 512

// liveDepth bounds those of them before a live input: its citizen would have
// gone before they are through.
const liveDepth = 16

// laneShards keeps the lanes' locks short; a power of two.
const laneShards = 64

// lanes are the citizens who have a turn in hand.
type lanes struct {
	seed   maphash.Seed
	once   sync.Once
	shards [laneShards]struct {
		sync.Mutex
		busy map[gateway.Address]*lane
	}
}

func (l *lanes) shard(a gateway.Address) *struct {
	sync.Mutex
	busy map[gateway.Address]*lane
} {
	l.once.Do(func() {
		l.seed = maphash.MakeSeed()
		for i := range l.shards {
			l.shards[i].busy = map[gateway.Address]*lane{}
		}
	})
	return &l.shards[maphash.String(l.seed, string(a))%laneShards]
}

// place is what became of a job that entered a lane.
type place uint8

const (
	heads   place = iota // the lane was empty: the caller has to serve it
	follows              // waits behind the turn in hand
	full                 // too many wait; the job is not in the lane
)

// enter gives j to its citizen's lane. Messages that are on disk already are
// never turned away.
func (l *lanes) enter(j *job) place {
	s := l.shard(j.in.From)
	s.Lock()
	defer s.Unlock()
	ln, busy := s.busy[j.in.From]
	switch {
	case !busy:
		s.busy[j.in.From] = &lane{}
		return heads
	case len(ln.waiting) >= laneDepth && j.row == 0,
		j.live() && len(ln.waiting) >= liveDepth:
		return full
	}
	ln.waiting = append(ln.waiting, j)
	return follows
}

// next is the message after the one that has ended, or nil: then the lane is
// closed.
func (l *lanes) next(a gateway.Address) *job {
	s := l.shard(a)
	s.Lock()
	defer s.Unlock()
	ln := s.busy[a]
	if len(ln.waiting) == 0 {
		delete(s.busy, a)
		return nil
	}
	j := ln.waiting[0]
	ln.waiting = ln.waiting[1:]
	return j
}

// enter starts j's turn, or queues it behind its citizen's turn in hand: then
// it is accepted at once, so that its provider does not wait for that turn.
func (t *Taker) enter(j *job) {
	if j.row == 0 {
		j.accepted = make(chan struct{})
	}
	switch t.lanes.enter(j) {
	case heads:
		j.accepted = nil // its turn accepts it
		t.start(j)
		return
	case full:
		t.counts.Throttled.Add(1)
		j.done(ErrBusy)
		return
	case follows:
	}
	if j.row != 0 {
		return
	}
	t.Store.Commit(gateway.Commit{Accept: &j.in, Joined: j.joined}, func(c gateway.Committed, err error) {
		j.row, j.dropped = c.Inbox, err != nil || c.Duplicate
		t.countDuplicate(c)
		t.answer(j, err)
		close(j.accepted)
	})
}

// start has j's lane served, by a goroutine that rests or by a new one. It
// blocks while too many turns are under way.
func (t *Taker) start(j *job) {
	t.room <- struct{}{}
	t.turns.Add(1)
	select {
	case t.resting <- j:
	default:
		go t.work(j)
	}
}

// maxResting bounds the goroutines that wait for work: what a bind's window
// brings at one time. A goroutine that has served before has the stack that a
// turn needs.
const maxResting = 256

// work serves lane after lane, until enough others wait for work or the Taker
// has closed.
func (t *Taker) work(j *job) {
	for {
		t.serve(j)
		<-t.room
		t.turns.Done()
		if t.rests.Add(1) > maxResting {
			t.rests.Add(-1)
			return
		}
		select {
		case j = <-t.resting:
			t.rests.Add(-1)
		case <-t.ctx.Done():
			t.rests.Add(-1)
			return
		}
	}
}

// serve takes the turns of one citizen until none is left, or one is to be tried
// again before the others.
func (t *Taker) serve(j *job) {
	from := j.in.From
	for ; j != nil; j = t.lanes.next(from) {
		if j.accepted != nil {
			<-j.accepted // the store calls back in any case
		}
		switch {
		case j.live():
			t.guardedLive(j)
		case !j.dropped:
			if wait := t.guarded(j); wait > 0 {
				t.hold(j, wait)
				return
			}
		}
	}
}
