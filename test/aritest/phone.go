package aritest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Phone is somebody at the exchange who calls, or is called.
type Phone struct {
	// Endpoint is what was dialled to call her, and CallerID the number shown.
	Endpoint, CallerID string

	a                        *Asterisk
	ch                       *channel
	cause                    int
	answered, talking, ended chan struct{}
	sound                    *media
}

// Options are of a call.
type Options struct {
	From, To string
	Hidden   bool // the number is not to be shown
}

// Call calls: the dialplan hands the call to the application.
func (a *Asterisk) Call(o Options) (*Phone, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.link == nil {
		return nil, errors.New("aritest: the application is not there: STASISSTATUS is FAILED")
	}
	p := a.phone(o.From, o.To)
	if o.Hidden {
		p.ch.presentation = "prohib_passed_screen"
	}
	a.enter(p.ch)
	return p, nil
}

// Answered waits until the gateway has answered her.
func (p *Phone) Answered(ctx context.Context) error { return await(ctx, p.answered, "answered") }

// Talking waits until she hears the gateway.
func (p *Phone) Talking(ctx context.Context) error { return await(ctx, p.talking, "bridged") }

// Ended waits until her call is over, and gives its cause (ITU-T Q.850).
func (p *Phone) Ended(ctx context.Context) (cause int, err error) {
	err = await(ctx, p.ended, "ended")
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	return p.cause, err
}

// IsOver says that her call is over.
func (p *Phone) IsOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func await(ctx context.Context, what <-chan struct{}, name string) error {
	select {
	case <-what:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("aritest: not %s: %w", name, ctx.Err())
	}
}

// keyTime is how long a key is pressed; Asterisk tells it at the end.
const keyTime = 100 * time.Millisecond

// Press presses keys.
func (p *Phone) Press(keys string) {
	for _, key := range keys {
		time.Sleep(keyTime)
		p.a.mu.Lock()
		p.a.tell("ChannelDtmfReceived", p.ch, "digit", string(key), "duration_ms", keyTime.Milliseconds())
		p.a.mu.Unlock()
	}
}

// HangUp hangs up.
func (p *Phone) HangUp() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	if p.a.channels[p.ch.id] == p.ch {
		p.a.tell("ChannelHangupRequest", p.ch)
		p.a.destroy(p.ch, 16)
	}
}

// Mute sends no sound of hers any more.
func (p *Phone) Mute() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	if p.sound != nil {
		p.sound.mute.Store(true)
	}
}

// Ring has her telephone ring.
func (p *Phone) Ring() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	p.ch.state = "Ringing"
	p.a.tell("ChannelStateChange", p.ch)
}

// Answer answers a call of the gateway's.
func (p *Phone) Answer() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	p.ch.state = "Up"
	close(p.answered)
	p.a.tell("ChannelStateChange", p.ch)
	p.a.enter(p.ch)
}

// Refuse ends a call of the gateway's with a cause (ITU-T Q.850).
func (p *Phone) Refuse(cause int) {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	p.a.tell("ChannelHangupRequest", p.ch, "cause", cause)
	p.a.destroy(p.ch, cause)
}

// Leave has her channel leave the application, as when an operator takes it over.
func (p *Phone) Leave() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	for bridge, in := range p.a.bridges {
		p.a.bridges[bridge] = slices.DeleteFunc(in, func(id string) bool { return id == p.ch.id })
	}
	p.ch.in = false
	p.a.tell("StasisEnd", p.ch)
	p.ch.subscribed = false
}

// Return hands her channel to the application again.
func (p *Phone) Return() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	p.a.enter(p.ch)
}

// LoseMedia ends the channel of external media of her call.
func (p *Phone) LoseMedia() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	for _, in := range p.a.bridges {
		if !slices.Contains(in, p.ch.id) {
			continue
		}
		for _, id := range slices.Clone(in) {
			if ch := p.a.channels[id]; ch != nil && ch.media != nil {
				p.a.destroy(ch, 16)
			}
		}
	}
}

// Sound is what she has heard, as µ-law.
func (p *Phone) Sound() []byte {
	p.a.mu.Lock()
	m := p.sound
	p.a.mu.Unlock()
	if m == nil {
		return nil
	}
	return m.sound()
}

// join connects the telephones and the media in a bridge.
func (a *Asterisk) join(ids []string) {
	var phones []*Phone
	var sound *media
	for _, id := range ids {
		ch := a.channels[id]
		switch {
		case ch.phone != nil:
			phones = append(phones, ch.phone)
		case ch.media != nil:
			sound = ch.media
		}
	}
	for _, p := range phones {
		if sound != nil && p.sound == nil {
			p.sound = sound
			close(p.talking)
		}
	}
}

// media is a channel of external media: RTP in µ-law.
type media struct {
	conn net.PacketConn
	peer net.Addr
	done chan struct{}
	over sync.WaitGroup
	mute atomic.Bool

	mu    sync.Mutex
	heard []byte
}

// externalMedia makes a channel of media, which comes into the application by
// itself a moment later.
func (a *Asterisk) externalMedia(w http.ResponseWriter, r *http.Request, _ string) {
	q := r.URL.Query()
	peer, err := net.ResolveUDPAddr("udp", q.Get("external_host"))
	if err != nil || q.Get("format") != "ulaw" || q.Get("app") != App || q.Get("channelId") == "" {
		refuse(w, http.StatusBadRequest, "format and external_host are mandatory")
		return
	}
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(r.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Allocation failed")
		return
	}
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	ch := &channel{
		id: q.Get("channelId"), name: "UnicastRTP/" + q.Get("external_host") + "-0x7f59bc001380", state: "Down",
		created: time.Now(), subscribed: true, media: &media{conn: conn, peer: peer, done: make(chan struct{})},
	}
	a.channels[ch.id] = ch
	ch.media.over.Go(ch.media.listen)
	ch.media.over.Go(ch.media.talk)
	body := ch.json()
	body["channelvars"] = map[string]string{"UNICASTRTP_LOCAL_PORT": port, "UNICASTRTP_LOCAL_ADDRESS": "127.0.0.1"}
	write(w, http.StatusOK, body)
	a.tell("ChannelCreated", ch)
	time.AfterFunc(2*time.Millisecond, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.channels[ch.id] == ch {
			ch.state = "Up"
			a.tell("ChannelStateChange", ch)
			a.enter(ch)
		}
	})
}

// frame is 20 ms of µ-law.
const frame = 160

// talk sends silence, as somebody who listens does.
func (m *media) talk() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	packet := make([]byte, 12+frame)
	for i := range frame {
		packet[12+i] = 0xFF
	}
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], 0x5E70)
	for seq := uint32(0); ; seq++ {
		binary.BigEndian.PutUint16(packet[2:], uint16(seq))
		binary.BigEndian.PutUint32(packet[4:], seq*frame)
		select {
		case <-m.done:
			return
		case <-tick.C:
			if m.mute.Load() {
				continue
			}
			_, _ = m.conn.WriteTo(packet, m.peer) // who does not listen misses it
		}
	}
}

// listen keeps what comes.
func (m *media) listen() {
	packet := make([]byte, 1500)
	for {
		n, _, err := m.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		if n <= 12 || packet[1]&0x7F != 0 {
			continue // not µ-law
		}
		m.mu.Lock()
		m.heard = append(m.heard, packet[12:n]...)
		m.mu.Unlock()
	}
}

func (m *media) sound() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.heard)
}

func (m *media) close() {
	close(m.done)
	_ = m.conn.Close() // nothing is lost
	m.over.Wait()
}
