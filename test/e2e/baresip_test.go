package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"setu/i18n"
	"setu/test/gatewaytest"
)

// baresip is a softphone that is told by its control port what to do, and keeps what
// it hears.
type baresip struct {
	t      *testing.T
	dir    string
	conn   net.Conn
	events chan string // their types
}

// baresipConfig is its configuration: no sound devices, PCMA, and its own recorder.
const baresipConfig = `sip_listen %[1]s:0
audio_player aubridge,nil
audio_source aubridge,nil
audio_srate 8000-8000
audio_channels 1-1
ctrl_tcp_listen %[2]s
snd_path %[3]s
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
`

// startBaresip starts a softphone of a number, which ends with the test.
func startBaresip(t *testing.T, host, number string) *baresip {
	t.Helper()
	b := &baresip{t: t, dir: t.TempDir(), events: make(chan string, 1000)}
	control := gatewaytest.FreeAddress(t)
	for name, text := range map[string]string{
		"config":   fmt.Sprintf(baresipConfig, host, control, b.dir),
		"accounts": fmt.Sprintf("<sip:+%s@%s>;regint=0;audio_codecs=PCMA/8000/1\n", number, host),
		"contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "baresip", "-4", "-f", b.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // of a signal
	})
	deadline := time.Now().Add(patience)
	for b.conn == nil {
		conn, err := net.Dial("tcp", control) //nolint:noctx // loopback
		if err == nil {
			b.conn = conn
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	read := make(chan struct{})
	go func() { defer close(read); b.read() }()
	t.Cleanup(func() { _ = b.conn.Close(); <-read })
	return b
}

// read reads netstrings of JSON.
func (b *baresip) read() {
	in := bufio.NewReader(b.conn)
	for {
		size, err := in.ReadString(':')
		n, _ := strconv.Atoi(strings.TrimLeft(strings.TrimSuffix(size, ":"), ","))
		if err != nil || n <= 0 {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		var e struct{ Type string }
		if json.Unmarshal(body, &e) == nil && e.Type != "" {
			b.events <- e.Type
		}
	}
}

// tell gives a command.
func (b *baresip) tell(command, params string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.conn, "%d:%s,", len(body), body); err != nil {
		b.t.Fatal(err)
	}
}

// awaits waits for an event.
func (b *baresip) awaits(event string) {
	b.t.Helper()
	late := time.After(patience)
	for {
		select {
		case got := <-b.events:
			if got == event {
				return
			}
		case <-late:
			b.t.Fatalf("baresip tells of no %s", event)
		}
	}
}

// heard is what it has recorded.
func (b *baresip) heard() []int16 {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("recordings %q, %v, want one", files, err)
	}
	wav, err := os.ReadFile(files[0])
	if err != nil {
		b.t.Fatal(err)
	}
	return samplesOf(wav)
}

// outward is an address of this machine that is no loopback one, which baresip does
// not call from.
func outward(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has loopback only, and baresip calls from no such address")
	return ""
}

// TestBaresip: a softphone from Debian calls, asks about an allowance, hears the
// number read back, and hangs up.
func TestBaresip(t *testing.T) {
	if _, err := exec.LookPath("baresip"); err != nil {
		t.Skip("baresip is not installed: scripts/setup test")
	}
	host := outward(t)
	w := open(t, gatewaytest.Options{
		SIP:    net.JoinHostPort(host, "0"),
		Config: "ivr:\n  cache: " + speechCache(t) + "\n  sip: {trunks: [{name: softphones, allow: [\"" + host + "/32\"]}]}\n",
	})
	number := newNumber()
	w.Note(number)
	w.ask(number, "LANGUAGE English")
	b := startBaresip(t, host, number)
	b.tell("dial", "sip:1800@"+w.SIP)
	b.awaits("CALL_ESTABLISHED")
	for _, step := range []struct {
		keys string
		then time.Duration
	}{{"", 2 * time.Second}, {"1", 2 * time.Second}, {"1", 2 * time.Second}, {"1000000001", 9 * time.Second}} {
		for _, key := range step.keys {
			b.tell("sndcode", string(key))
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(step.then) // a person listens
	}
	b.tell("hangup", "")
	b.awaits("CALL_CLOSED")
	w.until("the call has ended", func() bool { return strings.Contains(w.setu("calls"), "hung_up") })
	// It evens packets out that come unevenly, which costs some of the likeness.
	if like := correlation(b.heard(), voiceOf(t, i18n.English, readBack[2])); like < 0.9 {
		t.Errorf("what baresip has recorded has a correlation of %.3f with %q", like, readBack[2])
	}
}
