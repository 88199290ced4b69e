package sqlite

import (
	"os"
	"syscall"
)

type walFile struct{ f *os.File }

func openWAL(path string) (*walFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &walFile{f}, nil
}

func (w *walFile) sync() error { return syscall.Fdatasync(int(w.f.Fd())) }
