package voice

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"setu/i18n"
)

// mark is how many hexadecimal digits of the digest of its words a clip's name
// ends with: a clip of other words than those that are to be said now is none.
const mark = 8

// Mark is the digest of words that the names of their clips end with.
func Mark(l i18n.Lang, words string) string {
	sum := sha256.Sum256([]byte(string(l) + "\x00" + i18n.NFC(words)))
	return hex.EncodeToString(sum[:])[:mark]
}

// FileName is the name of the clip of some words: a readable key and their mark.
func FileName(l i18n.Lang, key, words string) string {
	readable := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-':
			return r
		case r == '/' || r == '.':
			return '_'
		}
		return -1
	}, strings.ToLower(key))
	return readable + "-" + Mark(l, words) + ".wav"
}

// recorded are the clips of the human voices: for each language the files of its
// folder, by the marks in their names.
type recorded struct {
	voice map[i18n.Lang]string            // names of the folders
	files map[i18n.Lang]map[string]string // mark -> path
}

// openRecorded looks for clips in <dir>/<language>/<voice>/*.wav. Without a folder
// there are none. A language with several voices needs a choice.
func openRecorded(dir string, voices map[i18n.Lang]string) (*recorded, error) {
	r := &recorded{voice: make(map[i18n.Lang]string), files: make(map[i18n.Lang]map[string]string)}
	if dir == "" {
		return r, nil
	}
	for _, l := range i18n.Langs() {
		voice, err := oneVoice(filepath.Join(dir, string(l)), voices[l])
		if err != nil {
			return nil, fmt.Errorf("recorded prompts in %s: %w", l, err)
		}
		if voice == "" {
			continue
		}
		folder := filepath.Join(dir, string(l), voice)
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("recorded prompts in %s: %w", l, err)
		}
		r.voice[l], r.files[l] = voice, make(map[string]string)
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".wav")
			if ok && len(name) >= mark {
				r.files[l][name[len(name)-mark:]] = filepath.Join(folder, e.Name())
			}
		}
	}
	return r, nil
}

// oneVoice is the voice to use of those that a language's folder has; "" is none.
func oneVoice(folder, chosen string) (string, error) {
	if chosen != "" {
		return chosen, nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() {
			found = append(found, e.Name())
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there are the voices %s: choose one under ivr.voices", strings.Join(found, ", "))
}

// file is the clip of some words.
func (r *recorded) file(l i18n.Lang, words string) (path string, ok bool) {
	path, ok = r.files[l][Mark(l, words)]
	return path, ok
}
