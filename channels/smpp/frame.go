package smpp

import (
	"encoding/binary"
	"errors"
	"io"
)

// ErrFraming ends a link whose peer sent a command_length that cannot be one: under 16
// or over [MaxSkip]. Where the next PDU begins is then unknown.
var ErrFraming = errors.New("smpp: framing lost")

// frameOctets is the first size of a read buffer: about 150 short messages a read.
const frameOctets = 16 << 10

// framer cuts a stream of octets into PDUs. It keeps no more than one PDU of limit
// octets, or frameOctets, whichever is more.
type framer struct {
	r        io.Reader
	buf      []byte
	from, to int // buf[from:to] is read and not yet served
	limit    int
	skip     int // octets of an oversized body still to be read past
}

func newFramer(r io.Reader, limit int) *framer {
	return &framer{r: r, buf: make([]byte, frameOctets), limit: limit}
}

// next gives the next PDU; body is valid until the call after. An oversized PDU gives
// its header and a *Fault, and the call after serves the PDU that follows it. On
// [ErrFraming] the header holds what could be read of it.
func (f *framer) next() (h Header, body []byte, err error) {
	if err := f.discard(); err != nil {
		return Header{}, nil, err
	}
	if err := f.fill(4); err != nil {
		return Header{}, nil, err
	}
	length := binary.BigEndian.Uint32(f.buf[f.from:])
	if length < HeaderOctets || length > MaxSkip {
		h.Length = length
		if f.to-f.from >= HeaderOctets {
			h.ID = CommandID(binary.BigEndian.Uint32(f.buf[f.from+4:]))
			h.Seq = binary.BigEndian.Uint32(f.buf[f.from+12:])
		}
		return h, nil, ErrFraming
	}
	if err := f.fill(HeaderOctets); err != nil {
		return Header{}, nil, err
	}
	h, err = DecodeHeader(f.buf[f.from:f.to])
	if err != nil {
		return h, nil, err
	}
	if int(length) > f.limit {
		f.from += HeaderOctets
		f.skip = int(length) - HeaderOctets
		return h, nil, h.fault(RInvMsgLen, "PDU over the limit of this link")
	}
	if err := f.fill(int(length)); err != nil {
		return h, nil, err
	}
	body = f.buf[f.from+HeaderOctets : f.from+int(length)]
	f.from += int(length)
	return h, body, nil
}

// fill reads until n octets are there. It takes whatever one read gives.
func (f *framer) fill(n int) error {
	for f.to-f.from < n {
		f.makeRoom(n)
		read, err := f.r.Read(f.buf[f.to:])
		f.to += read
		if err != nil && f.to-f.from < n {
			if errors.Is(err, io.EOF) && f.to > f.from {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (f *framer) makeRoom(n int) {
	if f.from == f.to {
		f.from, f.to = 0, 0
	}
	if len(f.buf)-f.from >= n {
		return
	}
	buf := f.buf
	if len(buf) < n {
		buf = make([]byte, n)
	}
	f.to = copy(buf, f.buf[f.from:f.to])
	f.from, f.buf = 0, buf
}

// discard reads past the rest of an oversized body in the buffer that is there.
func (f *framer) discard() error {
	for f.skip > 0 {
		if f.from == f.to {
			f.from, f.to = 0, 0
			if err := f.fill(1); err != nil {
				return err
			}
		}
		n := min(f.skip, f.to-f.from)
		f.from += n
		f.skip -= n
	}
	return nil
}
