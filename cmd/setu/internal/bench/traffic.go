package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"setu/channels/smpp"
)

const (
	// maxWindow is the most submit_sm that may be without an answer.
	maxWindow = 1 << 16
	// maxCitizens is the most numbers in use by one run.
	maxCitizens = 10_000_000
	// numbers are what all synthetic citizens' numbers begin with: mobile
	// numbers of India, apart from those of the sandbox's citizens. Each run
	// uses a block of its own, because a gateway takes the same text from the
	// same number on another bind, soon after, for a redelivery.
	numbers = "9170"
	// numberSpace is how many numbers begin so: they have eight more digits.
	numberSpace = 100_000_000
	// telling is how many octets at the beginning of an answer tell it from
	// others: eight characters in Bengali, sixteen in English.
	telling = 16
	// pause is how long the generator holds back after ESME_RTHROTTLED or
	// ESME_RMSGQFUL.
	pause = 5 * time.Millisecond
)

// international is the source of what citizens send: E.164.
var international = smpp.Address{TON: 1, NPI: 1}

// citizen is one synthetic number.
type citizen struct {
	trip    int32 // that is under way for it, plus 1; 0 for none
	answers uint8 // since its latest trip began
	allowed uint8 // answers that its latest trip may have; 0: it never had one
	rounds  int   // trips that it has had
}

// trip is one round trip under way.
type trip struct {
	citizen int
	kind    int
	step    int
	due     time.Duration // when it began, or should have

	// The answer that is being put together.
	ref   uint16
	total uint8
	got   uint8
	seen  [4]uint64 // parts, one bit each
}

// sent is a submit_sm without an answer yet.
type sent struct {
	seq  uint32
	trip int32 // plus 1; 0 for none
	at   time.Duration
}

// stamp is a number of messages that became due at one moment.
type stamp struct {
	due   time.Duration
	count int
}

// first is the answer to a step that came first: all others begin like it.
type first struct {
	answer   body
	segments uint8
}

// tally is what a phase has counted.
type tally struct {
	begun, done                   int
	doubled, misrouted, wrong     int
	refused, throttled, followUps int
	parts                         int
	latency, ack                  *histogram
	wrongText                     body
	status                        smpp.Status // of the latest refusal
}

// traffic is all conversations of a run. Its state is covered by the lock of
// its link.
type traffic struct {
	cfg   Config
	kinds []kind
	link  *link
	epoch time.Time

	base     int       // of the run's block of numbers
	mark     smpp.TLVs // tells the run's messages from those of another
	citizens []citizen
	rested   []int // numbers without a trip, longest rest first, as a ring
	rest     int   // index of the first
	trips    []trip
	free     []int32
	again    []int32 // trips whose next message is to be sent
	pending  []sent  // by sequence number
	unacked  int     // submit_sm without an answer
	window   float64 // how many there may be: less than configured while the gateway throttles
	seq      uint32
	blocked  time.Duration // hold back until then

	target  int
	rate    float64
	start   time.Duration
	issued  int // messages that have become due
	stamps  []stamp
	turns   [2]int // of the next conversation, in Bengali and in English
	firsts  [][]first
	tally   tally
	moved   time.Duration // when something was answered last
	ended   time.Duration // when the phase was complete
	message smpp.ShortMessage
	over    chan struct{}
	call    chan struct{} // for the pacer
}

func newTraffic(cfg Config, kinds []kind, l *link) *traffic {
	t := &traffic{
		cfg: cfg, kinds: kinds, link: l, epoch: cfg.Now(),
		citizens: make([]citizen, cfg.Citizens),
		rested:   make([]int, cfg.Citizens),
		trips:    make([]trip, cfg.UnderWay),
		pending:  make([]sent, maxWindow),
		window:   float64(cfg.Window), seq: 1,
		base:   rand.IntN((numberSpace-cfg.Citizens)/10_000) * 10_000, //nolint:gosec // not to collide, not to be secret
		firsts: make([][]first, len(kinds)),
		over:   make(chan struct{}, 1),
		call:   make(chan struct{}, 1),
	}
	ref := binary.BigEndian.AppendUint16(nil, uint16(rand.Uint32())) //nolint:gosec // not to collide, not to be secret
	t.mark = smpp.TLVs{{Tag: smpp.TagUserMessageRef, Value: ref}}
	for i := range t.rested {
		t.rested[i] = i
	}
	for i := range t.trips {
		t.free = append(t.free, int32(i))
	}
	for i, k := range kinds {
		t.firsts[i] = make([]first, len(k.steps))
	}
	return t
}

// clock is the time since the run began.
func (t *traffic) clock() time.Duration { return t.cfg.Now().Sub(t.epoch) }

