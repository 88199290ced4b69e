// Package ivrtwiml conducts calls by webhook, as Twilio and Exotel do: the provider
// has the call and asks by HTTP what to do next, and is answered in TwiML with the
// prompts to play and the keys to wait for.
//
//   - POST or GET /<name>/voice begins a call, and with ?n= goes on with one.
//   - /<name>/status tells how a call ended.
//   - /<name>/clip/… serves prompts in our own voice, by signed URLs that expire. What
//     has no voice of ours is said by the provider's.
//
// Requests of Twilio are signed (X-Twilio-Signature, HMAC-SHA1 over the configured
// public URL and the form); Exotel has no signatures, and a key in the URL instead.
// A webhook that is delivered again is answered as before and changes nothing.
package ivrtwiml

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

// The dialects.
const (
	Twilio = "twilio"
	Exotel = "exotel"
)

// Secret is a value that prints as "[secret]".
type Secret string

// String is "[secret]".
func (Secret) String() string { return "[secret]" }

// Format prints "[secret]" for every verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[secret]")) }

// Gateway is an account at a provider.
type Gateway struct {
	Name    string // in paths and in operators' lists
	Dialect string // Twilio or Exotel
	// URL is where the provider reaches us, such as https://setu.example.in:
	// signatures are over it, whatever a proxy makes of a request.
	URL string
	// Account and Token are those of Twilio's API. Token signs the webhooks, and
	// so may NextToken while it is changed.
	Account          string
	Token, NextToken Secret
	// Key is in the query of Exotel's webhooks, as key.
	Key   Secret
	Allow []netip.Prefix // who may call the webhooks; empty: anybody who can sign
	// API is where calls are placed; "" is Twilio's.
	API string
	// Voices are the provider's, by language, for what has no voice of ours; see
	// DefaultVoices.
	Voices map[i18n.Lang]string
}

// DefaultVoices are Twilio's voices for India (its VoiceResponse library, 2026).
func DefaultVoices() map[i18n.Lang]string {
	return map[i18n.Lang]string{
		i18n.Bengali: "Google.bn-IN-Standard-A", i18n.Hindi: "Google.hi-IN-Standard-A", i18n.English: "Google.en-IN-Standard-A",
	}
}

// Voice makes speech of sentences. *voice.Speaker does.
type Voice interface {
	Clips(ctx context.Context, sentences []speech.Sentence) ([]voice.Clip, error)
}

// Doorman knows the numbers whose calls are always turned away and called back.
type Doorman interface {
	// Missed says that a call is to be turned away, and that a call-back is queued.
	// from is empty if it is not known: then her call is turned away all the same,
	// since an answer would cost her.
	Missed(ctx context.Context, from, to gateway.Address) (bool, error)
}

// Config is what a Driver works with. Handler, Words, Voice, Board, Log and Now are
// required.
type Config struct {
	Gateways []Gateway
	Handler  channels.Handler
	Words    ivr.Words
	Voice    Voice
	Board    *conductor.Board
	Doorman  Doorman // nil: no call is turned away
	Log      *slog.Logger
	Now      func() time.Time
	// CallBack says that a citizen may be called, which is then offered to her where
	// she cannot go on; nil is nobody.
	CallBack func(citizen gateway.Address) bool
	// MostCalls are under way at a time; 0 is 500.
	MostCalls int
	// MaxLength ends a call; 0 is conductor.DefaultMaxLength.
	MaxLength time.Duration
}

// Driver serves the webhooks of all gateways. Make it with [New].
type Driver struct {
	Config
	gateways map[string]Gateway
	clips    clips
	silence  voice.Clip

	mu     sync.Mutex
	talks  map[string]*talk   // by gateway and the provider's name of the call; ended ones answer what comes again
	live   int                // of talks, those that are not over
	placed map[string]*placed // by nonce
}

// Errors of configuration are for operators.
func (g *Gateway) check() error {
	u, err := url.Parse(g.URL)
	switch {
	case g.Name == "" || strings.ContainsAny(g.Name, "/?#% "):
		return fmt.Errorf("ivr.twiml: name is %q: use letters, digits and -", g.Name)
	case g.Dialect != Twilio && g.Dialect != Exotel:
		return fmt.Errorf("ivr.twiml %q: dialect is %q: use twilio or exotel", g.Name, g.Dialect)
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("ivr.twiml %q: url is %q: name the address that the provider calls, https://…", g.Name, g.URL)
	case g.Dialect == Twilio && g.Token == "":
		return fmt.Errorf("ivr.twiml %q: token_file is missing: it holds the account's auth token, which signs the webhooks", g.Name)
	case g.Dialect == Exotel && g.Key == "":
		return fmt.Errorf("ivr.twiml %q: key_file is missing: without a key in the URL anybody could call in any citizen's name", g.Name)
	}
	return nil
}

// New makes a driver.
func New(c Config) (*Driver, error) {
	c.MostCalls, c.MaxLength = cmp.Or(c.MostCalls, 500), cmp.Or(c.MaxLength, conductor.DefaultMaxLength)
	d := &Driver{
		Config: c, gateways: make(map[string]Gateway), silence: voice.Silence(longestPause),
		talks: make(map[string]*talk), placed: make(map[string]*placed),
	}
	d.clips.key = []byte(rand.Text())
	for _, g := range c.Gateways {
		if err := g.check(); err != nil {
			return nil, err
		}
		if _, twice := d.gateways[g.Name]; twice {
			return nil, fmt.Errorf("ivr.twiml: two gateways are called %q", g.Name)
		}
		voices := DefaultVoices()
		for l, v := range g.Voices {
			voices[l] = v
		}
		g.Voices, g.URL = voices, strings.TrimSuffix(g.URL, "/")
		d.gateways[g.Name] = g
	}
	return d, nil
}

// Mount puts the webhooks on the public listener.
func (d *Driver) Mount(app *fiber.App) {
	for _, g := range d.gateways {
		at := app.Group("/"+g.Name, d.guarded(g))
		for _, method := range []string{fiber.MethodGet, fiber.MethodPost} {
			at.Add(method, "/voice", func(c *fiber.Ctx) error { return d.voice(c, g) })
			at.Add(method, "/status", func(c *fiber.Ctx) error { return d.status(c, g) })
		}
		app.Get("/"+g.Name+"/clip/:name", d.clip)
	}
}

// forgetAfter is how long nothing is heard of a call before it counts as over: the
// longest prompt, the longest wait for keys and the provider's own delays.
const forgetAfter = 3 * time.Minute

// Run ends calls that the provider has not spoken of for long, until ctx ends.
func (d *Driver) Run(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.sweep(context.WithoutCancel(ctx), d.Now().Add(time.Hour))
			return nil
		case <-tick.C:
			d.sweep(ctx, d.Now())
		}
	}
}

// sweep ends and forgets what is older than forgetAfter at a time.
func (d *Driver) sweep(ctx context.Context, now time.Time) {
	var old []*talk
	d.mu.Lock()
	for key, t := range d.talks {
		if now.Sub(t.touched) > forgetAfter {
			old = append(old, t)
			delete(d.talks, key)
		}
	}
	d.mu.Unlock()
	for _, t := range old {
		t.finish(ctx, conductor.Lost)
	}
}
