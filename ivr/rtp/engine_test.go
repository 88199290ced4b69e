package rtp_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"setu/ivr/g711"
	"setu/ivr/rtp"
)

// patience is for what must happen, on a machine that does other things too.
const patience = 20 * time.Second

// run starts an engine that ends with the test.
func run(t *testing.T, o rtp.Options) *rtp.Engine {
	t.Helper()
	e, err := rtp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return e
}

func open(t *testing.T, e *rtp.Engine) *rtp.Stream {
	t.Helper()
	s, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// at is a stream's address.
func at(s *rtp.Stream) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), s.Port())
}

// call connects two streams.
func call(t *testing.T, e *rtp.Engine, r rtp.Remote) (gateway, caller *rtp.Stream) {
	t.Helper()
	gateway, caller = open(t, e), open(t, e)
	there := r
	r.Media, there.Media = at(caller), at(gateway)
	if err := errors.Join(gateway.Start(r), caller.Start(there)); err != nil {
		t.Fatal(err)
	}
	return gateway, caller
}

// soon waits for a channel.
func soon[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v, ok := <-ch:
		if !ok {
			t.Fatalf("the stream has ended before %s", what)
		}
		return v
	case <-timer.C:
		t.Fatalf("%s has not come", what)
	}
	panic("unreachable")
}

// play plays, and gives a channel that tells when it is over.
func play(s *rtp.Stream, sounds ...rtp.Sound) <-chan bool {
	done := make(chan bool, 8)
	s.Play(sounds, func() { done <- true })
	return done
}

// ear collects what a stream hears.
type ear struct {
	mu     sync.Mutex
	frames []rtp.Frame
}

func (e *ear) hear(f rtp.Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.Payload = bytes.Clone(f.Payload)
	e.frames = append(e.frames, f)
}

// all waits for so many frames.
func (e *ear) all(t *testing.T, n int) []rtp.Frame {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		e.mu.Lock()
		got := e.frames
		e.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%d frames have come, want %d", len(got), n)
		}
	}
}

// ramp is a sound that tells its place: n octets in both laws.
func ramp(n int) rtp.Sound {
	s := rtp.Sound{ULaw: make([]byte, n), ALaw: make([]byte, n)}
	for i := range n {
		s.ULaw[i], s.ALaw[i] = byte(i%120), byte(i%100)
	}
	return s
}

func TestStream_Play(t *testing.T) {
	t.Parallel()
	e := run(t, rtp.Options{})
	for _, tt := range []struct {
		name  string
		codec rtp.Codec
		ptime time.Duration
	}{{"PCMU", rtp.PCMU, 0}, {"PCMA", rtp.PCMA, 20 * time.Millisecond}, {"PCMA in 40 ms", rtp.PCMA, 40 * time.Millisecond}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gateway, caller := call(t, e, rtp.Remote{Codec: tt.codec, Events: 101, Ptime: tt.ptime})
			var heard ear
			caller.Hear(heard.hear)
			heard.all(t, 2)
			a, b := ramp(1000), ramp(333)
			soon(t, play(gateway, a, b), "the end of the sounds")
			heard.all(t, len(heard.all(t, 0))+1)
			want, silent := append(bytes.Clone(a.ULaw), b.ULaw...), byte(g711.SilentULaw)
			if tt.codec == rtp.PCMA {
				want, silent = append(bytes.Clone(a.ALaw), b.ALaw...), g711.SilentALaw
			}
			frames := heard.all(t, 0)
			var got []byte
			for i, f := range frames {
				if i > 0 {
					inOrder(t, frames[i-1], f)
				}
				if size := int(max(tt.ptime, 20*time.Millisecond) / time.Millisecond * 8); len(f.Payload) != size {
					t.Fatalf("a packet has %d octets, want %d", len(f.Payload), size)
				}
				got = append(got, f.Payload...)
			}
			if !frames[0].Marker {
				t.Error("the first packet has no marker")
			}
			if i := bytes.Index(got, want); i < 0 {
				t.Error("what was played was not heard")
			} else if rest := bytes.Trim(got[i+len(want):], string([]byte{silent})); len(rest) > 0 {
				t.Errorf("behind it comes %x, want silence", rest)
			}
		})
	}
}

// inOrder holds a packet to the one before.
func inOrder(t *testing.T, before, f rtp.Frame) {
	t.Helper()
	if f.Seq != before.Seq+1 || f.Timestamp != before.Timestamp+uint32(len(before.Payload)) || f.SSRC != before.SSRC || f.Marker {
		t.Errorf("packet %d/%d marker %v follows %d/%d", f.Seq, f.Timestamp, f.Marker, before.Seq, before.Timestamp)
	}
}

