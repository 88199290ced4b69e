package main

import (
	"fmt"

	"setu/ledgerclient/rest/baas"
)

type keysPublicCmd struct{ keysAt }

// Run prints the public keys.
func (k *keysPublicCmd) Run(io streams) error {
	s, err := k.open()
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	set, err := baas.FormatKeys(s.List())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, string(set))
	return err
}
