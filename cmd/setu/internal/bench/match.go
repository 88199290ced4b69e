package bench

import (
	"bytes"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// delivered takes a message to a citizen.
func (t *traffic) delivered(m *smpp.ShortMessage, now time.Duration) {
	if m.IsReceipt() {
		return
	}
	n, ours := t.citizenOf(m.Dest.Addr)
	if !ours || m.Source.Addr != t.cfg.Code || t.citizens[n].allowed == 0 {
		t.tally.misrouted++
		return
	}
	t.moved = now
	concat := sms.Concat{Total: 1, Seq: 1}
	text := m.Text
	if m.HasHeader() {
		if udh, rest, err := sms.ParseUDH(m.Text); err == nil && udh.Concat.Valid() {
			concat, text = udh.Concat, rest
		}
	}
	t.tally.parts++
	if t.citizens[n].trip == 0 || !t.trips[t.citizens[n].trip-1].fits(concat) {
		t.unasked(&t.citizens[n], concat)
		return
	}
	t.part(t.citizens[n].trip-1, concat, body{sms.Coding(m.DataCoding), text}, now)
}

// fits says whether a part belongs to the answer that is being put together
// and is new.
func (tr *trip) fits(c sms.Concat) bool {
	if tr.total == 0 {
		return true
	}
	return tr.total == c.Total && tr.ref == c.Ref && tr.seen[c.Seq/64]&(1<<(c.Seq%64)) == 0
}

// unasked counts an answer that no trip waits for.
func (t *traffic) unasked(c *citizen, concat sms.Concat) {
	if concat.Seq != 1 {
		return
	}
	c.answers++
	switch {
	case c.answers > c.allowed:
		t.tally.doubled++
	default:
		t.tally.followUps++
	}
}

// part takes one part of the answer to a trip.
func (t *traffic) part(i int32, c sms.Concat, b body, now time.Duration) {
	tr := &t.trips[i]
	tr.total, tr.ref = c.Total, c.Ref
	tr.seen[c.Seq/64] |= 1 << (c.Seq % 64)
	tr.got++
	if c.Seq == 1 {
		t.compare(tr, b, c.Total)
	}
	if tr.got < tr.total {
		return
	}
	t.citizens[tr.citizen].answers++
	tr.total, tr.got, tr.seen = 0, 0, [4]uint64{}
	if tr.step++; tr.step < len(t.kinds[tr.kind].steps) {
		t.again = append(t.again, i)
		return
	}
	t.tally.latency.add(now - tr.due)
	t.finish(i, now)
}

// compare checks how an answer begins against the first one to the same step.
func (t *traffic) compare(tr *trip, b body, segments uint8) {
	want := &t.firsts[tr.kind][tr.step]
	if want.segments == 0 {
		*want = first{body{b.coding, bytes.Clone(b.octets)}, segments}
		return
	}
	if b.coding != want.answer.coding || !alike(b.octets, want.answer.octets) {
		t.tally.wrong++
		t.tally.wrongText = body{b.coding, bytes.Clone(b.octets)}
	}
}

// alike says whether two answers begin with the same words. Digits are all
// the same: a text may begin with the number that it is about.
func alike(a, b []byte) bool {
	n := min(telling, len(b))
	if len(a) < n {
		return false
	}
	for i := range n {
		if a[i] != b[i] && !(isDigit(a[i]) && isDigit(b[i])) {
			return false
		}
	}
	return true
}

// isDigit holds for septets of the GSM alphabet and for the low octets of
// UTF-16; there a few Devanagari letters pass too.
func isDigit(octet byte) bool { return octet >= '0' && octet <= '9' }
