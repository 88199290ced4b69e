package e2e_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"setu/i18n"
	"setu/ivr/g711"
	"setu/ivr/rtp"
)

// sippTrunks are a trunk for each address that sipp calls from.
const sippTrunks = `  sip:
    trunks:
      - {name: main, allow: ["127.0.0.1/32"]}
      - {name: narrow, allow: ["127.0.0.2/32"], max_calls: 1}
      - {name: slow, allow: ["127.0.0.3/32"], rate: 1}
`

// sippTime bounds a scenario: the longest waits 60 s for a session to expire.
const sippTime = 3 * time.Minute

// sipp is one run of a scenario of testdata/sipp.
type sipp struct {
	*switchboard
	ears  *ears
	from  string // our address; empty is 127.0.0.1
	keys  []keyAt
	pause time.Duration // of the scenario's own pause
	args  []string
	// mayCrash says that sipp is not up to the scenario on some days.
	mayCrash bool

	number string
	port   int // of its media
}

// run runs a scenario, whose file may be another's that was changed, and says whether
// sipp crashed.
func (r *sipp) run(t *testing.T, name string, change func(scenario string) string) (crashed bool) {
	t.Helper()
	scenario, err := os.ReadFile(filepath.Join("testdata", "sipp", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		scenario = []byte(change(string(scenario)))
	}
	dir := t.TempDir()
	for file, body := range map[string][]byte{"scenario.xml": scenario, "keys.pcap": pcapOf(r.keys, r.pause)} {
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host := r.from
	if host == "" {
		host = "127.0.0.1"
	}
	if r.number == "" {
		r.number = newNumber()
	}
	r.Note(r.number)
	r.port = r.ears.port(t, host)
	ctx, cancel := context.WithTimeout(t.Context(), sippTime)
	defer cancel()
	args := append([]string{
		r.SIP, "-sf", "scenario.xml", "-i", host, "-mi", host, "-mp", fmt.Sprint(r.port), "-nostdin",
		"-key", "caller", "+" + r.number, "-d", fmt.Sprint(r.pause.Milliseconds()), "-trace_err", "-error_file", "errors",
	}, r.args...)
	if len(r.args) == 0 {
		args = append(args, "-m", "1")
	}
	for {
		cmd := exec.CommandContext(ctx, "sipp", args...) //nolint:gosec // words of the test
		cmd.Dir = dir
		err := cmd.Run() // what it prints is a screen; what went wrong is in the file
		if err == nil {
			return false
		}
		if r.mayCrash && strings.Contains(err.Error(), "signal: aborted") {
			return true
		}
		wrong, _ := os.ReadFile(filepath.Join(dir, "errors")) // none says that it could not begin
		if !strings.Contains(string(wrong), "SIP/2.0 503") || ctx.Err() != nil {
			t.Errorf("sipp %s: %v\n%s", name, err, wrong)
			return false
		}
		time.Sleep(time.Second) // a machine that is too busy for a call says so
	}
}

// port is a port for the media of one run: even, free, and no other's.
func (e *ears) port(t *testing.T, host string) int {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for range 1000 {
		conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0")) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		port := conn.LocalAddr().(*net.UDPAddr).Port //nolint:errcheck // it is one
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if port%2 == 0 && !e.given[port] {
			e.given[port] = true
			return port
		}
	}
	t.Fatal("no even port is free")
	return 0
}

// keyAt is a key and when it is pressed.
type keyAt struct {
	key byte
	at  time.Duration
}

// typed are keys that a person presses, a group after each pause; an empty one is a
// pause alone.
func typed(groups ...string) []keyAt {
	const pause, between = 1500 * time.Millisecond, 350 * time.Millisecond
	var list []keyAt
	at := pause
	for _, keys := range groups {
		for _, key := range []byte(keys) {
			list = append(list, keyAt{key, at})
			at += between
		}
		at += pause
	}
	return list
}

// Lengths of what a telephone sends: a key is held for 160 ms, and its end is said
// three times (RFC 4733 §2.5.1).
const (
	frame     = 20 * time.Millisecond
	keyFrames = 8
	ends      = 3
)

// pcapOf is a telephone's sound as sipp plays it: silence in PCMA with keys as
// events of type 101, in Ethernet frames, of which sipp takes what is in UDP.
func pcapOf(keys []keyAt, long time.Duration) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = binary.LittleEndian.AppendUint32(b, 2|4<<16) // version 2.4
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 65535)
	b = binary.LittleEndian.AppendUint32(b, 1) // Ethernet
	silence := make([]byte, 160)
	for i := range silence {
		silence[i] = 0xd5
	}
	p := rtp.Packet{SSRC: 0x5e70}
	add := func(at time.Duration) {
		p.Seq++
		b = appendFrame(b, at, p.Append(nil))
	}
	for n := 0; time.Duration(n)*frame < long; n++ {
		at := time.Duration(n) * frame
		if len(keys) == 0 || at < keys[0].at {
			p.Type, p.Marker, p.Timestamp, p.Payload = 8, n == 0, uint32(160*n), silence
			add(at)
			continue
		}
		event := []byte{byte(strings.IndexByte("0123456789*#", keys[0].key)), 10, 0, 0}
		keys = keys[1:]
		p.Type, p.Timestamp, p.Payload = 101, uint32(160*n), event
		for i := range keyFrames + ends {
			p.Marker = i == 0
			binary.BigEndian.PutUint16(event[2:], uint16(160*min(i+1, keyFrames)))
			if i >= keyFrames {
				event[1] |= 0x80
			}
			add(at + time.Duration(i)*frame)
		}
		n += keyFrames + ends - 1
	}
	return b
}

