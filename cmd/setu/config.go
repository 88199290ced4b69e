package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"setu/channels/smpp"
	"setu/channels/smppsms"
	"setu/gateway"
	"setu/gateway/turn"
	"setu/ivr/conductor"
)

// Profiles. The sandbox brings its own keys, ledger, citizens and partner; a
// production gateway has nothing that is not configured.
const (
	sandboxProfile    = "sandbox"
	productionProfile = "production"
)

// Config is the file that `setu serve --config` reads. Unknown keys are
// errors. Every field has the default that DefaultConfig gives it.
type Config struct {
	Profile  string    `yaml:"profile"`
	Data     string    `yaml:"data"`     // folder of the store, the sandbox ledger and the keys
	Services []string  `yaml:"services"` // folders of further services
	Listen   Listen    `yaml:"listen"`
	Keys     Keys      `yaml:"keys"`
	Ledger   Ledger    `yaml:"ledger"`
	Links    []Link    `yaml:"links"`
	Partners []Partner `yaml:"partners"`
	BaaS     BaaS      `yaml:"baas"` // what `setu baas` serves, and to whom
	SMS      SMS       `yaml:"sms"`
	USSD     USSD      `yaml:"ussd"`
	IVR      IVR       `yaml:"ivr"`
	App      App       `yaml:"app"`
	Audit    Audit     `yaml:"audit"`
	Log      Log       `yaml:"log"`
	// Prices is the file with the price list for statements; see
	// gateway/billing/sandbox.yaml.
	Prices string `yaml:"prices"`
	// Operators are those of whom two are needed for what cannot be undone; a
	// sandbox may go without.
	Operators []Operator `yaml:"operators"`
}

// Listen are the addresses that the gateway listens on; "" closes one.
type Listen struct {
	Public string `yaml:"public"` // USSD gateways: behind the state's TLS
	Admin  string `yaml:"admin"`  // health, metrics, operators' API: never in public
	SMPP   string `yaml:"smpp"`   // partners bind here
	SIP    string `yaml:"sip"`    // calls come in here, over UDP and TCP
	SIPS   string `yaml:"sips"`   // calls come in here over TLS; "" is nowhere
	BaaS   string `yaml:"baas"`   // gateways call `setu baas` here
	// Proxies are the networks of our own reverse proxies in front of Public:
	// what they say of a request's origin (X-Forwarded-For) is believed.
	Proxies []string `yaml:"proxies"`
}

// Ledger chooses the ledger driver.
type Ledger struct {
	Driver string `yaml:"driver"` // one of ledgerDrivers
	// URL of the service that keeps the ledger, and whom to trust there
	// (driver rest).
	URL string   `yaml:"url"`
	TLS *LinkTLS `yaml:"tls"`
	// Fabric is the network (driver fabric).
	Fabric Fabric `yaml:"fabric"`
	// Patience is how long a question by SMS waits for the ledger before
	// the citizen is told that the answer follows.
	Patience Duration `yaml:"patience"`
}

// SMS are the limits of what is sent.
type SMS struct {
	// Segments is the most that one answer may take.
	Segments int `yaml:"segments"`
	// Paise is the price of one segment, for what `setu preview` shows.
	Paise int `yaml:"paise"`
	// Keep is how long finished messages are kept before they are pruned: a
	// day or longer.
	Keep Duration `yaml:"keep"`
}

// Log says how much is logged, and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Link is a bind that we make to an operator.
type Link struct {
	Name         string   `yaml:"name"`
	Address      string   `yaml:"address"`
	SystemID     string   `yaml:"system_id"`
	PasswordFile string   `yaml:"password_file"`
	SystemType   string   `yaml:"system_type"`
	Bind         string   `yaml:"bind"` // transceiver, or separate: a transmitter and a receiver
	TLS          *LinkTLS `yaml:"tls"`
	Window       int      `yaml:"window"`
	Rate         float64  `yaml:"rate"`
	ShortCodes   []string `yaml:"short_codes"`
	Receipts     bool     `yaml:"receipts"`
	DLT          DLT      `yaml:"dlt"`
	USSD         string   `yaml:"ussd"`      // dialect of USSD on the link; "" is SMS only
	USSDPush     bool     `yaml:"ussd_push"` // what follows a dialogue there is pushed to the handset
}

// LinkTLS is how the operator's certificate is checked. Its presence turns TLS
// on.
type LinkTLS struct {
	CAFile     string `yaml:"ca_file"` // PEM; "" is the system's authorities
	ServerName string `yaml:"server_name"`
	CertFile   string `yaml:"cert_file"` // our own, where the operator asks for one
	KeyFile    string `yaml:"key_file"`
}

