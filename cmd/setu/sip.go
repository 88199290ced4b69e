package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"setu/ivr/ivrsip"
	"setu/ivr/rtp"
)

// SIP is how calls come in and go out.
type SIP struct {
	// ExternalIP is the address that others reach us at, where that is not the one
	// of listen.sip.
	ExternalIP string `yaml:"external_ip"`
	// Media is where sound is received: an address, "" for that of listen.sip, and
	// the ports, such as 16384-18383, two for each call; "" leaves them to the system.
	Media SIPMedia `yaml:"media"`
	// CertFile and KeyFile are ours on listen.sips; CAFile is whom we trust when we
	// call over TLS, "" for the system's authorities.
	CertFile string     `yaml:"cert_file"`
	KeyFile  string     `yaml:"key_file"`
	CAFile   string     `yaml:"ca_file"`
	MaxCalls int        `yaml:"max_calls"` // of all trunks; 0 is 1000
	Rate     float64    `yaml:"rate"`      // new calls a second, of all trunks; 0 is 100
	Trunks   []SIPTrunk `yaml:"trunks"`    // in the sandbox none stands for this machine
}

// SIPMedia is where sound is received.
type SIPMedia struct {
	Address string `yaml:"address"`
	Ports   string `yaml:"ports"`
}

// SIPTrunk is an operator's exchange, or the state's.
type SIPTrunk struct {
	Name      string   `yaml:"name"`
	Address   string   `yaml:"address"`   // host:port, for calls out; "" is calls in only
	Transport string   `yaml:"transport"` // udp, tcp or tls
	Allow     []string `yaml:"allow"`     // networks that calls come from; none is the address
	// Caller and CallerPasswordFile are what callers prove by digest.
	Caller             string `yaml:"caller"`
	CallerPasswordFile string `yaml:"caller_password_file"`
	// User and PasswordFile are ours at the other side.
	User         string   `yaml:"user"`
	PasswordFile string   `yaml:"password_file"`
	Register     bool     `yaml:"register"`
	Expires      Duration `yaml:"expires"`    // of the registration; 0 is 10m
	KeepAlive    Duration `yaml:"keep_alive"` // 0 is 30s
	Numbers      []string `yaml:"numbers"`    // ours there, as they are dialled; none is all
	MaxCalls     int      `yaml:"max_calls"`
	Rate         float64  `yaml:"rate"` // new calls a second
	// TrustIdentity believes P-Asserted-Identity.
	TrustIdentity bool   `yaml:"trust_identity"`
	CountryCode   string `yaml:"country_code"` // before numbers that come without one; "" is 91
	StrictMedia   bool   `yaml:"strict_media"` // sound from the hosts of the signalling only
}

// sandboxTrunk is who may call in the sandbox: any telephone on this machine.
const sandboxTrunk = "sandbox-calls"

// driver gives the trunk as the driver takes it.
func (t SIPTrunk) driver() (ivrsip.Trunk, error) {
	out := ivrsip.Trunk{
		Name: t.Name, Address: t.Address, Transport: t.Transport, Caller: t.Caller, User: t.User,
		Register: t.Register, Expires: time.Duration(t.Expires), KeepAlive: time.Duration(t.KeepAlive), Numbers: t.Numbers,
		MaxCalls: t.MaxCalls, Rate: t.Rate, Identity: t.TrustIdentity, CountryCode: t.CountryCode, Strict: t.StrictMedia,
	}
	var errs []error
	for _, f := range []struct {
		path string
		at   *ivrsip.Secret
	}{{t.CallerPasswordFile, &out.CallerPassword}, {t.PasswordFile, &out.Password}} {
		if f.path == "" {
			continue
		}
		secret, err := password(f.path)
		if err == nil && secret == "" {
			err = fmt.Errorf("%s is empty", f.path)
		}
		*f.at, errs = ivrsip.Secret(secret), append(errs, err)
	}
	allow, err := prefixes(t.Allow)
	out.Allow = allow
	if err := errors.Join(append(errs, err, out.Validate())...); err != nil {
		return out, fmt.Errorf("ivr.sip.trunks: %q: %w", t.Name, err)
	}
	return out, nil
}