// appendFrame adds a packet to a pcap file.
func appendFrame(b []byte, at time.Duration, payload []byte) []byte {
	const ethernet, ip, udp = 14, 20, 8
	size := ethernet + ip + udp + len(payload)
	b = binary.LittleEndian.AppendUint32(b, 1_700_000_000+uint32(at/time.Second))
	b = binary.LittleEndian.AppendUint32(b, uint32(at%time.Second/time.Microsecond))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, make([]byte, 12)...)
	b = append(b, 0x08, 0x00) // IPv4
	head := make([]byte, ip)
	head[0], head[8], head[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(head[2:], uint16(ip+udp+len(payload)))
	copy(head[12:], []byte{127, 0, 0, 1, 127, 0, 0, 1})
	b = append(b, head...)
	b = binary.BigEndian.AppendUint16(b, 4000)
	b = binary.BigEndian.AppendUint16(b, 4002)
	b = binary.BigEndian.AppendUint16(b, uint16(udp+len(payload)))
	return append(append(b, 0, 0), payload...)
}

// ears hear all sound on loopback, since sipp drops what it hears.
type ears struct {
	mu    sync.Mutex
	heard map[int][]rtp.Packet // by the port it came to
	given map[int]bool
}

// listen opens the ears. That takes the right that sipp needs, too, to play sound.
func listen(t *testing.T) *ears {
	t.Helper()
	if _, err := exec.LookPath("sipp"); err != nil {
		t.Skip("sipp is not installed: scripts/setup test")
	}
	conn, err := net.ListenIP("ip4:udp", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if errors.Is(err, syscall.EPERM) {
		t.Skip("sipp plays sound by raw sockets, which root and who has CAP_NET_RAW may open")
	} else if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(8 << 20) // what it grants is enough mostly
	e := &ears{heard: make(map[int][]rtp.Packet), given: make(map[int]bool)}
	done := make(chan struct{})
	go func() { defer close(done); e.run(conn) }()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return e
}

func (e *ears) run(conn *net.IPConn) {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if n < 8 {
			continue
		}
		p, err := rtp.ParsePacket(bytes.Clone(buf[8:n]))
		if err != nil || p.Type != 0 && p.Type != 8 {
			continue
		}
		port := int(binary.BigEndian.Uint16(buf[2:]))
		e.mu.Lock()
		e.heard[port] = append(e.heard[port], p)
		e.mu.Unlock()
	}
}

