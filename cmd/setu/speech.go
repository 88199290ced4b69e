package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/voice"
)

// IVR is how calls are answered and spoken.
type IVR struct {
	// Prompts is the folder of recorded clips, <language>/<voice>/*.wav; "" for
	// none.
	Prompts string `yaml:"prompts"`
	// Voices chooses a recorded voice by language, where there are several.
	Voices map[i18n.Lang]string `yaml:"voices"`
	// Cache is the folder of what has been spoken; "" is speech in the data
	// folder.
	Cache   string `yaml:"cache"`
	CacheMB int64  `yaml:"cache_mb"`
	TTS     TTS    `yaml:"tts"`
	// Patience is how long a caller waits for the ledger before she is told that
	// the answer follows by SMS.
	Patience Duration `yaml:"patience"`
	MaxCall  Duration `yaml:"max_call"` // how long a call may last
	SIP      SIP      `yaml:"sip"`
	TwiML    []TwiML  `yaml:"twiml"` // in the sandbox none is an account for this machine
	ARI      []ARI    `yaml:"ari"`   // Asterisks
	// MissedCall are numbers of ours on which a call is always turned away, which
	// costs the caller nothing, and called back.
	MissedCall []string `yaml:"missed_call"`
	CallBack   CallBack `yaml:"call_back"`
}

// TTS is what speaks where nothing is recorded.
type TTS struct {
	Driver  string               `yaml:"driver"`   // espeak, http or none
	Command string               `yaml:"command"`  // espeak: the program; "" is espeak-ng
	URL     string               `yaml:"url"`      // http
	KeyFile string               `yaml:"key_file"` // http: a bearer token
	Voices  map[i18n.Lang]string `yaml:"voices"`   // the engine's, by language
	Rate    int                  `yaml:"rate"`     // espeak: words a minute; 0 is 150
}

// The drivers of text to speech.
const (
	espeakTTS = "espeak"
	httpTTS   = "http"
	noTTS     = "none"
)

// validate checks what can be checked without speaking.
func (c IVR) validate() error {
	var errs []error
	switch c.TTS.Driver {
	case espeakTTS, noTTS:
	case httpTTS:
		if !strings.HasPrefix(c.TTS.URL, "http://") && !strings.HasPrefix(c.TTS.URL, "https://") {
			errs = append(errs, errors.New("ivr.tts.url is missing: name the service that speaks, https://…"))
		}
	default:
		errs = append(errs, fmt.Errorf("ivr.tts.driver is %q: use espeak, http or none", c.TTS.Driver))
	}
	for _, voices := range []map[i18n.Lang]string{c.Voices, c.TTS.Voices} {
		for l := range voices {
			if !l.Valid() {
				errs = append(errs, fmt.Errorf("ivr: there are no voices for %q: use bn, hi or en", l))
			}
		}
	}
	if c.Patience <= 0 || c.MaxCall < Duration(time.Minute) {
		errs = append(errs, errors.New("ivr.patience is how long a caller waits for the ledger, such as 4s, and ivr.max_call how long a call lasts, such as 15m"))
	}
	if c.CacheMB < 1 {
		errs = append(errs, fmt.Errorf("ivr.cache_mb is %d: give speech some room", c.CacheMB))
	}
	return errors.Join(errs...)
}

// speaker opens the voices that the configuration names.
func (c Config) speaker() (*voice.Speaker, error) {
	engine, err := c.IVR.TTS.engine()
	if err != nil {
		return nil, err
	}
	return voice.Open(voice.Config{
		Prompts: c.IVR.Prompts, Voices: c.IVR.Voices, Engine: engine,
		Cache: cmp.Or(c.IVR.Cache, filepath.Join(c.Data, "speech")), CacheOctets: c.IVR.CacheMB << 20,
	})
}

func (t TTS) engine() (voice.Engine, error) {
	switch t.Driver {
	case espeakTTS:
		return &voice.ESpeak{Command: t.Command, Voices: t.Voices, Rate: t.Rate}, nil
	case httpTTS:
		h := &voice.HTTP{URL: t.URL, Voices: t.Voices}
		if t.KeyFile != "" {
			key, err := password(t.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("ivr.tts.key_file: %w", err)
			}
			h.Key = string(key)
		}
		return h, nil
	}
	return nil, nil
}

// studio shows prompts, and writes them to a folder where one is named.
type studio struct {
	preview *previewCmd
	speaker *voice.Speaker // nil: nothing is written
}

func (p *previewCmd) studio(cfg Config) (*studio, error) {
	st := &studio{preview: p}
	if p.Wav == "" {
		return st, nil
	}
	if err := os.MkdirAll(p.Wav, 0o750); err != nil {
		return nil, fmt.Errorf("--wav: %w", err)
	}
	var err error
	st.speaker, err = cfg.speaker()
	return st, err
}