// phase begins n round trips and waits until all are answered, or until
// nothing has been answered for as long as the run's patience.
func (t *traffic) phase(ctx context.Context, n int, rate float64) error {
	t.open(n, rate)
	watch := time.NewTicker(min(t.cfg.Patience/4, time.Second))
	defer watch.Stop()
	for {
		select {
		case <-t.over:
			t.wait(ctx, t.cfg.Linger)
			return nil
		case <-t.link.closed:
			return t.link.ended
		case <-watch.C:
			if t.giveUp() {
				return nil
			}
		}
	}
}

func (t *traffic) open(n int, rate float64) {
	t.link.mu.Lock()
	defer t.link.mu.Unlock()
	t.tally = tally{latency: new(histogram), ack: new(histogram)}
	t.target, t.rate, t.issued, t.stamps = n, rate, 0, nil
	t.start = t.clock()
	t.moved, t.ended = t.start, 0
	t.pump(t.start)
	t.link.flush()
	t.wake()
}

// wait lets time pass for answers that come twice.
func (t *traffic) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.link.closed:
	case <-ctx.Done():
	}
}

// giveUp ends a phase in which nothing moves any more. The trips under way
// are lost; their numbers are free again.
func (t *traffic) giveUp() bool {
	t.link.mu.Lock()
	defer t.link.mu.Unlock()
	now := t.clock()
	if t.ended > 0 || now-t.moved < t.cfg.Patience {
		return false
	}
	t.ended, t.target = t.moved, t.tally.begun
	t.again = nil
	for i := range t.trips {
		if c := &t.citizens[t.trips[i].citizen]; c.trip == int32(i+1) {
			t.release(int32(i))
		}
	}
	return true
}

// pace issues messages at the run's rate, and lets go on what was held back.
// It sleeps when there is neither.
func (t *traffic) pace() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-t.link.closed:
			return
		case <-t.call:
			timer.Reset(time.Millisecond)
		case <-timer.C:
			if t.goOn() {
				timer.Reset(time.Millisecond)
			}
		}
	}
}

// wake starts the pacer. It may be called with or without the lock.
func (t *traffic) wake() {
	select {
	case t.call <- struct{}{}:
	default:
	}
}

// goOn sends what is due and reports whether more will be.
func (t *traffic) goOn() bool {
	t.link.mu.Lock()
	defer t.link.mu.Unlock()
	now := t.clock()
	t.issue(now)
	t.pump(now)
	t.link.flush()
	return t.ended == 0 && (t.rate > 0 || now < t.blocked)
}

// issue notes the messages that have become due since the last time. What
// waits after that counts as latency; that the generator's own clock ticks
// once a millisecond does not.
func (t *traffic) issue(now time.Duration) {
	if t.rate == 0 || t.ended > 0 {
		return
	}
	due := min(int(t.rate*(now-t.start).Seconds()), t.target)
	if n := due - t.issued; n > 0 {
		t.stamps = append(t.stamps, stamp{now, n})
		t.issued = due
	}
}

// pump sends as long as the window and the trips under way allow.
func (t *traffic) pump(now time.Duration) {
	if now < t.blocked {
		return
	}
	for t.unacked < int(t.window) {
		if len(t.again) > 0 { // the one that waits longest first
			i := t.again[0]
			t.again = t.again[1:]
			t.send(i, now)
			continue
		}
		if !t.begin(now) {
			return
		}
	}
}

