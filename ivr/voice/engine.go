package voice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"setu/i18n"
	"setu/ivr/speech"
)

// ErrEngine says that text could not be made speech.
var ErrEngine = errors.New("voice: no speech")

// Engine makes speech of words.
type Engine interface {
	// Name tells engines, voices and settings apart that sound different.
	Name(l i18n.Lang) string
	// Speak gives words, as package speech makes them, as a WAV file.
	Speak(ctx context.Context, l i18n.Lang, words string) ([]byte, error)
}

var (
	_ Engine = (*ESpeak)(nil)
	_ Engine = (*HTTP)(nil)
)

// Bounds of what an engine may take and give.
const (
	engineTime   = 20 * time.Second
	maxWAV       = 24 << 20 // octets
	maxComplaint = 300      // octets of what a program says is wrong
)

// ESpeak speaks through the program espeak-ng, which is not part of Setu and is
// run as a process of its own for each sentence (16 ms for one of 5 s).
type ESpeak struct {
	// Command is the program; empty is espeak-ng from the path.
	Command string
	// Voices are its voices by language; bn, hi and en where there is none.
	Voices map[i18n.Lang]string
	// Rate is words a minute; 0 is [speech.Rate].
	Rate int
}

func (e *ESpeak) voice(l i18n.Lang) string {
	if v := e.Voices[l]; v != "" {
		return v
	}
	return string(l)
}

func (e *ESpeak) rate() int {
	if e.Rate > 0 {
		return e.Rate
	}
	return speech.Rate
}

func (e *ESpeak) command() string {
	if e.Command != "" {
		return e.Command
	}
	return "espeak-ng"
}

// Name names the program's voice and rate.
func (e *ESpeak) Name(l i18n.Lang) string {
	return fmt.Sprintf("espeak/%s/%s/%d", e.command(), e.voice(l), e.rate())
}

// Speak runs the program. The error is [ErrEngine] and says what to do.
func (e *ESpeak) Speak(ctx context.Context, l i18n.Lang, words string) ([]byte, error) {
	program, err := exec.LookPath(e.command())
	if err != nil {
		return nil, fmt.Errorf("%w: %q is not installed: run scripts/setup run, name another program under ivr.tts.command, or record the prompts", ErrEngine, e.command())
	}
	ctx, cancel := context.WithTimeout(ctx, engineTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-v", e.voice(l), "-s", strconv.Itoa(e.rate()), "-b", "1", "--stdin", "--stdout") //nolint:gosec // the operator names the program
	cmd.Stdin = strings.NewReader(speech.Respell(l, words))
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(complaint.String())
		return nil, fmt.Errorf("%w: %s: %w: %s: try it by hand with -v %s", ErrEngine, program, err, said[:min(len(said), maxComplaint)], e.voice(l))
	}
	return out.Bytes(), nil
}

// HTTP speaks through a service: it is sent {"text", "lang", "voice"} as JSON by
// POST, and answers with a WAV file. Piper's server understands this; for
// Bhashini and the like a small proxy turns it into theirs.
type HTTP struct {
	URL    string
	Voices map[i18n.Lang]string
	// Key is sent as a bearer token; empty for none.
	Key    string
	Client *http.Client // nil: [http.DefaultClient]
}

// Name names the service and its voice.
func (h *HTTP) Name(l i18n.Lang) string { return "http/" + h.URL + "/" + h.Voices[l] }

// Speak asks the service. The error is [ErrEngine]; it does not hold the words.
func (h *HTTP) Speak(ctx context.Context, l i18n.Lang, words string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, engineTime)
	defer cancel()
	body, err := json.Marshal(map[string]string{"text": words, "lang": string(l), "voice": h.Voices[l]})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: ivr.tts.url: %w", ErrEngine, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if h.Key != "" {
		req.Header.Set("Authorization", "Bearer "+h.Key)
	}
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: is the service of ivr.tts.url running?", ErrEngine, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	wav, err := io.ReadAll(io.LimitReader(resp.Body, maxWAV+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrEngine, h.URL, err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: %s answers %s: look into its log", ErrEngine, h.URL, resp.Status)
	case len(wav) > maxWAV:
		return nil, fmt.Errorf("%w: %s: more than %d octets of sound", ErrEngine, h.URL, maxWAV)
	}
	return wav, nil
}
