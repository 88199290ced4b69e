package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"setu/gateway/console"
	"setu/gateway/operators"
	"setu/ledgerclient/keys"
)

// Files in the data folder.
const (
	keysFile     = "keys.age"  // keystore with the file driver
	registerFile = "keys.json" // register of the keys in a token
	actsFile     = "operators.log"
)

// Keys says where keys live.
type Keys struct {
	Driver         string `yaml:"driver"`          // file, pkcs11
	PassphraseFile string `yaml:"passphrase_file"` // file: readable by the gateway alone
	Module         string `yaml:"module"`          // pkcs11: the maker's library
	TokenLabel     string `yaml:"token_label"`     // pkcs11
	PINFile        string `yaml:"pin_file"`        // pkcs11: readable by the gateway alone
	Sessions       int    `yaml:"sessions"`        // pkcs11: calls at one time; 0 is 8
	// Lifetime is how long a new key signs.
	Lifetime Duration `yaml:"lifetime"`
}

// Key drivers.
const (
	fileKeys  = "file"
	tokenKeys = "pkcs11"
)

// validate checks what can be checked without opening anything.
func (k Keys) validate() error {
	switch k.Driver {
	case fileKeys:
		return nil
	case tokenKeys:
		if k.Module == "" || k.TokenLabel == "" || k.PINFile == "" {
			return errors.New("keys.driver pkcs11 needs module, token_label and pin_file")
		}
		return nil
	}
	return fmt.Errorf("keys.driver is %q: use file or pkcs11", k.Driver)
}

// Operator is a person of whom two are needed for what cannot be undone.
type Operator struct {
	Name string `yaml:"name"`
	Key  string `yaml:"key"` // public, as `setu operator new` prints it
}

