package baas

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
)

// Client is a gateway that may use the service.
type Client struct {
	// Name is in the log and nowhere else.
	Name string
	// Keys gives the client's public keys, anew whenever it is called.
	Keys func() ([]keys.Key, error)
	// Certificate is the name (common name or DNS name) in the TLS
	// certificate that the client must show. "" asks for none.
	Certificate string
	// Contracts that the client may call; nil is all.
	Contracts []string
	// Rate is the most requests a second; zero is no limit.
	Rate float64

	limiter *rate.Limiter
}

// may says that the client may call a contract.
func (c *Client) may(contract string) bool {
	return c.Contracts == nil || slices.Contains(c.Contracts, contract)
}

// Clients are all that may use the service, with their keys. Its methods may be
// called from many goroutines.
type Clients struct {
	list []*Client
	keys atomic.Pointer[map[string]owned]
}

type owned struct {
	keys.Key
	client *Client
}

// Errors of [Clients].
var (
	// ErrNoClient says that nobody may use the service.
	ErrNoClient = errors.New("baas: no client")
	// ErrKeyTwice says that two clients have one key.
	ErrKeyTwice = errors.New("baas: a key belongs to one client only")
)

// NewClients reads the keys of all clients. The errors are [ErrNoClient],
// [ErrKeyTwice] and those of the clients' Keys.
func NewClients(list ...Client) (*Clients, error) {
	if len(list) == 0 {
		return nil, ErrNoClient
	}
	c := &Clients{}
	c.keys.Store(&map[string]owned{})
	for _, one := range list {
		if one.Rate > 0 {
			one.limiter = rate.NewLimiter(rate.Limit(one.Rate), max(1, int(one.Rate)))
		}
		c.list = append(c.list, &one)
	}
	return c, c.Reload()
}

// Reload reads all keys again, so that what a client rotated or revoked takes
// effect. A client whose keys cannot be read keeps those that it had, and a key
// that two name stays with the one that had it: no client's fault holds up what
// another revokes. The errors are [ErrKeyTwice] and those of the clients' Keys.
func (c *Clients) Reload() error {
	all := make(map[string]owned)
	var errs []error
	for _, client := range c.list {
		list, err := client.Keys()
		if err != nil {
			errs = append(errs, fmt.Errorf("keys of client %q: %w", client.Name, err))
			list = c.last(client)
		}
		for _, key := range list {
			if other, ok := all[key.ID]; ok && other.client != client {
				errs = append(errs, fmt.Errorf("%w: %s of %q and %q", ErrKeyTwice, key.ID, other.client.Name, client.Name))
				if c.owner(key.ID) != client {
					continue
				}
			}
			all[key.ID] = owned{key, client}
		}
	}
	c.keys.Store(&all)
	return errors.Join(errs...)
}

// last are the keys of a client that were read last.
func (c *Clients) last(client *Client) []keys.Key {
	var out []keys.Key
	for _, k := range *c.keys.Load() {
		if k.client == client {
			out = append(out, k.Key)
		}
	}
	return out
}

// Public is a key of any client: what a verifier of envelopes asks for.
func (c *Clients) Public(id string) (keys.Key, bool) {
	k, ok := (*c.keys.Load())[id]
	return k.Key, ok
}

// owner is the client that a key belongs to.
func (c *Clients) owner(id string) *Client { return (*c.keys.Load())[id].client }

// signer is the public key that a request is signed by, if it counts now. The
// error is a fault.
func (c *Clients) signer(id string, now time.Time) (*ecdsa.PublicKey, error) {
	k, ok := c.Public(id)
	switch {
	case !ok:
		return nil, fault{rest.UnknownKey, errKey}
	case k.State == keys.Revoked, !now.Before(k.NotAfter):
		return nil, fault{rest.EndedKey, errKey}
	}
	return k.Public, nil
}

var errKey = errors.New("baas: key does not count")
