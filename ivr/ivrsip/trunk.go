package ivrsip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Secret is a password. It prints itself as [private].
type Secret string

const hidden = "[private]"

// String hides the secret.
func (Secret) String() string { return hidden }

// LogValue hides the secret in logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Trunk is another exchange: an operator's, the state's, or a telephone.
type Trunk struct {
	Name string
	// Address is host or host:port, where calls out go to; empty for calls in only.
	Address   string
	Transport string // udp, tcp or tls; empty is udp
	// Allow are the networks that calls come from; empty is the hosts of Address.
	Allow []netip.Prefix
	// Caller and CallerPassword are what callers prove by digest; empty if their
	// address is enough. With it and without Allow they may be anywhere.
	Caller         string
	CallerPassword Secret
	// User and Password are ours at the other side.
	User     string
	Password Secret
	// Register registers there, for so long.
	Register bool
	Expires  time.Duration // 0 is 10 minutes
	// KeepAlive is how often we ask whether the other side is there; 0 is 30 s.
	KeepAlive time.Duration
	// Numbers are ours there, as they are dialled; others get 404. Empty is all.
	Numbers []string
	// MaxCalls is how many at a time, in and out; 0 is no bound of its own. Rate is
	// new ones a second; 0 likewise.
	MaxCalls int
	Rate     float64
	// Identity says that the other side vouches for the caller's number in
	// P-Asserted-Identity.
	Identity bool
	// CountryCode is put before numbers that come without one; empty is 91.
	CountryCode string
	// Strict takes media from the hosts of the signalling only.
	Strict bool
}

// Bounds and defaults of trunks.
const (
	defaultPort      = "5060"
	defaultTLSPort   = "5061"
	defaultExpires   = 10 * time.Minute
	minExpires       = time.Minute
	defaultKeepAlive = 30 * time.Second
)

// trunk is a trunk with how it is.
type trunk struct {
	Trunk
	live    atomic.Int64 // calls
	up      atomic.Bool  // it answers, or is never asked
	limiter *rate.Limiter

	mu    sync.Mutex
	hosts []netip.Addr // of Address; none until a name is looked up
}

// Validate says what is wrong with a trunk.
func (t Trunk) Validate() error {
	_, err := newTrunk(t)
	return err
}

func newTrunk(t Trunk) (*trunk, error) {
	own := &trunk{Trunk: t, limiter: rate.NewLimiter(rate.Inf, 0)}
	if err := own.settle(); err != nil {
		return nil, fmt.Errorf("trunk %q: %w", t.Name, err)
	}
	if t.Rate > 0 {
		own.limiter = rate.NewLimiter(rate.Limit(t.Rate), max(1, int(t.Rate)))
	}
	own.up.Store(true)
	return own, nil
}

// settle fills in what the configuration leaves out, and says what is wrong in it.
func (t *trunk) settle() error {
	t.Transport = cmp.Or(strings.ToLower(t.Transport), "udp")
	if !slices.Contains([]string{"udp", "tcp", "tls"}, t.Transport) {
		return fmt.Errorf("its transport is %q: use udp, tcp or tls", t.Transport)
	}
	if err := t.addPort(); err != nil {
		return err
	}
	if err := t.usable(); err != nil {
		return err
	}
	t.Expires = cmp.Or(t.Expires, defaultExpires)
	t.KeepAlive = cmp.Or(t.KeepAlive, defaultKeepAlive)
	t.CountryCode = cmp.Or(t.CountryCode, "91")
	return nil
}

// addPort makes host:port of an address that may have come without its port.
func (t *trunk) addPort() error {
	if t.Address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(t.Address)
	if err != nil { // without a port
		host, port = strings.Trim(t.Address, "[]"), defaultPort
		if t.Transport == "tls" {
			port = defaultTLSPort
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || n == 0 {
		return fmt.Errorf("its address is %q: write host:port", t.Address)
	}
	t.Address = net.JoinHostPort(host, port)
	if at, err := netip.ParseAddr(host); err == nil {
		t.hosts = []netip.Addr{at.Unmap()}
	}
	return nil
}

// usable says what keeps a trunk from being used, of what belongs together.
func (t *trunk) usable() error {
	switch {
	case t.Name == "":
		return errors.New("it has no name")
	case t.Address == "" && len(t.Allow) == 0 && t.Caller == "":
		return errors.New("it needs an address, an allow list or a caller: nobody could use it")
	case t.Caller != "" && t.CallerPassword == "":
		return errors.New("its caller has no password")
	case t.Register && (t.Address == "" || t.User == ""):
		return errors.New("to register it needs address and user")
	case t.Expires != 0 && t.Expires < minExpires:
		return errors.New("it expires within a minute: give it more")
	}
	return nil
}

// resolve looks up who the trunk's address is. What was known before stays when
// names cannot be resolved.
func (t *trunk) resolve(ctx context.Context) error {
	if t.Address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return err
	}
	hosts, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("find trunk %q: %w", t.Name, err)
	}
	for i := range hosts {
		hosts[i] = hosts[i].Unmap()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hosts = hosts
	return nil
}

// lets says that calls may come from a host.
func (t *trunk) lets(host netip.Addr) bool {
	if len(t.Allow) > 0 {
		return slices.ContainsFunc(t.Allow, func(p netip.Prefix) bool { return p.Contains(host) })
	}
	if t.is(host) {
		return true
	}
	return t.Caller != "" // who proves it by digest may be anywhere
}

// known says that it is known who the trunk's address is.
func (t *trunk) known() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.hosts) > 0
}

// is says that a host is the trunk's own.
func (t *trunk) is(host netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.hosts, host)
}

// take makes room for a call; false is that there is none. give gives it back.
func (t *trunk) take() bool {
	if n := t.live.Add(1); t.MaxCalls > 0 && n > int64(t.MaxCalls) {
		t.live.Add(-1)
		return false
	}
	return true
}

func (t *trunk) give() { t.live.Add(-1) }

// has says that a dialled number is one of the trunk's.
func (t *trunk) has(number string) bool {
	return len(t.Numbers) == 0 || slices.ContainsFunc(t.Numbers, func(n string) bool {
		return strings.TrimPrefix(n, "+") == strings.TrimPrefix(number, "+")
	})
}

// Trunks are the trunks that calls can go out by, and whether each is up: it has
// answered when it was asked last, or registered us.
func (d *Driver) Trunks() map[string]bool {
	list := make(map[string]bool)
	for _, t := range d.trunks {
		if t.Address != "" {
			list[t.Name] = t.up.Load()
		}
	}
	return list
}

// Errors of calls out.
var errNoTrunk = errors.New("ivrsip: no trunk is up that calls can go out by")
