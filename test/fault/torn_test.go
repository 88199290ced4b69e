package fault_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"setu/gateway/sqlite"
)

// The write-ahead log as SQLite's file format describes it (section 4): a header
// of 32 octets with the page size at 8 and two salts at 16, then frames, each a
// header of 24 octets with the salts at 8, and a page.
const (
	logHeader   = 32
	frameHeader = 24
	saltOctets  = 8
)

// tearLog writes the beginning of one more frame behind the last whole one of
// the store's log, whose checksum is wrong. Half of the times the index of the
// log is gone too, as it is after a power failure.
func (w *world) tearLog() {
	w.t.Helper()
	path := filepath.Join(w.data, sqlite.FileName)
	log, err := os.ReadFile(path + "-wal")
	if err != nil || len(log) < logHeader {
		return // killed in the moment of a new log
	}
	page := int(binary.BigEndian.Uint32(log[8:]))
	salts := log[16 : 16+saltOctets]
	end := logHeader
	for end+frameHeader+page <= len(log) && bytes.Equal(log[end+8:end+8+saltOctets], salts) {
		end += frameHeader + page
	}
	frame := make([]byte, frameHeader+page)
	for i := range frame {
		frame[i] = byte(w.random.UintN(256)) //nolint:gosec // an octet
	}
	binary.BigEndian.PutUint32(frame, 1)
	copy(frame[8:], salts)
	w.overwrite(path+"-wal", int64(end), frame[:1+w.random.IntN(len(frame))])
	w.torn++
	if w.random.IntN(2) == 0 {
		if err := os.Remove(path + "-shm"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// tearLedger writes the beginning of one more block.
func (w *world) tearLedger() {
	w.t.Helper()
	path := filepath.Join(w.data, ledgerFile)
	blocks, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	last := blocks[bytes.LastIndexByte(bytes.TrimRight(blocks, "\n"), '\n')+1:]
	w.overwrite(path, int64(len(blocks)), last[:1+w.random.IntN(len(last)-2)])
}

// overwrite writes octets at a place of a file.
func (w *world) overwrite(path string, at int64, octets []byte) {
	w.t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // the test's own
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := f.WriteAt(octets, at); err != nil {
		w.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.t.Fatal(err)
	}
}
