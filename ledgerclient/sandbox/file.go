package sandbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Errors of [Open] and [Ledger.Verify].
var (
	// ErrInUse says that another process has the ledger open.
	ErrInUse = errors.New("sandbox: ledger is in use by another process; stop that one first")
	// ErrCorrupt says that the file is not what was written. [CorruptError]
	// names the block.
	ErrCorrupt = errors.New("sandbox: ledger is corrupt")
)

// CorruptError is an [ErrCorrupt] with the block at which the chain breaks.
type CorruptError struct {
	Path  string
	Block uint64
	Err   error
}

// Error names file and block, and what to do.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s at block %d: %v; restore %s from a copy, or move it away to begin a new sandbox",
		ErrCorrupt, e.Block, e.Err, e.Path)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Is makes every CorruptError an [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

var (
	errNumber   = errors.New("number is out of order")
	errPrevious = errors.New("it does not follow the block before it")
	errTime     = errors.New("it is older than the block before it")
)

// file is the chain on disk. Only complete blocks are in it.
type file struct {
	path string
	f    *os.File
	size int64
}

// openFile opens or makes the file and locks it against a second process.
func openFile(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s", ErrInUse, path)
	}
	return &file{path: path, f: f}, nil
}

// walk reads the chain's first size octets and hands each block out in order.
// dropped is the length of a last block that a crash cut off, which is not
// handed out.
func walk(path string, from io.Reader, each func(*block, digest) error) (size, dropped int64, err error) {
	r := bufio.NewReaderSize(from, 1<<16)
	var last *block
	var hash digest
	for number := uint64(0); ; number++ {
		line, err := r.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return size, 0, nil
		case err != nil && !errors.Is(err, io.EOF):
			return size, 0, err
		case isTorn(line) && atEnd(r):
			return size, int64(len(line)), nil
		}
		b, h, err := unseal(line)
		if err == nil {
			err = follows(b, number, last, hash)
		}
		if err == nil {
			err = each(b, h)
		}
		if err != nil {
			return size, 0, &CorruptError{path, number, err}
		}
		last, hash = b, h
		size += int64(len(line))
	}
}

func follows(b *block, number uint64, last *block, hash digest) error {
	switch {
	case b.Number != number:
		return errNumber
	case b.Previous != hash:
		return errPrevious
	case last != nil && b.Time.Before(last.Time):
		return errTime
	}
	return nil
}

// isTorn says that a line is the start of a block whose writing was cut off:
// it has no end, or sectors of it never came and read as zeros, which JSON
// does not hold. Only a block that nobody was told of can be torn. A whole
// block whose very last octet was changed is none.
func isTorn(line []byte) bool {
	if bytes.Contains(line, make([]byte, 64)) {
		return true
	}
	if bytes.HasSuffix(line, []byte("\n")) {
		return false
	}
	_, _, whole := checkSeal(append(line[:len(line)-1:len(line)-1], '\n'))
	return !whole
}

func atEnd(r *bufio.Reader) bool {
	_, err := r.Peek(1)
	return errors.Is(err, io.EOF)
}

// cut drops what follows the last complete block.
func (f *file) cut() error {
	if err := f.f.Truncate(f.size); err != nil {
		return err
	}
	return f.f.Sync()
}

// append writes one block. sure is false when an error leaves it open whether
// the block is on disk.
func (f *file) append(line []byte) (sure bool, err error) {
	if _, err := f.f.WriteAt(line, f.size); err != nil {
		// Nothing of it may stay: the next block begins in its place.
		return f.cut() == nil, fmt.Errorf("append block: %w", err)
	}
	if err := f.f.Sync(); err != nil {
		return false, fmt.Errorf("sync block: %w", err)
	}
	f.size += int64(len(line))
	return true, nil
}

// syncFolder makes a new file's name durable.
func (f *file) syncFolder() error {
	d, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