// begin starts the next round trip, if one is due and one is free.
func (t *traffic) begin(now time.Duration) bool {
	if len(t.free) == 0 || t.tally.begun >= t.target {
		return false
	}
	due, ok := t.nextDue(now)
	if !ok {
		return false
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	number := t.rested[t.rest]
	t.rest = (t.rest + 1) % len(t.rested)
	k := t.nextKind(number)
	t.trips[i] = trip{citizen: number, kind: k, due: due}
	t.citizens[number] = citizen{
		trip: i + 1, allowed: uint8(len(t.kinds[k].steps) + t.kinds[k].extra), rounds: t.citizens[number].rounds + 1,
	}
	t.tally.begun++
	t.send(i, now)
	return true
}

func (t *traffic) nextDue(now time.Duration) (time.Duration, bool) {
	if t.rate == 0 {
		return now, true
	}
	if len(t.stamps) == 0 {
		return 0, false
	}
	s := &t.stamps[0]
	due := s.due
	if s.count--; s.count == 0 {
		t.stamps = t.stamps[1:]
	}
	return due, true
}

// nextKind deals the conversations of the citizen's language out evenly. A
// citizen keeps her language, because the gateway remembers it.
func (t *traffic) nextKind(citizen int) int {
	half := len(t.kinds) / 2
	lang := 1
	if share := t.cfg.Bengali; int(share*float64(citizen+1)) > int(share*float64(citizen)) {
		lang = 0
	}
	t.turns[lang]++
	return lang*half + t.turns[lang]%half
}

// send encodes the next message of a trip.
func (t *traffic) send(i int32, now time.Duration) {
	tr := &t.trips[i]
	b := t.kinds[tr.kind].step(tr.step, t.citizens[tr.citizen].rounds)
	for t.pending[t.seq%maxWindow].trip != 0 {
		t.seq++
	}
	// Handsets number what they send, and a centre passes the number on: so no
	// two messages of a citizen are taken for one that is delivered again.
	ref := t.mark[0].Value
	binary.BigEndian.PutUint16(ref, binary.BigEndian.Uint16(ref)+1)
	m := &t.message
	*m = smpp.ShortMessage{Source: international, DataCoding: byte(b.coding), Text: b.octets, TLVs: t.mark}
	m.Source.Addr = number(t.base + tr.citizen)
	m.Dest.Addr = t.cfg.Code
	out, err := smpp.AppendMessage(t.link.out, smpp.SubmitSM, t.seq, m)
	if err != nil { // a short code that is no address: the same for each message
		t.tally.refused++
		t.finish(i, now)
		return
	}
	t.link.out = out
	t.pending[t.seq%maxWindow] = sent{t.seq, i + 1, now}
	t.unacked++
	t.seq = t.seq%smpp.MaxSequence + 1
}

// number is the n-th synthetic number as SMPP carries it: digits without a plus.
func number(n int) string {
	var b [12]byte
	digits := append(b[:0], numbers...)
	for divisor := numberSpace / 10; divisor > 0; divisor /= 10 {
		digits = append(digits, byte('0'+n/divisor%10))
	}
	return string(digits)
}

// citizenOf reads a number of ours.
func (t *traffic) citizenOf(address string) (int, bool) {
	rest, ours := strings.CutPrefix(strings.TrimPrefix(address, "+"), numbers)
	n, err := strconv.Atoi(rest)
	n -= t.base
	return n, ours && err == nil && n >= 0 && n < len(t.citizens) && len(rest) == 8
}

// take handles one PDU of the gateway.
func (t *traffic) take(h smpp.Header, pdu []byte, now time.Duration) error {
	switch h.ID {
	case smpp.SubmitSM.Response(), smpp.GenericNack:
		t.acknowledged(h, now)
	case smpp.DeliverSM, smpp.DataSM:
		var m smpp.ShortMessage
		if err := m.Decode(h, pdu); err != nil {
			return err
		}
		t.link.out = smpp.AppendMessageResp(t.link.out, h.ID, h.Seq, smpp.ROK, "")
		t.delivered(&m, now)
	case smpp.EnquireLink:
		t.link.out = smpp.AppendEmpty(t.link.out, smpp.EnquireLink.Response(), h.Seq, smpp.ROK)
	case smpp.Unbind.Response():
		return errUnbound
	case smpp.Unbind:
		return fmt.Errorf("%w: the gateway unbound", ErrLink)
	}
	return nil
}

// acknowledged takes the answer to a submit_sm.
func (t *traffic) acknowledged(h smpp.Header, now time.Duration) {
	p := &t.pending[h.Seq%maxWindow]
	if p.trip == 0 || p.seq != h.Seq {
		return
	}
	i := p.trip - 1
	at := p.at
	*p = sent{}
	t.unacked--
	t.moved = now
	switch {
	case h.Status == smpp.ROK:
		t.tally.ack.add(now - at)
		t.window = min(t.window+1/t.window, float64(t.cfg.Window))
	case h.Status.Temporary():
		t.tally.throttled++
		t.tally.status = h.Status
		t.again = append(t.again, i)
		t.slowDown(now)
	default:
		t.tally.refused++
		t.tally.status = h.Status
		t.finish(i, now)
	}
}

// slowDown holds back and narrows the window, once for all that were refused
// together, as a well-behaved partner does.
func (t *traffic) slowDown(now time.Duration) {
	if now >= t.blocked {
		t.window = max(t.window*3/4, 1)
	}
	t.blocked = now + pause
	t.wake()
}

// finish ends a trip, and the phase with the last one.
func (t *traffic) finish(i int32, now time.Duration) {
	t.release(i)
	t.moved = now
	if t.tally.done++; t.tally.done >= t.target && t.ended == 0 {
		t.ended = now
		select {
		case t.over <- struct{}{}:
		default:
		}
	}
}

// release puts a trip and its number back.
func (t *traffic) release(i int32) {
	number := t.trips[i].citizen
	t.citizens[number].trip = 0
	// As many numbers are under way as have left the ring, so its first free
	// place lies that far behind the first one.
	busy := len(t.trips) - len(t.free)
	t.rested[(t.rest+len(t.rested)-busy)%len(t.rested)] = number
	t.free = append(t.free, i)
}