// operators are the configured operators.
func (c Config) operators() ([]operators.Operator, error) {
	if len(c.Operators) == 1 {
		return nil, errors.New("operators has one: what she proposes, another must confirm")
	}
	var out []operators.Operator
	for _, o := range c.Operators {
		one, err := operators.ParseOperator(o.Name, o.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (c Config) keyOptions() keys.Options {
	return keys.Options{Lifetime: time.Duration(c.Keys.Lifetime), Sandbox: c.Profile == sandboxProfile}
}

// token is the configured token.
func (c Config) token() (keys.TokenConfig, error) {
	pin, err := keys.ReadPassphrase(c.Keys.PINFile)
	if err != nil {
		return keys.TokenConfig{}, fmt.Errorf("read keys.pin_file: %w", err)
	}
	return keys.TokenConfig{Module: c.Keys.Module, Label: c.Keys.TokenLabel, PIN: pin, Sessions: c.Keys.Sessions}, nil
}

// openKeystore opens the configured keystore; the sandbox makes its own file.
func openKeystore(c Config) (s *keys.Store, err error) {
	path := c.path(keysFile)
	switch {
	case c.Keys.Driver == tokenKeys:
		path = c.path(registerFile)
		var token keys.TokenConfig
		if token, err = c.token(); err == nil {
			s, err = keys.OpenInToken(path, token, c.keyOptions())
		}
	case c.Profile == sandboxProfile:
		return keys.OpenSandbox(c.Data, c.keyOptions())
	default:
		var passphrase string
		if passphrase, err = c.passphrase(); err == nil {
			s, err = keys.Open(path, passphrase, c.keyOptions())
		}
	}
	var missing *fs.PathError
	if errors.As(err, &missing) && missing.Path == path && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no keystore at %s: make one with `setu keys init`", path)
	}
	return s, err
}

func (c Config) passphrase() (string, error) {
	if c.Keys.PassphraseFile == "" {
		return "", errors.New("keys.passphrase_file is not set: name a file that only the gateway may read")
	}
	return keys.ReadPassphrase(c.Keys.PassphraseFile)
}

// createKeystore makes the configured keystore, and gives its file.
func createKeystore(c Config) (string, error) {
	if c.Keys.Driver == tokenKeys {
		token, err := c.token()
		if err != nil {
			return "", err
		}
		s, err := keys.CreateInToken(c.path(registerFile), token, c.keyOptions())
		if err != nil {
			return "", err
		}
		return c.path(registerFile), s.Close()
	}
	if c.Profile == sandboxProfile {
		return "", errors.New("a sandbox makes its own keys when it starts")
	}
	passphrase, err := c.passphrase()
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: write a long random passphrase there first, readable by the gateway alone", err)
	}
	if err != nil {
		return "", err
	}
	s, err := keys.Create(c.path(keysFile), passphrase, c.keyOptions())
	if err != nil {
		return "", err
	}
	return c.path(keysFile), s.Close()
}

// Acts on keys.
const (
	rotateAct = "keys.rotate"
	revokeAct = "keys.revoke"
)

// keyKinds are the acts on the keys of a running gateway with a ledger of that
// driver.
func keyKinds(store *keys.Store, ledger string) map[string]operators.Kind {
	return map[string]operators.Kind{
		rotateAct: {
			Check: func(args map[string]string) error {
				_, err := overlapOf(args)
				return err
			},
			Do: func(_ context.Context, args map[string]string) (string, error) {
				overlap, err := overlapOf(args)
				if err != nil {
					return "", err
				}
				key, err := store.RotateIn(overlap)
				if err != nil {
					return "", err
				}
				return fmt.Sprintf("%s signs from %s on", key.ID, key.NotBefore.Format(time.RFC3339)), nil
			},
		},
		revokeAct: {
			Check: func(args map[string]string) error {
				if _, ok := store.Public(args["key"]); !ok {
					return keys.ErrUnknown
				}
				return nil
			},
			Do: func(_ context.Context, args map[string]string) (string, error) {
				key, err := store.Revoke(args["key"])
				if err != nil {
					return "", err
				}
				said := key.ID + " is revoked"
				if store.KeyID() == "" {
					said += ", and no key signs: rotate to make one"
				}
				return said + revokedThere(ledger, key.ID), nil
			},
		},
	}
}

// revokedThere says what must follow before a ledger of that driver refuses what
// a revoked key has signed. The sandbox asks the keystore itself.
func revokedThere(ledger, key string) string {
	switch ledger {
	case "fabric":
		return "; the ledger takes what it signed until an admin of the organisation runs `setu contract revoke " + key + "`"
	case "rest":
		return "; the ledger takes what it signed until the operator of its service has the new list of `setu keys public`"
	}
	return ""
}

// overlapOf is how long a new key waits before it takes over.
func overlapOf(args map[string]string) (time.Duration, error) {
	if args["after"] == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(args["after"])
	if err != nil || d < 0 {
		return 0, fmt.Errorf("after is %q: use a duration such as 24h", args["after"])
	}
	return d, nil
}

// openActs opens the book of what needs two operators.
func (g *gatewayParts) openActs() (*operators.Book, error) {
	named, err := g.cfg.operators()
	if err != nil {
		return nil, err
	}
	kinds := keyKinds(g.keys, g.cfg.Ledger.Driver)
	kinds[console.Discard] = console.DiscardKind(desk{g.store, g.outbox})
	book, err := operators.NewBook(operators.Config{
		Path: g.cfg.path(actsFile), Operators: named, Two: g.cfg.Profile == productionProfile, Kinds: kinds, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	g.closers = append(g.closers, book.Close)
	if err := book.Fault(); err != nil {
		g.log.Error("operators can do nothing", slog.String("error", err.Error()))
	}
	return book, nil
}

// keyExpires is how long before its end a key is complained of.
const keyExpires = 14 * 24 * time.Hour

// keysReady says whether something can be signed, by signing.
func keysReady(ctx context.Context, store *keys.Store) (bool, string) {
	if _, err := store.Sign(ctx, [32]byte{}); err != nil {
		return false, err.Error()
	}
	key, _ := store.Public(store.KeyID())
	if left := time.Until(key.NotAfter); left < keyExpires {
		return false, fmt.Sprintf("the key signs for %d more days: `setu keys rotate` makes another", int(left.Hours()/24))
	}
	return true, ""
}
