package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"setu/channels/sms"
)

// Errors of [Dial].
var (
	// ErrNoSession says that something was to be entered and no session is open.
	ErrNoSession = errors.New("phone: no session is open")
	// ErrOver says that a screen does not fit into one of USSD.
	ErrOver = errors.New("phone: screen over 160 octets")
)

// What one USSD string holds: 160 octets are 182 septets of the GSM 7-bit
// alphabet or 80 units of UCS-2 (3GPP TS 23.038, 6.1.2.3 and 6.2.3).
const (
	ussdOctets  = 160
	ussdSeptets = 182
	ussdUnits   = 80
)

// Network carries the sessions of a handset to the gateway, in one of the
// dialects that it speaks.
type Network interface {
	// Dial begins a session: from is the handset's number in E.164 with plus,
	// code the service code without * and #. Nothing is sent yet.
	Dial(from, code string) Call
}

// Call is one session.
type Call interface {
	// Send passes on what was entered and gives the next screen. The first
	// input of a session is what was dialled after the code, mostly nothing.
	Send(ctx context.Context, input string) (Answer, error)
	// Abort tells the gateway that the session is over before its end: its
	// owner pressed Cancel, or, with timeout, the network waited too long.
	// Where the dialect has no word for that, nothing is told.
	Abort(ctx context.Context, timeout bool) error
}

// Answer is one screen.
type Answer struct {
	Text string
	// End says that the session ended with it.
	End bool
	// Masked says that the gateway wants what is entered next not to be shown.
	Masked bool
}

// Session is how a handset dials. Zero values are the defaults, but there is
// no network by default.
type Session struct {
	Network Network
	// Dialect is the name of what the network speaks, for the screen.
	Dialect string
	// Dial is what is dialled first; default * and the short code and #.
	Dial string
	// Timeout is how long the network leaves a session open without a key;
	// default 120 s. Operators wait between 120 and 180 s.
	Timeout time.Duration
	// Columns is the width of the handset's screen; default 20. Basic phones
	// have 16 to 20.
	Columns int
	// Keys, when not nil, are entered one after another without a screen; then
	// the handset ends.
	Keys []string
}

func (s Session) withDefaults(code string) (Session, error) {
	if s.Dial == "" {
		s.Dial = "*" + code + "#"
	}
	if s.Timeout <= 0 {
		s.Timeout = 120 * time.Second
	}
	if s.Columns == 0 {
		s.Columns = 20
	}
	switch {
	case s.Network == nil:
		return s, fmt.Errorf("%w: no network to dial on", ErrConfig)
	case !isDialString(s.Dial):
		return s, fmt.Errorf("%w: dial a code such as *%s#", ErrConfig, code)
	case s.Columns < 10 || s.Columns > 40:
		return s, fmt.Errorf("%w: a screen has 10 to 40 columns", ErrConfig)
	}
	return s, nil
}

// Dial shows a handset that uses USSD until the reader of in ends it or ctx
// does: on the whole screen, or line by line where nobody types. The SMS that
// follow are shown too when the gateway's SMPP listener of cfg is reached.
func Dial(ctx context.Context, cfg Config, s Session, in io.Reader, out io.Writer) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	if s, err = s.withDefaults(cfg.Code); err != nil {
		return err
	}
	if s.Keys != nil || cfg.Plain || !isTerminal(in) {
		return dialPlain(ctx, cfg, s, in, out)
	}
	return dialScreen(ctx, cfg, s, in, out)
}

// isDialString says whether a text is a USSD code as people dial it: digits
// and stars between * and # (3GPP TS 22.030, 6.5.2).
func isDialString(s string) bool {
	if len(s) < 3 || s[0] != '*' || s[len(s)-1] != '#' {
		return false
	}
	inner := s[1 : len(s)-1]
	return strings.Trim(inner, "0123456789*") == "" && inner[0] != '*'
}

// split takes a dialled string apart: the service code, which may have stars
// itself when it is the handset's own, and what was dialled after it.
func split(dialled, own string) (code, rest string) {
	inner := strings.Trim(dialled, "*#")
	if own = strings.Trim(own, "*#"); inner == own || strings.HasPrefix(inner, own+"*") {
		return own, strings.TrimPrefix(inner[len(own):], "*")
	}
	code, rest, _ = strings.Cut(inner, "*")
	return code, rest
}

// shown is a screen as the handset measures it.
type shown struct {
	Answer
	coding sms.Coding
	units  int // septets or UCS-2 units
	octets int
	secret bool // what is entered next is not shown
}

func measure(a Answer) shown {
	a.Text = printable(a.Text)
	d := shown{Answer: a, secret: !a.End && (a.Masked || asksPIN(a.Text))}
	d.coding, d.units = sms.Units(a.Text)
	if d.octets = 2 * d.units; d.coding == sms.GSM7 {
		d.octets = (7*d.units + 7) / 8
	}
	return d
}

// fits says whether a network would pass the screen on whole.
func (d *shown) fits() bool { return d.octets <= ussdOctets }

// room is how much of the screen is used: 136 of 160 octets, 68 of 80
// characters UCS-2.
func (d *shown) room() string {
	most := ussdUnits
	if d.coding == sms.GSM7 {
		most = ussdSeptets
	}
	return fmt.Sprintf("%d of %d octets, %d of %d characters %s", d.octets, ussdOctets, d.units, most, alphabet(d.coding))
}

// asksPIN says whether a screen asks for a PIN and offers nothing to choose:
// few dialects can say that an entry is to be hidden, so the handset looks.
func asksPIN(text string) bool {
	named := false
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 1 && line[0] >= '1' && line[0] <= '7' && line[1] == ' ' {
			return false
		}
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" .,:;!?()।-", r) }) {
			named = named || strings.EqualFold(strings.TrimSuffix(word, "s"), "PIN") || strings.HasPrefix(word, "পিন") || strings.HasPrefix(word, "पिन")
		}
	}
	return named
}

// hidden is an entry as a screen may show it.
func hidden(s string) string { return strings.Repeat("•", len([]rune(s))) }

// noScreen says in a few words why there is no next screen.
func noScreen(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "the gateway did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no gateway there: is `setu serve` running?"
	}
	return err.Error()
}
