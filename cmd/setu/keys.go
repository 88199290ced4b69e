package main

import (
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"
	"time"

	"setu/ledgerclient/keys"
)

// keysCmd works on the keystore. A running gateway is told to take a change up
// by starting it again.
type keysCmd struct {
	List   keysListCmd   `cmd:"" default:"withargs" help:"List the signing keys."`
	Create keysCreateCmd `cmd:"" help:"Make the keystore of a production gateway."`
	Rotate keysRotateCmd `cmd:"" help:"Make a new signing key and retire the one before it."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke a key: what it signs from now on does not count."`
	Public keysPublicCmd `cmd:"" help:"Print the public keys, for whoever checks what this gateway signs (JSON Web Key Set)."`
}

// keysAt is where the keystore is.
type keysAt struct {
	Config string `help:"Configuration file." type:"existingfile"`
	Data   string `help:"Data folder, in place of the configured one."`
}

func (k keysAt) configuration() (Config, error) {
	return (&serveCmd{Config: k.Config, Data: k.Data}).configuration()
}

func (k keysAt) open() (*keys.Store, error) {
	c, err := k.configuration()
	if err != nil {
		return nil, err
	}
	return openKeystore(c)
}

type keysListCmd struct{ keysAt }

// Run lists the keys.
func (k *keysListCmd) Run(io streams) error {
	s, err := k.open()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTATE\tMADE\tSIGNS UNTIL")
	for _, key := range s.List() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", key.ID, key.State, key.Created.Format(time.DateOnly), key.NotAfter.Format(time.DateOnly))
	}
	return w.Flush()
}

type keysCreateCmd struct{ keysAt }

// Run makes a keystore.
func (k *keysCreateCmd) Run(io streams) error {
	c, err := k.configuration()
	if err != nil {
		return err
	}
	if c.Profile == sandboxProfile {
		return errors.New("a sandbox makes its own keys when it starts")
	}
	passphrase, err := keys.ReadPassphrase(c.Keys.PassphraseFile)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: write a long random passphrase there first, readable by the gateway alone", err)
		}
		return err
	}
	if _, err := keys.Create(c.path(keysFile), passphrase, keys.Options{}); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "made", c.path(keysFile))
	return nil
}

type keysRotateCmd struct{ keysAt }

// Run makes a new key.
func (k *keysRotateCmd) Run(io streams) error {
	s, err := k.open()
	if err != nil {
		return err
	}
	key, err := s.Rotate()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s signs from now on; start the gateway again to use it\n", key.ID)
	return nil
}

type keysRevokeCmd struct {
	keysAt
	Key string `arg:"" help:"The key's identifier."`
}

// Run revokes a key.
func (k *keysRevokeCmd) Run(io streams) error {
	s, err := k.open()
	if err != nil {
		return err
	}
	key, err := s.Revoke(k.Key)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s is revoked; start the gateway again to apply it\n", key.ID)
	return nil
}
