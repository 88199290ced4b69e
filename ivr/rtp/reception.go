package rtp

import (
	"time"

	"setu/ivr/g711"
)

// reception counts what comes from one source (RFC 3550 §6.4.1, A.1, A.3, A.8).
type reception struct {
	have     bool
	ssrc     uint32
	base     uint32 // first extended sequence number
	highest  uint32 // extended
	received uint32
	transit  int64   // of the last packet, in samples
	jitter   float64 // in samples

	expectedBefore, receivedBefore uint32 // at the last report

	report   uint32 // middle of the NTP time of its last sender report
	reportAt time.Time
}

// farAhead is a jump of the sequence that no loss explains: a source that starts
// again (RFC 3550 A.1, MAX_DROPOUT).
const farAhead = 3000

// take counts a packet that has come at a time. Only sound has timestamps that say
// when it was sent.
func (r *reception) take(p Packet, at time.Time, sound bool) {
	ahead := p.Seq - uint16(r.highest)
	if !r.have || r.ssrc != p.SSRC || ahead > farAhead && -ahead > farAhead {
		*r = reception{have: true, ssrc: p.SSRC, base: uint32(p.Seq), highest: uint32(p.Seq)}
		ahead = 0
	}
	if ahead <= farAhead {
		r.highest += uint32(ahead)
	}
	r.received++
	if !sound {
		return
	}
	arrival := at.UnixNano() / int64(time.Second/g711.Rate)
	transit := arrival - int64(p.Timestamp)
	if r.received > 1 && r.transit != 0 {
		// Timestamps are of 32 bits and their beginning is anybody's.
		d := int64(int32(transit - r.transit))
		r.jitter += (float64(max(d, -d)) - r.jitter) / 16
	}
	r.transit = transit
}

// lost is how many packets have not come; negative if some came twice.
func (r *reception) lost() int32 {
	if !r.have {
		return 0
	}
	return int32(r.highest - r.base + 1 - r.received)
}

// block is what is reported to the source, since the last report.
func (r *reception) block(now time.Time) Block {
	expected := r.highest - r.base + 1
	b := Block{SSRC: r.ssrc, Lost: r.lost(), Highest: r.highest, Jitter: uint32(r.jitter), LastSR: r.report}
	all := int64(expected - r.expectedBefore)
	if missing := all - int64(r.received-r.receivedBefore); missing > 0 && all > 0 {
		b.Fraction = uint8(min(missing*256/all, 255))
	}
	r.expectedBefore, r.receivedBefore = expected, r.received
	if r.report != 0 {
		b.Delay = uint32(now.Sub(r.reportAt) * 65536 / time.Second)
	}
	return b
}
