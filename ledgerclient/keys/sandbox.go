package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files that [OpenSandbox] keeps in its folder.
const (
	SandboxStore      = "sandbox-keys.age"
	SandboxPassphrase = "sandbox-keys.passphrase"
)

// sandboxWork is enough for a random passphrase, which has over 256 bits.
const sandboxWork = 10

// OpenSandbox opens the keystore of a sandbox in a folder that exists, or makes
// one with a random passphrase in a file beside it. It protects nothing: who
// reads the one file reads the other.
func OpenSandbox(folder string, o Options) (*Store, error) {
	o.WorkFactor, o.Sandbox = sandboxWork, true
	store, beside := filepath.Join(folder, SandboxStore), filepath.Join(folder, SandboxPassphrase)
	passphrase, err := ReadPassphrase(beside)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(store); err == nil {
			return nil, fmt.Errorf("%w: %s is missing; put it back, or move %s away to begin anew", ErrPassphrase, beside, store)
		}
		passphrase = rand.Text() + rand.Text()
		err = writeWhole(beside, []byte(passphrase+"\n"), false)
	}
	if err != nil {
		return nil, err
	}
	s, err := Open(store, passphrase, o)
	if errors.Is(err, fs.ErrNotExist) {
		return Create(store, passphrase, o)
	}
	return s, err
}

// ReadPassphrase reads a passphrase or a PIN from the first line of a file. It
// refuses a file that others than its owner may read.
func ReadPassphrase(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: others may read %s; run chmod 600 on it", ErrPassphrase, path)
	}
	octets, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(octets), "\n")
	return strings.TrimSpace(line), nil
}