// sound is what came to a port, by its time stamps, and the types of its packets.
func (e *ears) sound(port int) (samples []int16, types map[uint8]int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	types = make(map[uint8]int)
	list := e.heard[port]
	for _, p := range list {
		types[p.Type]++
		at := int(int32(p.Timestamp - list[0].Timestamp))
		if at < 0 || at > 8000*600 {
			continue // of another call on the port
		}
		for len(samples) < at+len(p.Payload) {
			samples = append(samples, 0)
		}
		for i, octet := range p.Payload {
			if p.Type == 0 {
				samples[at+i] = g711.FromULaw(octet)
			} else {
				samples[at+i] = g711.FromALaw(octet)
			}
		}
	}
	return samples, types
}

// heardAll holds what came to a port against the voice that says a line.
func (r *sipp) heardAll(t *testing.T, lang i18n.Lang, line string) {
	t.Helper()
	heard, _ := r.ears.sound(r.port)
	if like := correlation(heard, voiceOf(t, lang, line)); like < 0.97 {
		t.Errorf("%d samples were heard, with a correlation of %.3f with %q", len(heard), like, line)
	}
}

// readBack is what is said when the ten digits of benefitCard were pressed.
var readBack = [3]string{
	"আপনি টিপেছেন এক শূন্য শূন্য শূন্য, শূন্য শূন্য শূন্য, শূন্য শূন্য এক।",
	"आपने दबाया एक शून्य शून्य शून्य, शून्य शून्य शून्य, शून्य शून्य एक।",
	"You pressed one zero zero zero, zero zero zero, zero zero one.",
}

// TestSIPP puts a gateway to a peer that we did not write: calls as they should be
// and as they should not, at the same time. In the end every call has ended, as the
// gateway's own counts have it, and nothing is left open.
func TestSIPP(t *testing.T) {
	e := listen(t)
	s := openCalls(t, sippTrunks)
	t.Run("all", func(t *testing.T) {
		for l := range languages {
			t.Run("benefit/"+languages[l].code, func(t *testing.T) {
				t.Parallel()
				s.sippBenefit(t, e, l)
			})
		}
		for _, row := range []struct {
			name string
			sipp sipp
		}{
			{"options", sipp{}},
			{"info", sipp{number: newNumber(), pause: 10 * time.Second}},
			{"hold", sipp{}},
			{"noack", sipp{}},
			{"twice", sipp{}},
			{"oldbranch", sipp{}},
			{"bye-early", sipp{args: []string{"-m", "20", "-r", "20"}}},
			{"bye-both", sipp{keys: typed("9"), pause: 4 * time.Second}},
			{"expires", sipp{}},
			{"refreshed", sipp{}},
			{"later", sipp{from: "127.0.0.3", args: []string{"-m", "5", "-r", "20"}}},
		} {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				r := row.sipp
				r.switchboard, r.ears = s, e
				if r.number != "" {
					s.ask(r.number, "LANGUAGE Bengali") // so that it is no first call
				}
				r.run(t, row.name, nil)
				s.sippHeard(t, &r, row.name)
			})
		}
		t.Run("busy", func(t *testing.T) {
			t.Parallel()
			s.sippBusy(t, e)
		})
		for _, row := range sippRefusals {
			t.Run("refused/"+row.name, func(t *testing.T) {
				t.Parallel()
				(&sipp{switchboard: s, ears: e}).run(t, "busy", row.change)
			})
		}
		t.Run("malformed", func(t *testing.T) {
			t.Parallel()
			s.sippMalformed(t, e)
		})
	})
	t.Run("cancel", func(t *testing.T) { s.sippCancel(t, e) }) //nolint:paralleltest // it stops the gateway for a moment
	s.until("no call is under way", func() bool { return !strings.Contains(s.setu("calls"), "under way") })
	_, metrics := s.Get("/metrics")
	within(t, "metrics", callsOf(metrics), "setu_calls_live 0", "setu_rtp_streams 0",
		`setu_calls_total{end="completed",link="main"}`, `setu_calls_total{end="no_ack",link="main"}`,
		`setu_calls_total{end="full",link="narrow"} 1`, `setu_calls_total{end="flood",link="slow"} 4`,
		`setu_calls_total{end="unsupported",link="main"} 2`, `setu_calls_total{end="malformed",link=""}`)
	if strings.Contains(s.Log(), "panic") {
		t.Errorf("a panic:\n%s", s.Log())
	}
}

