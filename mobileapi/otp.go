package mobileapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/i18n"
)

// otpLife is for how long a one-time password counts (ASVS 6.5.5 allows 10
// minutes).
const otpLife = 5 * time.Minute

// otpDigits has over 19 bits; with five tries and a new one at most three times
// in a quarter of an hour, guessing is hopeless.
const otpDigits = 6

// country begins the numbers that may log in.
const country = "+91"

// Purposes of keyed digests.
const (
	otpPurpose       = "setu/otp"
	allowancePurpose = "setu/allowance"
)

// OTPLimits are how many one-time passwords are sent, so that nobody is flooded
// and nobody earns money by having them sent (SMS pumping). All are durable.
type OTPLimits struct {
	Number    int // to one number in a quarter of an hour
	NumberDay int // to one number in a day
	Source    int // asked for from one address in an hour; many phones share one
	Prefix    int // to numbers with the same first six digits in an hour
	Day       int // in a day altogether
}

// DefaultOTPLimits suit a state: 100,000 logins on a busy day.
func DefaultOTPLimits() OTPLimits {
	return OTPLimits{Number: 3, NumberDay: 10, Source: 60, Prefix: 200, Day: 100_000}
}

// OTPs sends one-time passwords.
type OTPs interface {
	// PutOTP keeps one, or [*gateway.LimitError].
	PutOTP(ctx context.Context, otp gateway.OTP, limits []gateway.Allowance) error
}

// otpJSON is what POST /v1/otp takes.
type otpJSON struct {
	Number string `json:"number"`
}

// sentJSON says that a one-time password is on its way.
type sentJSON struct {
	Expires time.Time `json:"expires"`
	Digits  int       `json:"digits"`
	// Sandbox is the one-time password itself, in a sandbox only.
	Sandbox string `json:"sandbox_otp,omitempty"`
}

// sendOTP is POST /v1/otp. The answer is the same whether the number is known
// here or not.
func (a *API) sendOTP(r *request) error {
	var o otpJSON
	if err := decode(r, &o); err != nil {
		return err
	}
	number, err := phone(o.Number)
	if err != nil {
		return err
	}
	code, err := newCode()
	if err != nil {
		return fmt.Errorf("draw a one-time password: %w", err)
	}
	mac, err := a.cfg.MAC(otpPurpose, number.Reveal()+"/"+code)
	if err != nil {
		return fmt.Errorf("digest a one-time password: %w", err)
	}
	limits, err := a.allowances(number, a.origin(r))
	if err != nil {
		return err
	}
	expires := a.cfg.Now().Add(otpLife).UTC().Truncate(time.Second)
	err = a.cfg.OTPs.PutOTP(r.UserContext(), gateway.OTP{Citizen: number, MAC: mac, Expires: expires}, limits)
	if limited := (*gateway.LimitError)(nil); errors.As(err, &limited) {
		p := problem(otpLimit, "one-time passwords are limited by number, by address, by prefix and in total")
		p.retry = limited.Until.Sub(a.cfg.Now())
		p.values = map[string]i18n.Value{"at": {Kind: i18n.Time, Raw: limited.Until.UTC().Format(time.RFC3339)}}
		return p
	}
	if err != nil {
		return fmt.Errorf("keep a one-time password: %w", err)
	}
	text := gateway.Reply{Format: i18n.Format{Lang: r.lang}, End: true, Parts: []gateway.Part{{
		Text: "otp", Values: map[string]i18n.Value{"code": {Kind: i18n.Code, Raw: code}},
	}}}
	if err := a.cfg.SendOTP(number, text, expires); err != nil {
		return fmt.Errorf("send a one-time password: %w", err)
	}
	out := sentJSON{Expires: expires, Digits: otpDigits}
	if a.cfg.Sandbox {
		out.Sandbox = code
	}
	return writeJSON(r, fiber.StatusAccepted, out)
}

// newCode draws a one-time password.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", otpDigits, n), nil
}

// phone reads a number that may log in. Those of other countries may not: an SMS to
// them costs the state more than ours, and some pay who has it sent.
func phone(raw string) (gateway.Address, error) {
	number, err := i18n.ParsePhone(raw)
	if err != nil || !strings.HasPrefix(number, country) {
		return "", problem(badNumber, "number is a mobile number: ten digits, or +91 and ten digits")
	}
	return gateway.Address(number), nil
}

// allowances are those that a one-time password to a number uses. Names hold
// keyed digests, so that the store does not tell who asked from where.
func (a *API) allowances(number gateway.Address, from string) ([]gateway.Allowance, error) {
	l := a.cfg.Limits
	e164 := number.Reveal()
	prefix := strings.TrimPrefix(e164, country)
	prefix = prefix[:min(len(prefix), 6)]
	all := []gateway.Allowance{
		{Name: "n/" + e164, Most: l.Number, Window: 15 * time.Minute},
		{Name: "d/" + e164, Most: l.NumberDay, Window: 24 * time.Hour},
		{Name: "s/" + from, Most: l.Source, Window: time.Hour},
		{Name: "p/" + prefix, Most: l.Prefix, Window: time.Hour},
		{Name: "all", Most: l.Day, Window: 24 * time.Hour},
	}
	for i := range all {
		name, err := a.cfg.MAC(allowancePurpose, all[i].Name)
		if err != nil {
			return nil, fmt.Errorf("digest a name: %w", err)
		}
		all[i].Name = name
	}
	return all, nil
}

// origin is the address that a request comes from: the peer's, or what the last
// of our own proxies saw. Of IPv6 it is the network of 64 bits, which one
// customer has.
func (a *API) origin(r *request) string {
	ip, _ := netip.AddrFromSlice(r.Context().RemoteIP())
	ip = ip.Unmap()
	ours := func(ip netip.Addr) bool {
		return slices.ContainsFunc(a.cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	// A proxy may add a line of its own behind those that a client sent (RFC 9110
	// section 5.3), as HAProxy does: all lines count, and the last one most.
	lines := r.Request().Header.PeekAll(fiber.HeaderXForwardedFor)
	hops := strings.Split(string(bytes.Join(lines, []byte(","))), ",")
	for i := len(hops) - 1; i >= 0 && ours(ip); i-- {
		at, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = at.Unmap()
	}
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// count is a number as a text's value.
func count(n int) map[string]i18n.Value {
	return map[string]i18n.Value{"count": {Kind: i18n.Number, Raw: strconv.Itoa(n)}}
}
