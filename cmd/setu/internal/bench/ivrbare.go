package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"setu/ivr/rtp"
)

// SendSound sends the sound of calls to addresses, a packet of 20 ms to each, until
// in ends. It is the bare limit that a gateway's sending is held to: a socket for
// each call, as a gateway has it, a packet that is ready, and a loop on each core
// that knows when the next is due; nothing is received, looked up or decided.
func SendSound(ctx context.Context, to []netip.AddrPort, in io.Reader, now func() time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // until the input ends, which is this process's end
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	loops := make([]bareLoop, runtime.GOMAXPROCS(0))
	for i, addr := range to {
		conn, err := new(net.Dialer).DialContext(ctx, "udp", addr.String())
		if err != nil {
			return fmt.Errorf("sink %d: %w", i, err)
		}
		loop := &loops[i%len(loops)]
		loop.add(conn, uint32(i))
	}
	var all sync.WaitGroup
	errs := make([]error, len(loops))
	for i := range loops {
		all.Go(func() { errs[i] = loops[i].run(ctx, now) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// bareSlots are the parts of 20 ms in which a loop sends.
const bareSlots = 10

// bareLoop sends for one core.
type bareLoop struct {
	n       int
	conns   [bareSlots][]net.Conn
	packets [bareSlots][][]byte
}

func (b *bareLoop) add(conn net.Conn, ssrc uint32) {
	slot := b.n % bareSlots
	b.n++
	b.conns[slot] = append(b.conns[slot], conn)
	packet := rtp.Packet{Type: uint8(rtp.PCMA), SSRC: ssrc, Payload: make([]byte, 160)}.Append(nil)
	b.packets[slot] = append(b.packets[slot], packet)
}

func (b *bareLoop) run(ctx context.Context, now func() time.Time) (err error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	begin := now()
	for i := 0; ; i++ {
		if wait := begin.Add(time.Duration(i) * frameLength / bareSlots).Sub(now()); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return b.close()
			}
		} else if ctx.Err() != nil {
			return b.close()
		}
		slot := i % bareSlots
		for k, conn := range b.conns[slot] {
			packet := b.packets[slot][k]
			binary.BigEndian.PutUint16(packet[2:], binary.BigEndian.Uint16(packet[2:])+1)
			binary.BigEndian.PutUint32(packet[4:], binary.BigEndian.Uint32(packet[4:])+160)
			_, _ = conn.Write(packet) // one that is dropped is counted where it does not arrive
		}
	}
}

func (b *bareLoop) close() error {
	var errs []error
	for _, conns := range b.conns {
		for _, conn := range conns {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// sinks receive the bare loop's sound as callers receive the gateway's.
type sinks struct {
	arrivals
	engine  *rtp.Engine
	running sync.WaitGroup
	stop    context.CancelFunc
	addrs   []string
	lines   []*line
}

func newSinks(ctx context.Context, n int) (*sinks, error) {
	engine, err := rtp.New(rtp.Options{})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	s := &sinks{engine: engine, stop: stop}
	s.running.Go(func() { _ = engine.Run(ctx) }) // it ends with ctx
	for range n {
		stream, err := engine.Open()
		if err != nil {
			s.close()
			return nil, err
		}
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), stream.Port())
		// It listens to whoever sends, and what it sends goes nowhere: to the
		// port of discard (RFC 863).
		nowhere := netip.AddrPortFrom(addr.Addr(), 9)
		if err := stream.Start(rtp.Remote{Media: nowhere, Codec: rtp.PCMA, Events: 101}); err != nil {
			s.close()
			return nil, err
		}
		l := &line{crowd: &s.arrivals}
		stream.Hear(l.hear)
		s.addrs, s.lines = append(s.addrs, addr.String()), append(s.lines, l)
	}
	return s, nil
}

func (s *sinks) close() {
	s.stop()
	s.running.Wait()
}

// measure counts for as long as the gateway was measured.
func (s *sinks) measure(ctx context.Context, c IVRConfig, g gauge, report *IVRReport) error {
	if err := stay(ctx, settle); err != nil {
		return err
	}
	for _, l := range s.lines {
		l.restart()
	}
	s.mu.Lock()
	s.counted = true
	s.mu.Unlock()
	before, err := g.read(ctx)
	if err != nil {
		return err
	}
	if err := stay(ctx, c.Talk); err != nil {
		return err
	}
	after, err := g.read(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.counted = false
	s.mu.Unlock()
	report.Bare = &BareSound{Cores: (after.cpu - before.cpu).Seconds() / c.Talk.Seconds(), Pacing: s.pacing(s.lines)}
	if report.Gateway != nil && report.Bare.Cores > 0 {
		report.Bare.Ratio = report.Gateway.Cores / report.Bare.Cores
	}
	return nil
}

func stay(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