// callsOf are the lines of the metrics that tell of calls.
func callsOf(metrics string) string {
	var list []string
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "setu_calls_") || strings.HasPrefix(line, "setu_rtp_") {
			list = append(list, line)
		}
	}
	return strings.Join(list, "")
}

// sippBenefit asks when an allowance was paid, by keys alone, and hears the number
// read back and the answer that a telephone of ours is told in words.
func (s *switchboard) sippBenefit(t *testing.T, e *ears, l int) {
	t.Helper()
	r := sipp{switchboard: s, ears: e, number: newNumber(), keys: typed("1", "1", "1000000001", "", "", "", "", "", "1"), pause: 34 * time.Second}
	s.ask(r.number, [...]string{"LANGUAGE Bengali", "LANGUAGE Hindi", "LANGUAGE English"}[l])
	scenario := "talk"
	if l == 1 {
		scenario = "lateoffer"
	}
	r.run(t, scenario, nil)
	lang := i18n.Lang(languages[l].code)
	r.heardAll(t, lang, readBack[l])

	c := s.calls(t, newNumber())
	c.first(l)
	var text string
	for _, keys := range callPaths[0].keys {
		text = c.press(keys)
	}
	line, _, _ := strings.Cut(text, "\n")
	within(t, "the answer", line, callPaths[0].want[l])
	r.heardAll(t, lang, line)
	if err := c.HangUp(); err != nil {
		t.Errorf("hang up: %v", err)
	}
}

// sippHeard holds what a scenario should have heard.
func (s *switchboard) sippHeard(t *testing.T, r *sipp, name string) {
	t.Helper()
	_, types := r.ears.sound(r.port)
	switch name {
	case "info":
		r.heardAll(t, i18n.Bengali, strings.SplitN(readBack[0], "।", 2)[0]+"।")
	case "hold":
		if types[0] == 0 || types[8] == 0 {
			t.Errorf("packets by type are %v, want PCMA, and PCMU after the change", types)
		}
	}
}

// sippBusy calls by a trunk that has room for one call while there is one.
func (s *switchboard) sippBusy(t *testing.T, e *ears) {
	t.Helper()
	var wg sync.WaitGroup
	defer wg.Wait()
	first := sipp{switchboard: s, ears: e, from: "127.0.0.2", pause: 8 * time.Second}
	wg.Go(func() { first.run(t, "talk", nil) })
	s.until("the first call is answered", func() bool { return strings.Contains(s.setu("calls"), "narrow") })
	second := sipp{switchboard: s, ears: e, from: "127.0.0.2"}
	second.run(t, "busy", nil)
}

// sippRefusals are INVITEs that are turned away, each a change of one that is well.
var sippRefusals = []struct {
	name   string
	change func(scenario string) string
}{
	{"420", sippChange("420", `hdr" header="Unsupported:`, "100rel", "Max-Forwards: 70", "Require: 100rel\n    Max-Forwards: 70")},
	{"422", sippChange("422", `hdr" header="Min-SE:`, "90", "Max-Forwards: 70", "Session-Expires: 30\n    Max-Forwards: 70")},
	{"415", sippChange("415", `hdr" header="Accept:`, "application/sdp", "application/sdp", "text/plain")},
	{"488 no codec", sippChange("488", "", "", "RTP/AVP 8", "RTP/AVP 18")},
	{"488 no port", sippChange("488", "", "", "m=audio [media_port]", "m=audio 0")},
	{"488 SRTP", sippChange("488", "", "", "RTP/AVP", "RTP/SAVP")},
	{"488 no address", sippChange("488", "", "", "c=IN IP[media_ip_type] [media_ip]", "c=IN")},
	{"488 no media", sippChange("488", "", "", "m=audio [media_port] RTP/AVP 8 101", "m=audio")},
}