// sipTrunks are the configured trunks; in the sandbox, without any, this machine.
func (c Config) sipTrunks() ([]ivrsip.Trunk, error) {
	var list []ivrsip.Trunk
	var errs []error
	for _, t := range c.IVR.SIP.Trunks {
		out, err := t.driver()
		list, errs = append(list, out), append(errs, err)
	}
	if c.Profile == sandboxProfile && len(list) == 0 {
		loopback, err := prefixes([]string{"127.0.0.0/8", "::1/128"})
		list, errs = append(list, ivrsip.Trunk{Name: sandboxTrunk, Allow: loopback}), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// validate checks what can be checked without opening anything. others are the
// names that links, partners and gateways have.
func (s SIP) validate(others []string) []error {
	var errs []error
	for i, t := range s.Trunks {
		if t.Name == "" || slices.Contains(others, t.Name) {
			errs = append(errs, fmt.Errorf("ivr.sip.trunks[%d] needs a name that no link, partner, gateway or trunk has; it is %q", i, t.Name))
		}
		others = append(others, t.Name)
	}
	for key, ip := range map[string]string{"external_ip": s.ExternalIP, "media.address": s.Media.Address} {
		if _, err := netip.ParseAddr(ip); ip != "" && err != nil {
			errs = append(errs, fmt.Errorf("ivr.sip.%s is %q: write an address such as 192.0.2.1", key, ip))
		}
	}
	if _, err := s.Media.ports(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// ports reads "16384-18383".
func (m SIPMedia) ports() (rtp.Ports, error) {
	if m.Ports == "" {
		return rtp.Ports{}, nil
	}
	first, last, ok := strings.Cut(m.Ports, "-")
	a, errA := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if !ok || errA != nil || errB != nil || a == 0 || b <= a {
		return rtp.Ports{}, fmt.Errorf("ivr.sip.media.ports is %q: write a range such as 16384-18383, two for each call", m.Ports)
	}
	return rtp.Ports{First: uint16(a), Last: uint16(b)}, nil
}

// host is where sound is received.
func (c Config) mediaHost() netip.Addr {
	if host, err := netip.ParseAddr(c.IVR.SIP.Media.Address); err == nil {
		return host
	}
	text := cmp.Or(c.Listen.SIP, c.Listen.SIPS)
	if host, _, err := net.SplitHostPort(text); err == nil {
		if at, err := netip.ParseAddr(host); err == nil {
			return at
		}
	}
	if strings.HasPrefix(text, ":") {
		return netip.IPv4Unspecified()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// openSIP makes the media and the trunks.
func (g *gatewayParts) openSIP() error {
	c := g.cfg.IVR.SIP
	ports, err := c.Media.ports()
	if err != nil {
		return err
	}
	host := g.cfg.mediaHost()
	if g.calls.media, err = rtp.New(rtp.Options{Addr: host, Ports: ports, Log: g.log.With(slog.String("part", "rtp"))}); err != nil {
		return fmt.Errorf("ivr.sip.media: %w", err)
	}
	trunks, err := g.cfg.sipTrunks()
	if err != nil {
		return err
	}
	out := ivrsip.Config{
		Conductor: g.calls.conductor, Doorman: &g.calls, Media: &g.calls, MediaHost: host, Board: &g.calls.board, Trunks: trunks,
		Log: g.log.With(slog.String("part", "sip")), Now: time.Now, MaxCalls: c.MaxCalls, Rate: c.Rate,
		Prompts: g.cfg.Profile == sandboxProfile,
	}
	if c.ExternalIP != "" {
		if out.External, err = netip.ParseAddr(c.ExternalIP); err != nil {
			return fmt.Errorf("ivr.sip.external_ip: %w", err)
		}
	}
	if out.TLS, err = (LinkTLS{CAFile: c.CAFile}).config(); err != nil {
		return fmt.Errorf("ivr.sip: %w", err)
	}
	g.calls.sip, err = ivrsip.New(out)
	return err
}

// listenTLS listens with our certificate.
func (s SIP) listenTLS(ctx context.Context, addr string) (net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("listen.sips needs ivr.sip.cert_file and key_file: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}), nil
}
