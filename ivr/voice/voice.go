// Package voice gives sentences a voice: that of a person who has recorded all of
// a sentence, or else that of a speech engine, never both in one sentence. What
// has been made is kept on disk as telephony wants it (ITU-T G.711, µ-law and
// A-law), by its content, so that a call does not wait for it twice.
package voice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"setu/i18n"
	"setu/ivr/speech"
)

// Config says where voices come from.
type Config struct {
	// Prompts is the folder of recorded clips, <language>/<voice>/*.wav; empty
	// for none.
	Prompts string
	// Voices chooses a recorded voice by language, where there are several.
	Voices map[i18n.Lang]string
	// Engine speaks what is not recorded; nil says only what is.
	Engine Engine
	// Cache is the folder of what has been made.
	Cache string
	// CacheOctets is its room; 0 is 512 MiB.
	CacheOctets int64
	// MemoryOctets is the room of what is kept in memory too; 0 is 64 MiB.
	MemoryOctets int
}

// Speaker says sentences. It may be used by many goroutines.
type Speaker struct {
	engine   Engine
	recorded *recorded
	cache    *cache
	memory   *memory
	stop     Clip // the pause behind a sentence

	mu     sync.Mutex
	making map[string]*making // by name in the cache
}

// making is a clip that is being made, for all who want it.
type making struct {
	done chan struct{}
	clip Clip
	err  error
}

// Open makes a speaker.
func Open(c Config) (*Speaker, error) {
	rec, err := openRecorded(c.Prompts, c.Voices)
	if err != nil {
		return nil, err
	}
	kept, err := openCache(c.Cache, c.CacheOctets)
	if err != nil {
		return nil, err
	}
	return &Speaker{engine: c.Engine, recorded: rec, cache: kept, memory: newMemory(c.MemoryOctets), stop: Silence(stopGap), making: make(map[string]*making)}, nil
}

// Recorded says that a person has recorded some words.
func (s *Speaker) Recorded(l i18n.Lang, words string) bool {
	_, ok := s.recorded.file(l, words)
	return ok
}

// Whole says that a person has recorded all of a sentence.
func (s *Speaker) Whole(one speech.Sentence) bool {
	for _, f := range one.Fragments {
		if f.Free || !s.Recorded(one.Lang, f.Words) {
			return false
		}
	}
	return true
}

// Pauses between the words of one sentence that are recorded by themselves.
const (
	wordGap  = 40 * time.Millisecond
	commaGap = 250 * time.Millisecond
	stopGap  = 400 * time.Millisecond // behind a sentence
)

// Clips gives the sentences as clips to play one after the other, each in one
// voice, with pauses between. They are shared by all who say the same, and must not
// be changed. Errors are [ErrEngine] and [ErrWAV].
func (s *Speaker) Clips(ctx context.Context, sentences []speech.Sentence) ([]Clip, error) {
	clips := make([]Clip, 0, max(2*len(sentences)-1, 0))
	for i, one := range sentences {
		clip, err := s.remembered(ctx, one)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			clips = append(clips, s.stop)
		}
		clips = append(clips, clip)
	}
	return clips, nil
}

// Say gives the sentences as one clip. Errors are those of [Speaker.Clips].
func (s *Speaker) Say(ctx context.Context, sentences []speech.Sentence) (Clip, error) {
	clips, err := s.Clips(ctx, sentences)
	return Join(clips...), err
}

// remembered is a sentence that is perhaps still in memory.
func (s *Speaker) remembered(ctx context.Context, one speech.Sentence) (Clip, error) {
	key := string(one.Lang) + one.String()
	if clip, ok := s.memory.get(key); ok {
		return clip, nil
	}
	clip, err := s.sentence(ctx, one)
	if err == nil {
		s.memory.put(key, clip)
	}
	return clip, err
}

// Prepare makes all clips that are not there yet, with a few at a time.
func (s *Speaker) Prepare(ctx context.Context, sentences []speech.Sentence) error {
	const atOnce = 2
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, one := range sentences {
		group.Go(func() error {
			_, err := s.sentence(ctx, one)
			return err
		})
	}
	return group.Wait()
}

func (s *Speaker) sentence(ctx context.Context, one speech.Sentence) (Clip, error) {
	if s.Whole(one) {
		return s.joined(ctx, one)
	}
	if s.engine == nil {
		return Clip{}, fmt.Errorf("%w: a sentence in %s is not recorded and ivr.tts.driver is none: `setu prompts missing` lists what to record", ErrEngine, one.Lang)
	}
	words := one.String()
	return s.made(ctx, s.engine.Name(one.Lang)+"\x00"+words, func() (sound, error) {
		// Others may wait for it too; the engine has a bound of its own.
		wav, err := s.engine.Speak(context.WithoutCancel(ctx), one.Lang, words)
		if err != nil {
			return sound{}, err
		}
		return readWAV(wav)
	})
}

// joined is a sentence of the recorded voice.
func (s *Speaker) joined(ctx context.Context, one speech.Sentence) (Clip, error) {
	clips := make([]Clip, len(one.Fragments))
	gaps := make([]time.Duration, len(one.Fragments))
	for i, f := range one.Fragments {
		path, _ := s.recorded.file(one.Lang, f.Words)
		wav, err := os.ReadFile(path)
		if err != nil {
			return Clip{}, fmt.Errorf("recorded prompt: %w", err)
		}
		if clips[i], err = s.made(ctx, "recorded\x00"+string(wav), func() (sound, error) { return readWAV(wav) }); err != nil {
			return Clip{}, fmt.Errorf("recorded prompt %s: %w: save it as 16-bit PCM", path, err)
		}
		gaps[i] = wordGap
		if strings.ContainsAny(f.Tail, ",;:।.?!") {
			gaps[i] = commaGap
		}
	}
	return join(clips, gaps), nil
}

// made gives a clip from the cache, or makes it; who wants one that is being made
// waits for it.
func (s *Speaker) made(ctx context.Context, content string, do func() (sound, error)) (Clip, error) {
	sum := sha256.Sum256([]byte(content))
	name := hex.EncodeToString(sum[:16])
	if clip, ok := s.cache.get(name); ok {
		return clip, nil
	}
	s.mu.Lock()
	if other, ok := s.making[name]; ok {
		s.mu.Unlock()
		select {
		case <-other.done:
			return other.clip, other.err
		case <-ctx.Done():
			return Clip{}, ctx.Err()
		}
	}
	m := &making{done: make(chan struct{})}
	s.making[name] = m
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.making, name)
		s.mu.Unlock()
		close(m.done)
	}()
	m.clip, m.err = s.make(name, do)
	return m.clip, m.err
}

// make makes a clip and keeps it, unless another has done so since it was missed.
func (s *Speaker) make(name string, do func() (sound, error)) (Clip, error) {
	if clip, ok := s.cache.get(name); ok {
		return clip, nil
	}
	made, err := do()
	if err != nil {
		return Clip{}, err
	}
	clip := made.clip()
	if len(clip.ULaw) == 0 {
		return Clip{}, fmt.Errorf("%w: nothing is heard", ErrWAV)
	}
	return clip, s.cache.put(name, clip)
}