// sippChange changes the scenario of a refusal: its code, a header of it that is
// looked at, and what the INVITE has instead.
func sippChange(code, header, value, from, to string) func(string) string {
	return func(scenario string) string {
		recv := `<recv response="` + code + `"/>`
		if header != "" {
			recv = `<recv response="` + code + `"><action><ereg regexp="` + value + `" search_in="` + header +
				`" check_it="true" assign_to="1"/></action></recv>`
			scenario = strings.Replace(scenario, "</scenario>", `<Reference variables="1"/></scenario>`, 1)
		}
		return strings.Replace(strings.Replace(scenario, `<recv response="486"/>`, recv, 1), from, to, 1)
	}
}

// sippMalformed sends what no peer should, and finds the gateway well behind it.
func (s *switchboard) sippMalformed(t *testing.T, e *ears) {
	t.Helper()
	conn, err := net.Dial("udp", s.SIP) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // nothing more is sent
	const invite = "INVITE sip:1800@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:1@x>;tag=1\r\nTo: <sip:1800@x>\r\nCall-ID: bad\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
	for i, bad := range []string{
		"", "\r\n\r\n", "\x00\x00\x00\x00", "hello", "INVITE", "SIP/2.0 200 OK\r\n\r\n", "INVITE sip: SIP/2.0\r\n\r\n",
		strings.Replace(invite, "CSeq: 1 INVITE\r\n", "", 1), strings.Replace(invite, "From: <sip:1@x>;tag=1\r\n", "", 1),
		strings.Replace(invite, "Call-ID: bad\r\n", "", 1), strings.Replace(invite, "CSeq: 1", "CSeq: 99999999999999999999", 1),
		strings.Replace(invite, "Content-Length: 0", "Content-Length: 999999", 1), strings.Replace(invite, "Content-Length: 0", "Content-Length: -5", 1),
		strings.Replace(invite, "To: <sip:1800@x>", "To: <<<>>>", 1), strings.Replace(invite, "Via:", "Via: ,,,\r\nVia:", 1),
		strings.Replace(invite, "tag=1", strings.Repeat("x", 20_000), 1), strings.Replace(invite, "INVITE sip:1800@127.0.0.1", "INVITE tel:\xff\xfe", 1),
		strings.Replace(invite, "\r\nContent-Length: 0", ";\r\n "+strings.Repeat("a=b;", 5000)+"\r\nContent-Length: 0", 1),
	} {
		if _, err := conn.Write([]byte(bad)); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	(&sipp{switchboard: s, ears: e}).run(t, "options", nil)
}

// sippCancel hangs up before the answer, which is as fast as it takes the process to
// stand still for a moment. Where the answer crosses that, the call is ended.
func (s *switchboard) sippCancel(t *testing.T, e *ears) {
	t.Helper()
	signal := func(sig syscall.Signal) {
		if err := syscall.Kill(s.PID(), sig); err != nil {
			t.Fatal(err)
		}
	}
	crashed := true
	for range 5 { // sipp itself crashes now and then over a CANCEL
		signal(syscall.SIGSTOP)
		done := make(chan struct{})
		go func() {
			defer close(done)
			crashed = (&sipp{switchboard: s, ears: e, mayCrash: true}).run(t, "cancel", nil)
		}()
		time.Sleep(1500 * time.Millisecond)
		signal(syscall.SIGCONT)
		if <-done; !crashed {
			return
		}
	}
	t.Skip("sipp crashed each time: nothing is known of this scenario")
}
