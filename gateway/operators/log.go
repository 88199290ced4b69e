package operators

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// event is what a line of the log tells.
type event string

const (
	began     event = "began"    // the log; it names the gateway
	proposed  event = "proposed" // with the statement
	confirmed event = "confirmed"
	withdrawn event = "withdrawn"
	done      event = "done" // with the result
	failed    event = "failed"
	direct    event = "direct" // done by whoever has the gateway's token, where no operators are named
)

// Line is a line of the log: a JSON object.
type Line struct {
	N         int               `json:"n"` // from 1
	Time      time.Time         `json:"time"`
	Event     event             `json:"event"`
	Gateway   string            `json:"gateway,omitempty"`
	Act       string            `json:"act,omitempty"`
	Operator  string            `json:"operator,omitempty"`
	Kind      string            `json:"kind,omitempty"`
	Args      map[string]string `json:"args,omitempty"`
	Result    string            `json:"result,omitempty"`
	Statement []byte            `json:"statement,omitempty"`
	Sig       []byte            `json:"sig,omitempty"`
	Prev      string            `json:"prev"` // SHA-256 of the line before, in hexadecimal
}

// logFile appends to the log. Each line is on disk before it counts.
type logFile struct {
	f    *os.File
	n    int
	prev string
}

// openLog opens a log, or begins one, and gives its lines. What a crash left
// of an unfinished last line is cut off. The errors are [ErrLog] and those of
// the file.
func openLog(path string, now time.Time) (*logFile, []Line, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	lines, whole, prev, err := readLog(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrLog, path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	_, seekErr := f.Seek(int64(whole), 0)
	l := &logFile{f: f, n: len(lines), prev: prev}
	if err := errors.Join(f.Truncate(int64(whole)), seekErr); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if len(lines) == 0 {
		first := Line{Time: now, Event: began, Gateway: rand.Text()}
		if err := errors.Join(l.append(&first), syncFolder(path)); err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		lines = append(lines, first)
	}
	return l, lines, nil
}

func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// append writes one line, whole and on disk, or nothing that counts.
func (l *logFile) append(line *Line) error {
	line.N, line.Prev, line.Time = l.n+1, l.prev, line.Time.UTC()
	octets, err := json.Marshal(line)
	if err != nil {
		return err
	}
	at, err := l.f.Seek(0, 1)
	if err != nil {
		return err
	}
	if _, err = l.f.Write(append(octets, '\n')); err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		_, back := l.f.Seek(at, 0)
		return errors.Join(fmt.Errorf("write the operators' log: %w", err), l.f.Truncate(at), back)
	}
	l.n, l.prev = line.N, digest(octets)
	return nil
}

func digest(octets []byte) string {
	sum := sha256.Sum256(octets)
	return hex.EncodeToString(sum[:])
}

// readLog reads the lines and checks that each is bound to the one before. It
// gives how many octets are whole lines, and the digest of the last.
func readLog(raw []byte) (lines []Line, whole int, prev string, err error) {
	for {
		end := bytes.IndexByte(raw[whole:], '\n')
		if end < 0 {
			return lines, whole, prev, nil
		}
		octets := raw[whole : whole+end]
		var line Line
		switch err := json.Unmarshal(octets, &line); {
		case err != nil:
			return nil, 0, "", fmt.Errorf("line %d is not of a log: %w", len(lines)+1, err)
		case line.N != len(lines)+1, line.Prev != prev, (line.Event == began) != (len(lines) == 0):
			return nil, 0, "", fmt.Errorf("line %d does not follow the one before it", len(lines)+1)
		}
		lines, whole, prev = append(lines, line), whole+end+1, digest(octets)
	}
}

// ReadLog reads a log and checks its chain and every signature by the operators'
// keys. The errors are [ErrLog], [ErrStranger] and those of the file.
func ReadLog(path string, all []Operator) ([]Line, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines, _, _, err := readLog(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrLog, path, err)
	}
	for _, l := range lines {
		if len(l.Statement) == 0 {
			continue
		}
		s, err := Signed{l.Statement, l.Sig}.Open(all)
		if err != nil || s.Operator != l.Operator || s.Gateway != lines[0].Gateway {
			return nil, fmt.Errorf("line %d: %w", l.N, ErrStranger)
		}
	}
	return lines, nil
}
