package phone

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// operator is a gateway as the handset sees it: it answers each message with
// what reply says, to the number that it came from.
type operator struct {
	reply func(number, text string) []string
	// status refuses messages.
	status smpp.Status
	// elsewhere is a number that gets a copy of each answer first.
	elsewhere string

	mu       sync.Mutex
	parts    sms.Reassembler
	said     []string
	deferred []smpp.Status // of what elsewhere was sent
	session  *smpp.Session // bound last
	bound    chan struct{} // closed when there is one: the handset knows of its bind before
}

// listen serves on loopback until the test ends, and gives the address.
func (o *operator) listen(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.bound = make(chan struct{})
	server, err := smpp.NewServer(smpp.ServerConfig{
		SystemID: "fake", DrainTime: 100 * time.Millisecond,
		Authenticate: func(_ context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
			if !r.Password.Equal("sandbox") {
				return smpp.Partner{}, smpp.RInvPaswd
			}
			return smpp.Partner{}, smpp.ROK
		},
		OnBound: func(s *smpp.Session) {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.session == nil {
				close(o.bound)
			}
			o.session = s
		},
		SessionConfig: smpp.SessionConfig{Handler: o.take},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(ctx, l) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return l.Addr().String()
}

// take puts a message together, refuses or accepts it, and answers.
func (o *operator) take(r *smpp.Request) {
	if o.status != smpp.ROK {
		r.Respond(o.status, "")
		return
	}
	r.Respond(smpp.ROK, "1")
	m := &r.Message
	part := sms.Part{Seq: 1, Coding: sms.Coding(m.DataCoding), Body: m.Text}
	text := sms.Join(1, []sms.Part{part}).Text
	if m.HasHeader() {
		h, body, err := sms.ParseUDH(m.Text)
		if err != nil {
			return
		}
		part.Body, part.Seq = body, h.Concat.Seq
		whole, _ := o.parts.Add(sms.Key{From: m.Source.Addr, Ref: h.Concat.Ref, Total: h.Concat.Total}, part, noon)
		if len(whole) == 0 {
			return
		}
		text = whole[0].Text
	}
	o.mu.Lock()
	o.said = append(o.said, m.Source.Addr+" to "+m.Dest.Addr+": "+text)
	o.mu.Unlock()
	if o.reply == nil {
		return
	}
	for i, answer := range o.reply("+"+m.Source.Addr, text) {
		if o.elsewhere != "" {
			o.deliver(r.Session(), o.elsewhere, answer, 99)
		}
		o.deliver(r.Session(), m.Source.Addr, answer, uint16(i))
	}
}

// deliver sends a text in parts, the last one first.
func (o *operator) deliver(s *smpp.Session, to, text string, ref uint16) {
	coding := sms.Choose(text)
	segments, err := sms.Split(text, coding, ref, true)
	if err != nil {
		return
	}
	for i := len(segments) - 1; i >= 0; i-- {
		m := smpp.ShortMessage{
			Source: smpp.Address{Addr: "51969"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: to}, DataCoding: byte(coding),
			Text: segments[i].Body,
		}
		if segments[i].UDH != nil {
			m.ESMClass, m.Text = smpp.ESMHeaderIndicator, append(bytes.Clone(segments[i].UDH), segments[i].Body...)
		}
		_ = s.TrySend(&m, func(r smpp.Resp, err error) {
			if to == o.elsewhere && err == nil {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.deferred = append(o.deferred, r.Status)
			}
		})
	}
}

func echo(_, text string) []string { return []string{"You said: " + text} }

func TestRun_Once(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("দীর্ঘ উত্তর ", 8) + "শেষ"
	for _, tt := range []struct {
		name string
		op   *operator
		send string
		want string
		err  error
	}{
		{name: "latin", op: &operator{reply: echo}, send: "HELP", want: "You said: HELP\n(1 segment GSM 7-bit, 15 paise)\n"},
		{
			name: "long", op: &operator{reply: func(string, string) []string { return []string{long} }}, send: "ভাতা 1000000001",
			want: long + "\n(2 segments UCS-2, 30 paise)\n",
		},
		{
			name: "long question", op: &operator{reply: func(_, text string) []string { return []string{text[len(text)-3:]} }},
			send: strings.Repeat("abcdefghij", 40) + "END", want: "END\n(1 segment GSM 7-bit, 15 paise)\n",
		},
		{name: "no answer", op: &operator{}, send: "HELP", err: ErrNoAnswer},
		{
			name: "escapes are not passed to the terminal", op: &operator{reply: func(string, string) []string { return []string{"a\x1b[2Jb"} }},
			send: "HELP", want: "a[2Jb\n(1 segment UCS-2, 15 paise)\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			cfg := Config{Addr: tt.op.listen(t), Send: tt.send, Timeout: time.Second}
			err := Run(t.Context(), cfg, strings.NewReader(""), &out)
			if !errors.Is(err, tt.err) || out.String() != tt.want {
				t.Errorf("Run() = %v and %q, want %v and %q", err, out.String(), tt.err, tt.want)
			}
		})
	}
}

func TestRun_Errors(t *testing.T) {
	t.Parallel()
	ok := (&operator{reply: echo}).listen(t)
	refusing := (&operator{status: smpp.RInvDstAdr}).listen(t)
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"nobody there", Config{Addr: "127.0.0.1:1", Send: "HELP"}, "setu serve"},
		{"wrong password", Config{Addr: ok, Password: "wrong", Send: "HELP"}, "check system_id and password"},
		{"refused", Config{Addr: refusing, Send: "HELP"}, "ESME_RINVDSTADR"},
		{"number", Config{Addr: ok, Number: "12", Send: "HELP"}, "ten digits"},
		{"address", Config{Addr: "nowhere", Send: "HELP"}, "address"},
		{"too long", Config{Addr: ok, Send: strings.Repeat("ভাতা ", 5000)}, "too long"},
		{"plain refused", Config{Addr: refusing, Plain: true, Settle: -1}, "ESME_RINVDSTADR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Timeout = 2 * time.Second
			err := Run(t.Context(), tt.cfg, strings.NewReader("HELP\n"), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Run() = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestRun_Plain(t *testing.T) {
	t.Parallel()
	op := &operator{reply: func(_, text string) []string {
		if text == "YES" {
			return []string{"Received.", "Recorded.\nReceipt 1234-5678-9012"}
		}
		return []string{"You said: " + text}
	}}
	const in = `# a comment
> HELP
< an answer of another time
  and its second line
= query benefits.Status beneficiary=1000000001 -> found

@ number 9830000007
YES
@ +5m
@ wait 50ms
`
	const want = `> HELP
  # 1 segment GSM 7-bit, 10 paise
< You said: HELP
  # 1 segment GSM 7-bit, 10 paise
> YES
  # 1 segment GSM 7-bit, 10 paise
< Received.
  # 1 segment GSM 7-bit, 10 paise
! passed over: @ +5m
< Recorded.
  Receipt 1234-5678-9012
  # 1 segment GSM 7-bit, 10 paise
`
	var out strings.Builder
	cfg := Config{Addr: op.listen(t), Paise: 10, Settle: 300 * time.Millisecond}
	// A reader that is no terminal is read line by line.
	if err := Run(t.Context(), cfg, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"919830000001 to 51969: HELP", "919830000007 to 51969: YES"}, op.said); diff != "" {
		t.Errorf("the gateway was told (-want +got):\n%s", diff)
	}
}

// TestRun_Others: what comes for another handset's number is put off.
func TestRun_Others(t *testing.T) {
	t.Parallel()
	op := &operator{reply: echo, elsewhere: "919830000099"}
	var out strings.Builder
	if err := Run(t.Context(), Config{Addr: op.listen(t), Send: "HELP"}, nil, &out); err != nil {
		t.Fatal(err)
	}
	op.mu.Lock()
	defer op.mu.Unlock()
	if len(op.deferred) != 1 || op.deferred[0] != smpp.RXTAppn {
		t.Errorf("a message for another number was answered with %v, want ESME_RX_T_APPN", op.deferred)
	}
	if strings.Count(out.String(), "You said") != 1 {
		t.Errorf("printed %q", out.String())
	}
}

// screenText gathers what a program draws.
type screenText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screenText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screenText) contains(want string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), want)
}

// TestRunScreen types into the real program, which talks to a real server.
func TestRunScreen(t *testing.T) {
	t.Parallel()
	op := &operator{reply: func(string, string) []string { return []string{"নমস্কার"} }}
	cfg, err := Config{Addr: op.listen(t)}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	keys, typed := io.Pipe()
	screen := &screenText{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- runScreen(ctx, cfg, keys, screen) }()
	see := func(want string) {
		t.Helper()
		for !screen.contains(want) {
			select {
			case <-ctx.Done():
				t.Fatalf("the screen never showed %q", want)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	press := func(s string) {
		t.Helper()
		if _, err := io.WriteString(typed, s); err != nil {
			t.Fatal(err)
		}
	}
	see("● bound to")
	press("HELP")
	see("4/160")
	press("\r")
	see("নমস্কার")
	see("✓✓")
	press("\x03") // Ctrl-C
	if err := <-ended; err != nil {
		t.Errorf("runScreen() = %v", err)
	}
}
