// Package conductor conducts telephone calls: it lets the dialogue speak through
// the prompts of package ivr and the clips of package voice on a [Leg], which is
// the media of one call in any driver, and takes the keys to the dialogue.
//
// Each call has a goroutine, its driver's, which is in [Conductor.Run] until the
// call is over. A call that is cut off in the middle of a dialogue can be gone on
// with on the next call of the same number, or by SMS or USSD, since the session is
// one for all media.
package conductor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/internal/panics"
	"setu/ivr"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

// Defaults of a [Conductor].
const (
	// DefaultMaxLength ends a call. The longest service takes under three minutes
	// when every question is heard to its end.
	DefaultMaxLength = 15 * time.Minute
	// DefaultPleaseWait is how long nothing is heard before the caller is told to
	// wait: people take 2 s of silence on a telephone for a line that is dead.
	DefaultPleaseWait = time.Second
)

// lastWords is how long a call whose time is over may take to say so.
const lastWords = time.Minute

// Leg is the media of one call, without its signalling: who runs the call hangs
// up when [Conductor.Run] has returned, and ends its context when she does.
type Leg interface {
	// Play plays clips one after the other in the place of what is playing, and
	// then calls played once, from any goroutine. It is not called for what is
	// replaced or stopped; a call of it that comes late does no harm.
	Play(clips []voice.Clip, played func())
	// Stop ends what is playing.
	Stop()
	// Keys are the keys that are pressed, in order: 0 to 9, * and #. It is closed
	// when the media has ended by itself.
	Keys() <-chan byte
}

// Voice makes speech of sentences. *voice.Speaker does.
type Voice interface {
	Clips(ctx context.Context, sentences []speech.Sentence) ([]voice.Clip, error)
}

// Config is what all calls have in common. Handler, Words, Voice, Log and Now are
// required; the rest has defaults.
type Config struct {
	Handler channels.Handler
	Words   ivr.Words
	Voice   Voice
	Log     *slog.Logger
	Now     func() time.Time

	MaxLength  time.Duration // of a call, see DefaultMaxLength
	PleaseWait time.Duration // see DefaultPleaseWait
	// CallBack says that a citizen may be called, which is then offered to her where
	// she cannot go on; nil is nobody.
	CallBack func(citizen gateway.Address) bool
}

// Conductor conducts calls, any number of them at a time. Make it with [New].
type Conductor struct {
	Config
	silence voice.Clip // for the longest pause
}

// longestPause is more than the silence behind a prompt is, even where it is slow.
const longestPause = 3 * time.Second

// New makes a conductor.
func New(c Config) *Conductor {
	c.MaxLength, c.PleaseWait = cmp.Or(c.MaxLength, DefaultMaxLength), cmp.Or(c.PleaseWait, DefaultPleaseWait)
	return &Conductor{Config: c, silence: voice.Silence(longestPause)}
}

// Call is one call.
type Call struct {
	// ID is the provider's name of the call: no other call of the link has it.
	ID   string
	Link string // the driver's trunk
	From gateway.Address
	To   gateway.Address
	// Stop is closed when the gateway stops: she is told, and the call ends. Nil
	// is never.
	Stop <-chan struct{}
	// Said is told what is played, in words; nil tells nobody. It must not block.
	Said func(text string)
}

// Run conducts a call from the moment when she can hear to its end. ctx ends when
// she hangs up, or with the cause [ErrLost] when nothing is heard of her telephone
// any more. The result is never empty. A panic ends this call only.
func (c *Conductor) Run(ctx context.Context, call Call, leg Leg) (end End) {
	t := &talk{conductor: c, call: call, leg: leg}
	t.spoken = ivr.NewCall(ivr.Layout{Words: c.Words, CallBack: c.CallBack != nil && c.CallBack(call.From)})
	t.replies, t.played = make(chan answer, 1), make(chan struct{}, 1)
	t.timer = time.NewTimer(time.Hour)
	t.timer.Stop()
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if p := recover(); p != nil {
			c.panicked(ctx, call, p)
			end = Fault
		}
		cancel()
		t.timer.Stop()
		t.leg.Stop()
		t.asking.Wait()
	}()
	return t.run(ctx)
}

// Anonymous tells a caller whose number is not known, in all languages, that it is
// needed, since her sessions and receipts hang on it.
func (c *Conductor) Anonymous(ctx context.Context, call Call, leg Leg) End {
	clips, err := c.clips(ctx, ivr.Layout{Words: c.Words}.Everybody("no-number"))
	if err != nil {
		c.unspoken(ctx, call, err)
		return Unspoken
	}
	played := make(chan struct{}, 1)
	leg.Play(clips, func() { signal(played) })
	over := time.NewTimer(c.MaxLength)
	defer over.Stop()
	select {
	case <-played:
	case <-over.C: // on hold nothing is played
	case <-ctx.Done():
	}
	return NoNumber
}

func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// clips are prompts as they are played.
func (c *Conductor) clips(ctx context.Context, prompts []ivr.Prompt) ([]voice.Clip, error) {
	clips := make([]voice.Clip, 0, 2*len(prompts))
	for i, p := range prompts {
		one, err := c.Voice.Clips(ctx, p.Sentences)
		if err != nil {
			return nil, fmt.Errorf("speak %s: %w", p.Key, err)
		}
		if clips = append(clips, one...); i < len(prompts)-1 {
			clips = append(clips, c.silence.Cut(p.Gap))
		}
	}
	return clips, nil
}

// panicked tells the operator of a panic in a call. What it says may quote the
// citizen, and is not logged.
func (c *Conductor) panicked(ctx context.Context, call Call, p any) {
	c.Log.ErrorContext(ctx, "call panicked and is ended", slog.String("link", call.Link), slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
}

// unspoken tells the operator that a call was without words.
func (c *Conductor) unspoken(ctx context.Context, call Call, err error) {
	if ctx.Err() != nil { // she did not wait for it
		return
	}
	c.Log.ErrorContext(ctx, "call ended: a prompt has no voice", slog.String("link", call.Link), slog.String("error", err.Error()))
}