// DLT are the identifiers that Indian operators ask for with every message.
type DLT struct {
	Entity    string `yaml:"entity"`
	Template  string `yaml:"template"`
	ChainHash string `yaml:"chain_hash"` // hexadecimal, of the telemarketer chain
}

// Partner is who may bind to us.
type Partner struct {
	SystemID     string   `yaml:"system_id"`
	Password     string   `yaml:"-"`
	PasswordFile string   `yaml:"password_file"`
	Allow        []string `yaml:"allow"`
	MaxBinds     int      `yaml:"max_binds"`
	Rate         float64  `yaml:"rate"`
	ShortCodes   []string `yaml:"short_codes"`
	USSD         string   `yaml:"ussd"`      // dialect of USSD on its binds; "" is SMS only
	USSDPush     bool     `yaml:"ussd_push"` // what follows a dialogue there is pushed to the handset
}

// Duration reads "10s" or "15m".
type Duration time.Duration

// UnmarshalText reads a duration with its unit.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 10s or 15m", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the duration with its unit.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// The sandbox's well-known partner.
const (
	sandboxPartner = "sandbox"
	shortCode      = "51969"
)

// DefaultConfig is the sandbox: everything on loopback, nothing to set up.
func DefaultConfig() Config {
	return Config{
		Profile: sandboxProfile,
		Data:    "data",
		Listen:  Listen{Public: "127.0.0.1:8080", Admin: "127.0.0.1:8081", SMPP: "127.0.0.1:2775", BaaS: "127.0.0.1:8082", SIP: "127.0.0.1:5060"},
		Keys:    Keys{Driver: fileKeys, Lifetime: Duration(366 * 24 * time.Hour)},
		Ledger:  Ledger{Driver: "sandbox", Patience: Duration(10 * time.Second)},
		USSD:    USSD{Patience: Duration(turn.DefaultLivePatience)},
		IVR:     IVR{TTS: TTS{Driver: espeakTTS}, CacheMB: 512, Patience: Duration(4 * time.Second), MaxCall: Duration(conductor.DefaultMaxLength)},
		SMS:     SMS{Segments: 3, Paise: 15, Keep: Duration(30 * 24 * time.Hour)},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// LoadConfig reads a configuration file over the defaults; "" is none.
func LoadConfig(path string) (Config, error) {
	c := DefaultConfig()
	if path != "" {
		raw, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return c, fmt.Errorf("read configuration: %w", err)
		}
		if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&c); err != nil {
			return c, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
		}
	}
	return c, c.validate()
}

// validate checks what can be checked without opening anything.
func (c *Config) validate() error {
	var errs []error
	switch c.Profile {
	case sandboxProfile:
		if len(c.Partners) == 0 {
			c.Partners = []Partner{{SystemID: sandboxPartner, Password: sandboxPartner, Allow: []string{"127.0.0.0/8", "::1/128"}, ShortCodes: []string{shortCode}, USSD: "standard"}}
		}
	case productionProfile:
	default:
		errs = append(errs, fmt.Errorf("profile is %q: use sandbox or production", c.Profile))
	}
	_, err := c.operators()
	errs = append(errs, c.Ledger.validate(c.Profile, c.Keys), c.Keys.validate(), c.SMS.validate(), c.IVR.validate(), err)
	for i, l := range c.Links {
		if l.Name == "" || l.Address == "" || l.SystemID == "" {
			errs = append(errs, fmt.Errorf("links[%d] needs name, address and system_id", i))
		}
	}
	if link := c.USSD.SMS.Link; link != "" && !slices.ContainsFunc(c.ways(), func(w gateway.Route) bool { return w.Link == link }) {
		errs = append(errs, fmt.Errorf("ussd.sms.link is %q: no link or partner of that name has a short code", link))
	}
	var names []string
	for _, l := range c.Links {
		names = append(names, l.Name)
	}
	for _, p := range c.Partners {
		names = append(names, p.SystemID)
	}
	errs = append(errs, checkPushNames(names)...)
	errs = append(errs, c.checkOwnNames()...)
	errs = append(errs, c.IVR.SIP.validate(names)...)
	var accounts []string
	for _, t := range c.IVR.TwiML {
		accounts = append(accounts, t.Name)
	}
	errs = append(errs, checkTwiML(c.IVR.TwiML, names)...)
	for _, a := range c.IVR.ARI {
		accounts = append(accounts, a.Name)
	}
	errs = append(errs, c.checkARI(append(names, trunkNames(c.IVR)...))...)
	errs = append(errs, c.IVR.CallBack.validate(c.IVR.MissedCall, accounts)...)
	return errors.Join(append(errs, c.USSD.validate(c.Profile, names)...)...)
}