// show writes the prompts of one service as they will be said, with the longest
// values, and how long each takes.
func (st *studio) show(ctx context.Context, io streams, name string, screens []catalogue.Screen) error {
	fmt.Fprintf(io.out, "\n== %s, by phone, with the longest values ==\n", name)
	for _, s := range st.preview.wanted(screens) {
		prompts := ivr.Hear(s.Sheet)
		if len(prompts) == 0 {
			continue // not for the ear
		}
		fmt.Fprintf(io.out, "%s  %s  %.1f s\n", s.Key, s.Lang, ivr.Length(prompts).Seconds())
		for _, prompt := range prompts {
			fmt.Fprintf(io.out, "    %4.1f s  %s\n", (prompt.Length() - prompt.Gap).Seconds(), prompt)
		}
		if st.speaker == nil {
			continue
		}
		if err := st.write(ctx, name, s, prompts); err != nil {
			return err
		}
	}
	return nil
}

// write renders the prompts of one screen.
func (st *studio) write(ctx context.Context, name string, s catalogue.Screen, prompts []ivr.Prompt) error {
	var clips []voice.Clip
	for _, p := range prompts {
		clip, err := st.speaker.Say(ctx, p.Sentences)
		if err != nil {
			return err
		}
		clips = append(clips, clip, voice.Silence(p.Gap))
	}
	key := strings.NewReplacer(" > ", "_", "/", "_", " ", "_").Replace(s.Key)
	file := filepath.Join(st.preview.Wav, fmt.Sprintf("%s_%s_%s.wav", name, key, s.Lang))
	return os.WriteFile(file, voice.Join(clips...).WAV(), 0o600)
}

// promptsCmd are the commands about recorded prompts.
type promptsCmd struct {
	Missing promptsMissingCmd `cmd:"" help:"What nobody has recorded yet, as a script for a speaker."`
	Prepare promptsPrepareCmd `cmd:"" help:"Make all prompts that hold no values, so that no call waits for them."`
}

// promptsFlags are what both commands take.
type promptsFlags struct {
	Config   string   `help:"Configuration file." type:"existingfile"`
	Services []string `help:"Folders of further services." type:"existingdir"`
	Lang     string   `help:"Only this language: bn, hi or en."`
}

// open loads the services and voices.
func (f *promptsFlags) open() (*catalogue.Catalogue, *voice.Speaker, []i18n.Lang, error) {
	cfg, err := LoadConfig(f.Config)
	if err != nil {
		return nil, nil, nil, err
	}
	langs := i18n.Langs()
	if f.Lang != "" {
		if langs = []i18n.Lang{i18n.Lang(f.Lang)}; !langs[0].Valid() {
			return nil, nil, nil, fmt.Errorf("--lang is %q: use bn, hi or en", f.Lang)
		}
	}
	cfg.Services = append(cfg.Services, f.Services...)
	cat, err := loadServices(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	speaker, err := cfg.speaker()
	return cat, speaker, langs, err
}

// promptsMissingCmd lists what is to be recorded.
type promptsMissingCmd struct{ promptsFlags }

// Run writes the script: the name to save each clip under, and its words.
func (c *promptsMissingCmd) Run(io streams) error {
	cat, speaker, langs, err := c.open()
	if err != nil {
		return err
	}
	for _, l := range langs {
		script := ivr.Script(cat, l)
		missing := slices.DeleteFunc(slices.Clone(script), func(line ivr.Line) bool { return speaker.Recorded(l, line.Words) })
		fmt.Fprintf(io.out, "# %s: %d of %d clips are to be recorded. Save each as <prompts>/%s/<voice>/<name>, mono, 16 bits, 8 kHz or more.\n", l.Name(), len(missing), len(script), l)
		for _, line := range missing {
			fmt.Fprintf(io.out, "%s\t%s\n", voice.FileName(l, line.Key, line.Words), line.Words)
		}
	}
	return nil
}

// promptsPrepareCmd makes prompts ahead.
type promptsPrepareCmd struct{ promptsFlags }

// Run makes every sentence without values.
func (c *promptsPrepareCmd) Run(ctx context.Context, io streams) error {
	cat, speaker, langs, err := c.open()
	if err != nil {
		return err
	}
	for _, l := range langs {
		sentences := ivr.Fixed(cat, l)
		if err := speaker.Prepare(ctx, sentences); err != nil {
			return err
		}
		recorded := 0
		for _, s := range sentences {
			if speaker.Whole(s) {
				recorded++
			}
		}
		fmt.Fprintf(io.out, "%s: %d sentences are ready, %d of them recorded by a person\n", l.Name(), len(sentences), recorded)
	}
	return nil
}
