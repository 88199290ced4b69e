package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"setu/ledgerclient/keys"
)

// keysCmd works on the keystore. What changes it is done by the running gateway,
// at once, and by two operators where they are named.
type keysCmd struct {
	List    keysListCmd    `cmd:"" default:"withargs" help:"List the signing keys."`
	Init    keysInitCmd    `cmd:"" aliases:"create" help:"Make the keystore, in a file or in a token."`
	Rotate  keysRotateCmd  `cmd:"" help:"Have the running gateway make a new signing key, which takes over at once or later."`
	Revoke  keysRevokeCmd  `cmd:"" help:"Have the running gateway revoke a key: it signs nothing from now on. A ledger on Fabric or behind a service has to be told besides; what to do is printed."`
	Request keysRequestCmd `cmd:"" help:"Make the key of the Fabric identity in the token (ledger.fabric.key_label), and print a request for its certificate."`
	Public  keysPublicCmd  `cmd:"" help:"Print the public keys, for whoever checks what this gateway signs (JSON Web Key Set)."`
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
	defer func() { _ = s.Close() }()
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTATE\tMADE\tSIGNS FROM\tSIGNS UNTIL")
	for _, key := range s.List() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", key.ID, key.State, key.Created.Format(time.DateOnly),
			key.NotBefore.Format(time.RFC3339), key.NotAfter.Format(time.DateOnly))
	}
	return w.Flush()
}

type keysInitCmd struct{ keysAt }

// Run makes a keystore.
func (k *keysInitCmd) Run(io streams) error {
	c, err := k.configuration()
	if err != nil {
		return err
	}
	path, err := createKeystore(c)
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "made", path)
	return nil
}

type keysRotateCmd struct {
	proposing
	After time.Duration `help:"How long the new key waits before it takes over, so that its public half can be made known first." default:"0s"`
}

// Run has a new key made.
func (k *keysRotateCmd) Run(ctx context.Context, io streams) error {
	return k.propose(ctx, io, rotateAct, map[string]string{"after": k.After.String()})
}

type keysRevokeCmd struct {
	proposing
	Key string `arg:"" help:"The key's identifier."`
}

// Run has a key revoked.
func (k *keysRevokeCmd) Run(ctx context.Context, io streams) error {
	return k.propose(ctx, io, revokeAct, map[string]string{"key": k.Key})
}
