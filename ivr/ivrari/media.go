package ivrari

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"setu/ivr/conductor"
	"setu/ivr/rtp"
	"setu/ivr/voice"
)

// errNotIn says that the media's channel did not come in time.
var errNotIn = errors.New("ivrari: the channel of external media has not come: are chan_rtp and res_ari_channels loaded?")

// connect makes the way for sound: a channel that sends it here, and a bridge with
// hers. Nothing is heard of her before.
func (c *call) connect(ctx context.Context, stream *rtp.Stream) error {
	x := c.x
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	var made Channel
	err := x.rest.post(ctx, &made, query("channelId", c.media.id, "app", x.App, "format", "ulaw",
		"external_host", netip.AddrPortFrom(x.host(), stream.Port()).String()), nil, "channels", "externalMedia")
	if err != nil {
		return fmt.Errorf("make a channel of external media: %w", err)
	}
	c.confirm(&c.media)
	at, err := c.remote(ctx, made)
	if err != nil {
		return err
	}
	// Keys come as Asterisk's events. It would send them here as tones besides, if
	// nothing else was agreed upon.
	if err := stream.Start(rtp.Remote{Media: at, Codec: rtp.PCMU, Events: eventsType}); err != nil {
		return err
	}
	if err := c.await(ctx, c.media.in, errNotIn); err != nil {
		return err
	}
	bridge := c.media.id + "-bridge"
	c.mu.Lock()
	c.bridge = bridge
	c.mu.Unlock()
	if err := x.rest.post(ctx, nil, query("bridgeId", bridge, "type", "mixing"), nil, "bridges"); err != nil {
		return fmt.Errorf("make a bridge: %w", err)
	}
	if err := x.rest.post(ctx, nil, query("channel", c.hers.id+","+c.media.id), nil, "bridges", bridge, "addChannel"); err != nil {
		return fmt.Errorf("bridge the call: %w", err)
	}
	return nil
}

// eventsType is a payload type of telephone-events, which an exchange never sends:
// none has been agreed upon.
const eventsType = 101

// await waits for something of Asterisk's, as long as for an answer.
func (c *call) await(ctx context.Context, ready <-chan struct{}, late error) error {
	timer := time.NewTimer(restTime)
	defer timer.Stop()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return late
	}
}

// The variables that say where Asterisk receives external media.
const (
	localAddress = "UNICASTRTP_LOCAL_ADDRESS"
	localPort    = "UNICASTRTP_LOCAL_PORT"
)

// remote is where Asterisk receives our sound.
func (c *call) remote(ctx context.Context, made Channel) (netip.AddrPort, error) {
	var at [2]string
	for i, name := range [...]string{localAddress, localPort} {
		var ok bool
		if at[i], ok = made.Variables[name]; ok {
			continue
		}
		var err error
		if at[i], err = c.variable(ctx, c.media.id, name); err != nil {
			return netip.AddrPort{}, fmt.Errorf("find out where Asterisk receives sound: %w", err)
		}
	}
	host, err := netip.ParseAddr(at[0])
	port, badPort := strconv.ParseUint(at[1], 10, 16)
	if err = errors.Join(err, badPort); err != nil {
		return netip.AddrPort{}, fmt.Errorf("find out where Asterisk receives sound: %w", err)
	}
	return netip.AddrPortFrom(host, uint16(port)), nil
}

// variable is a variable of a channel.
func (c *call) variable(ctx context.Context, channel, name string) (string, error) {
	var v struct {
		Value string `json:"value"`
	}
	err := c.x.rest.get(ctx, &v, query("variable", name), "channels", channel, "variable")
	return v.Value, err
}

// host is our address as the exchange reaches it.
func (x *exchange) host() netip.Addr {
	cfg := &x.driver.cfg
	if cfg.External.IsValid() {
		return cfg.External
	}
	if cfg.MediaHost.IsValid() && !cfg.MediaHost.IsUnspecified() {
		return cfg.MediaHost
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.local
}

var _ conductor.Leg = leg{}

// leg is a stream as the conductor plays on it.
type leg struct{ *rtp.Stream }

// Play plays clips one after the other.
func (l leg) Play(clips []voice.Clip, played func()) {
	sounds := make([]rtp.Sound, len(clips))
	for i, c := range clips {
		sounds[i] = rtp.Sound(c)
	}
	l.Stream.Play(sounds, played)
}
