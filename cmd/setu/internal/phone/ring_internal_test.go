package phone

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"

	"setu/cmd/setu/internal/softphone"
	"setu/ivr/rtp"
	"setu/ivr/sdp"
)

// switchboard is a gateway that answers calls by SIP, says what key was pressed, and
// hangs up after 9.
type switchboard struct {
	t       *testing.T
	media   *rtp.Engine
	dialogs *sipgo.DialogServerCache
	addr    string
	refuse  int // with this status, if not 0
	calls   sync.WaitGroup
}

func newSwitchboard(t *testing.T, refuse int) *switchboard {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	engine, err := rtp.New(rtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := sipgo.NewUA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := sipgo.NewServer(agent)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &switchboard{t: t, media: engine, addr: conn.LocalAddr().String(), refuse: refuse}
	client, err := sipgo.NewClient(agent, sipgo.WithClientConnectionAddr(x.addr))
	if err != nil {
		t.Fatal(err)
	}
	here := conn.LocalAddr().(*net.UDPAddr)
	x.dialogs = sipgo.NewDialogServerCache(client, sip.ContactHeader{Address: sip.Uri{Scheme: "sip", Host: "127.0.0.1", Port: here.Port}})
	server.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) {
		x.calls.Add(1)
		defer x.calls.Done()
		x.invite(req, tx)
	})
	server.OnAck(func(req *sip.Request, tx sip.ServerTransaction) { _ = x.dialogs.ReadAck(req, tx) })
	server.OnBye(func(req *sip.Request, tx sip.ServerTransaction) { _ = x.dialogs.ReadBye(req, tx) })
	done := make(chan struct{}, 2)
	go func() { _ = engine.Run(ctx); done <- struct{}{} }()
	go func() { _ = server.ServeUDP(conn); done <- struct{}{} }()
	t.Cleanup(func() {
		x.calls.Wait()
		cancel()
		_ = agent.Close()
		_ = conn.Close()
		<-done
		<-done
	})
	return x
}

// invite answers a call and serves it to its end.
func (x *switchboard) invite(req *sip.Request, tx sip.ServerTransaction) {
	if x.refuse != 0 {
		_ = tx.Respond(sip.NewResponseFromRequest(req, x.refuse, "Busy Here", nil))
		return
	}
	stream, err := x.media.Open()
	if err != nil {
		x.t.Error(err)
		return
	}
	defer stream.Close()
	offer, err := sdp.Parse(req.Body())
	if err != nil {
		x.t.Error(err)
		return
	}
	answer, agreed, err := sdp.Answer(offer, sdp.Local{Media: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), stream.Port()), ID: 1, Version: 1})
	if err != nil {
		x.t.Error(err)
		return
	}
	if err := stream.Start(rtp.Remote{Media: agreed.Remote, Codec: rtp.Codec(agreed.Codec), Events: agreed.Events}); err != nil {
		x.t.Error(err)
		return
	}
	dialog, err := x.dialogs.ReadInvite(req, tx)
	if err != nil {
		x.t.Error(err)
		return
	}
	defer context.AfterFunc(dialog.Context(), stream.Close)()
	if err := dialog.RespondSDP(answer); err != nil {
		x.t.Error(err)
		return
	}
	x.say(dialog, stream, "Hello.")
	for key := range stream.Keys() {
		x.say(dialog, stream, "You pressed "+string(key)+".")
		if key == '9' {
			_ = dialog.Bye(context.Background())
			return
		}
	}
}

// say plays half a second of a loud tone and tells what it says.
func (x *switchboard) say(dialog *sipgo.DialogServerSession, stream *rtp.Stream, text string) {
	tone := bytes.Repeat([]byte{0x90, 0x10}, 2000)
	stream.Play([]rtp.Sound{{ULaw: tone, ALaw: tone}}, nil)
	info := sip.NewRequest(sip.INFO, dialog.InviteRequest.Contact().Address)
	info.AppendHeader(sip.NewHeader("Info-Package", "x-setu-prompt"))
	info.SetBody([]byte(text))
	if _, err := dialog.Do(context.Background(), info); err != nil {
		x.t.Error(err)
	}
}

func TestRing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		keys []string
		in   string
		want string
	}{
		{"keys", []string{"1", "23"}, "", "> calls 51969\n< Hello.\n> 1\n< You pressed 1.\n> 23\n< You pressed 2.\n< You pressed 3.\n"},
		{"the gateway hangs up", []string{"9", "1"}, "", "> calls 51969\n< Hello.\n> 9\n< You pressed 9.\n! the call is over\n"},
		{"lines", nil, "> 4\n< passed over\nx\n@ hang up\n5\n", "> calls 51969\n< Hello.\n> 4\n< You pressed 4.\n! keys are 0 to 9, * and #\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := newSwitchboard(t, 0)
			file := filepath.Join(t.TempDir(), "call.wav")
			var out bytes.Buffer
			err := Ring(t.Context(), Config{Addr: "127.0.0.1:1", Settle: -1}, Ringing{Gateway: x.addr, Keys: tt.keys, WAV: file}, strings.NewReader(tt.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("Ring() differs (-want +got):\n%s", diff)
			}
			wav, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// A tone for each text, of which the last may be cut: half a second of 16-bit samples at 8 kHz.
			loud := 0
			for i := 44; i+1 < len(wav); i += 2 {
				if s := int(int16(uint16(wav[i]) | uint16(wav[i+1])<<8)); s > 1000 || s < -1000 {
					loud++
				}
			}
			if want := 3500; loud < want {
				t.Errorf("%d samples of the record are loud, want over %d", loud, want)
			}
		})
	}
}

func TestRing_Refused(t *testing.T) {
	t.Parallel()
	x := newSwitchboard(t, 486)
	err := Ring(t.Context(), Config{Addr: "127.0.0.1:1", Settle: -1}, Ringing{Gateway: x.addr, Keys: []string{}}, strings.NewReader(""), io.Discard)
	if !errors.Is(err, softphone.ErrRefused) || !strings.Contains(err.Error(), "486 Busy Here") {
		t.Errorf("Ring() = %v, want ErrRefused with 486 Busy Here", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := Ring(ctx, Config{Addr: "127.0.0.1:1"}, Ringing{Gateway: "127.0.0.1:9", Keys: []string{}}, strings.NewReader(""), io.Discard); err == nil {
		t.Error("Ring() to nobody is no error")
	}
}