// validate checks what can be checked without opening anything.
func (l Ledger) validate(profile string, k Keys) error {
	switch _, known := ledgerDrivers[l.Driver]; {
	case !known:
		return fmt.Errorf("ledger.driver is %q: use one of %s", l.Driver, strings.Join(slices.Sorted(maps.Keys(ledgerDrivers)), ", "))
	case l.Driver == "sandbox" && profile == productionProfile:
		return errors.New(`ledger.driver is "sandbox" in the production profile: name a real ledger`)
	case l.Driver == "rest" && l.URL == "":
		return errors.New("ledger.url is missing: name the service that keeps the ledger, https://…")
	case l.Driver == "fabric":
		return l.Fabric.validate(k)
	}
	return nil
}

// leastKept is the shortest time for which finished messages are kept: while they
// are, a copy of one is known as such, and its receipt finds it. An operator's SMSC
// tries for a day or longer.
const leastKept = 24 * time.Hour

// validate checks what can be checked without opening anything.
func (s SMS) validate() error {
	if keep := time.Duration(s.Keep); keep < leastKept {
		return fmt.Errorf("sms.keep is %v, which deletes messages that their operator may send again: use %v or longer", keep, leastKept)
	}
	return nil
}

// password reads a password file; its last line break is not part of it.
func password(path string) (smpp.Secret, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return smpp.Secret(strings.TrimRight(string(raw), "\r\n")), nil
}

// driver gives the link as the driver takes it.
func (l Link) driver() (smppsms.Link, error) {
	out := smppsms.Link{
		Name: l.Name, Address: l.Address, SystemID: l.SystemID, SystemType: l.SystemType,
		Window: l.Window, Rate: l.Rate, ShortCodes: l.ShortCodes, Receipts: l.Receipts, TLVs: l.DLT.tlvs(),
	}
	var err error
	if l.PasswordFile != "" {
		if out.Password, err = password(l.PasswordFile); err != nil {
			return out, fmt.Errorf("link %q: %w", l.Name, err)
		}
	}
	switch l.Bind {
	case "", "transceiver":
		out.Binds = []smpp.BindType{smpp.Transceiver}
	case "separate":
		out.Binds = []smpp.BindType{smpp.Transmitter, smpp.Receiver}
	default:
		return out, fmt.Errorf("link %q: bind is %q: use transceiver or separate", l.Name, l.Bind)
	}
	if l.TLS != nil {
		if out.TLS, err = l.TLS.config(); err != nil {
			return out, fmt.Errorf("link %q: %w", l.Name, err)
		}
	}
	return out, nil
}

func (t LinkTLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

func (d DLT) tlvs() smpp.TLVs {
	var out smpp.TLVs
	for _, t := range []struct {
		tag   smpp.Tag
		value string
	}{{smpp.TagDLTEntityID, d.Entity}, {smpp.TagDLTTemplateID, d.Template}, {smpp.TagDLTTelemarketerHash, d.ChainHash}} {
		if t.value != "" {
			out = append(out, smpp.TLV{Tag: t.tag, Value: []byte(t.value)})
		}
	}
	return out
}

// driver gives the partner as the driver takes it.
func (p Partner) driver() (smppsms.Partner, error) {
	out := smppsms.Partner{
		SystemID: p.SystemID, Password: smpp.Secret(p.Password),
		MaxBinds: p.MaxBinds, Rate: p.Rate, ShortCodes: p.ShortCodes,
	}
	var err error
	if p.PasswordFile != "" {
		if out.Password, err = password(p.PasswordFile); err != nil {
			return out, fmt.Errorf("partner %q: %w", p.SystemID, err)
		}
	}
	if out.Password == "" {
		return out, fmt.Errorf("partner %q has no password: set password_file", p.SystemID)
	}
	for _, a := range p.Allow {
		prefix, err := netip.ParsePrefix(a)
		if err != nil {
			return out, fmt.Errorf("partner %q: allow: %w", p.SystemID, err)
		}
		out.Allow = append(out.Allow, prefix)
	}
	return out, nil
}

// peers are the links and the partners as the driver takes them.
func (c Config) peers() (links []smppsms.Link, partners []smppsms.Partner, err error) {
	var errs []error
	for _, l := range c.Links {
		link, err := l.driver()
		errs = append(errs, err)
		links = append(links, link)
	}
	for _, p := range c.Partners {
		partner, err := p.driver()
		errs = append(errs, err)
		partners = append(partners, partner)
	}
	return links, partners, errors.Join(errs...)
}

// checkPeers checks the links and the partners; it opens nothing.
func (c Config) checkPeers() error {
	links, partners, err := c.peers()
	if err != nil {
		return err
	}
	_, err = smppsms.New(smppsms.Config{Links: links, Partners: partners, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	return err
}

// path is a file in the data folder.
func (c Config) path(name string) string { return filepath.Join(c.Data, name) }