func TestStream_StopAndReplace(t *testing.T) {
	t.Parallel()
	e := run(t, rtp.Options{})
	gateway, caller := call(t, e, rtp.Remote{})
	var heard ear
	caller.Hear(heard.hear)
	replaced := play(gateway, ramp(80_000))
	heard.all(t, 5)
	soon(t, play(gateway, ramp(320)), "the end of the sound")
	stopped := play(gateway, ramp(80_000))
	heard.all(t, len(heard.all(t, 0))+3)
	gateway.Stop()
	n := len(heard.all(t, 0)) + 2 // one may be on its way
	last := heard.all(t, n+1)[n]
	if len(bytes.Trim(last.Payload, "\xff")) > 0 {
		t.Error("it plays on after Stop")
	}
	if len(replaced)+len(stopped) > 0 {
		t.Error("the end is told of what was replaced or stopped")
	}
}

func TestStream_Hold(t *testing.T) {
	t.Parallel()
	e := run(t, rtp.Options{})
	gateway, caller := call(t, e, rtp.Remote{})
	var heard ear
	caller.Hear(heard.hear)
	heard.all(t, 3)
	sound := ramp(4800)
	gateway.Hold(true)
	done := play(gateway, sound)
	silence := time.NewTimer(300 * time.Millisecond)
	<-silence.C
	before := len(heard.all(t, 0))
	gateway.Hold(false)
	soon(t, done, "the end of the sound")
	frames := heard.all(t, before+30)
	first, last := frames[before], frames[before-1]
	if !first.Marker || first.Seq != last.Seq+1 || first.Timestamp-last.Timestamp < 10*160 {
		t.Errorf("after hold comes marker %v, %d packets and %d samples later, want the next with a marker and the time of the hold",
			first.Marker, first.Seq-last.Seq, first.Timestamp-last.Timestamp)
	}
	var got []byte
	for _, f := range frames[before:] {
		got = append(got, f.Payload...)
	}
	if !bytes.HasPrefix(got, sound.ULaw) {
		t.Error("the prompt did not wait for the end of the hold")
	}
}

func TestStream_Keys(t *testing.T) {
	t.Parallel()
	e := run(t, rtp.Options{})
	for _, tt := range []struct {
		name   string
		remote rtp.Remote
	}{
		{"events 101", rtp.Remote{Events: 101}},
		{"events 96", rtp.Remote{Events: 96, Codec: rtp.PCMA}},
		{"events 100, packets of 40 ms", rtp.Remote{Events: 100, Ptime: 40 * time.Millisecond}},
		{"tones, µ-law", rtp.Remote{}},
		{"tones, A-law", rtp.Remote{Codec: rtp.PCMA}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gateway, caller := call(t, e, tt.remote)
			const want = "1990*7#"
			if err := caller.Send(want); err != nil {
				t.Fatal(err)
			}
			play(gateway, ramp(100))
			var got []byte
			for len(got) < len(want) {
				got = append(got, soon(t, gateway.Keys(), "a key"))
			}
			if string(got) != want {
				t.Errorf("keys are %q, want %q", got, want)
			}
		})
	}
}

func TestStream_Lost(t *testing.T) {
	t.Parallel()
	e := run(t, rtp.Options{Lost: 200 * time.Millisecond})
	gateway, caller := call(t, e, rtp.Remote{})
	var heard ear
	gateway.Hear(heard.hear)
	heard.all(t, 15)
	select {
	case <-gateway.Lost():
		t.Fatal("it is told lost while the caller is there")
	default:
	}
	caller.Close()
	soon(t, gateway.Lost(), "that it is lost")
}

func TestEngine_Ports(t *testing.T) {
	t.Parallel()
	if _, err := rtp.New(rtp.Options{Ports: rtp.Ports{First: 20001, Last: 20002}}); !errors.Is(err, rtp.ErrOptions) {
		t.Errorf("New(ports 20001 to 20002) = %v, want ErrOptions", err)
	}
	e := run(t, rtp.Options{Ports: rtp.Ports{First: 23451, Last: 23456}})
	a, b := open(t, e), open(t, e)
	if a.Port() != 23452 || b.Port() != 23454 {
		t.Errorf("ports are %d and %d, want 23452 and 23454", a.Port(), b.Port())
	}
	if _, err := e.Open(); !errors.Is(err, rtp.ErrPorts) {
		t.Errorf("Open() of a third = %v, want ErrPorts", err)
	}
	a.Close()
	if c := open(t, e); c.Port() != 23452 {
		t.Errorf("the port that is free again is %d", c.Port())
	}
	if n := e.Stats().Streams; n != 2 {
		t.Errorf("%d streams, want 2", n)
	}
}

func TestEngine_RunCloses(t *testing.T) {
	t.Parallel()
	e, err := rtp.New(rtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-s.Keys(); ok {
		t.Error("the stream tells something and has not ended")
	}
	if _, err := e.Open(); !errors.Is(err, rtp.ErrClosed) {
		t.Errorf("Open() after Run = %v, want ErrClosed", err)
	}
	if err := s.Start(rtp.Remote{Media: at(s)}); !errors.Is(err, rtp.ErrClosed) {
		t.Errorf("Start() after Run = %v, want ErrClosed", err)
	}
}
