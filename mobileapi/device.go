package mobileapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
)

// MaxDevices is how many phones a citizen may have: one more takes the place of the
// oldest.
const MaxDevices = 5

// maxName is the longest name of a phone, in characters.
const maxName = 40

// Devices keeps the phones that sign in citizens' names.
type Devices interface {
	// Bind adds a device if mac is that of its citizen's one-time password; the
	// oldest makes room if she has as many as she may. Error: [gateway.ErrOTP].
	Bind(ctx context.Context, mac string, d gateway.Device, most int) (gateway.Binding, error)
	// Device is one device, or [gateway.ErrNotFound].
	Device(ctx context.Context, id string) (gateway.Device, error)
	// Devices are a citizen's, the oldest first.
	Devices(ctx context.Context, citizen gateway.Address) ([]gateway.Device, error)
	// RemoveDevice takes one from a citizen, or [gateway.ErrNotFound].
	RemoveDevice(ctx context.Context, citizen gateway.Address, id string) error
	// TakeNonce takes a nonce until a time, or [gateway.ErrSeen].
	TakeNonce(ctx context.Context, nonce string, until time.Time) error
}

// jwk is a public key (RFC 7517), of P-256 only.
type jwk struct {
	Kty    string   `json:"kty"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	Ext    bool     `json:"ext,omitempty"`     // as WebCrypto exports it
	KeyOps []string `json:"key_ops,omitempty"` // as WebCrypto exports it
}

// errKey says that a JSON Web Key is none of P-256.
var errKey = errors.New("mobileapi: no public key of P-256")

// point is the key's point, uncompressed.
func (k jwk) point() ([]byte, error) {
	if k.Kty != "EC" || k.Crv != "P-256" {
		return nil, errKey
	}
	point := []byte{4}
	for _, half := range []string{k.X, k.Y} {
		octets, err := base64.RawURLEncoding.DecodeString(half)
		if err != nil || len(octets) != 32 {
			return nil, errKey
		}
		point = append(point, octets...)
	}
	if _, err := publicKey(point); err != nil {
		return nil, errKey
	}
	return point, nil
}

// thumbprint names a key (RFC 7638).
func thumbprint(point []byte) string {
	e := base64.RawURLEncoding
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, e.EncodeToString(point[1:33]), e.EncodeToString(point[33:])))
	return e.EncodeToString(sum[:])
}

func publicKey(point []byte) (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

// bindJSON is what POST /v1/devices takes.
type bindJSON struct {
	Number string `json:"number"`
	OTP    string `json:"otp"`
	Key    jwk    `json:"key"`
	Name   string `json:"name"`
}

// deviceJSON is one of a citizen's phones.
type deviceJSON struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Added time.Time `json:"added"`
	// Current says that it is the one that asks.
	Current bool `json:"current,omitempty"`
}

// bindDevice is POST /v1/devices: the request is signed by the very key that it
// brings, so that nobody binds a key that she does not hold. Anybody can make such
// a key, so that it is bounded as what nobody has signed.
func (a *API) bindDevice(r *request) error {
	if err := a.guest(r); err != nil {
		return err
	}
	var b bindJSON
	if err := decode(r, &b); err != nil {
		return err
	}
	number, err := phone(b.Number)
	if err != nil {
		return err
	}
	point, err := b.Key.point()
	if err != nil {
		return problem(badRequest, `key is no JSON Web Key {"kty":"EC","crv":"P-256","x","y"}`)
	}
	d := gateway.Device{ID: thumbprint(point), Citizen: number, Key: point, Name: gateway.Private(deviceName(b.Name))}
	if err := a.verifyBy(r, d); err != nil {
		return err
	}
	mac, err := a.cfg.MAC(otpPurpose, number.Reveal()+"/"+strings.TrimSpace(b.OTP))
	if err != nil {
		return fmt.Errorf("digest a one-time password: %w", err)
	}
	came, err := a.cfg.Devices.Bind(r.UserContext(), mac, d, MaxDevices)
	switch {
	case errors.Is(err, gateway.ErrOTP):
		return problem(otpGone, "ask for another by POST /v1/otp")
	case err != nil:
		return fmt.Errorf("bind device: %w", err)
	case !came.Bound:
		p := problem(otpWrong, "the one-time password is not the one that was sent last")
		p.values = count(came.Left)
		return p
	}
	a.retire(d.ID) // it may have been another number's
	if came.Replaced != "" {
		a.retire(came.Replaced)
	}
	a.tellNewDevice(r, d)
	return writeJSON(r, fiber.StatusCreated, deviceJSON{ID: d.ID, Name: d.Name.Reveal(), Added: a.cfg.Now().UTC(), Current: true})
}

// deviceName is a name without what is no text.
func deviceName(s string) string {
	s = strings.TrimSpace(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s))
	if utf8.RuneCountInString(s) > maxName {
		s = string([]rune(s)[:maxName])
	}
	if s == "" {
		return "…"
	}
	return s
}

// listDevices is GET /v1/devices.
func (a *API) listDevices(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	all, err := a.cfg.Devices.Devices(r.UserContext(), who.citizen)
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	out := struct {
		Devices []deviceJSON `json:"devices"`
	}{Devices: []deviceJSON{}}
	for _, d := range all {
		out.Devices = append(out.Devices, deviceJSON{ID: d.ID, Name: d.Name.Reveal(), Added: d.Added, Current: d.ID == who.device})
	}
	return writeJSON(r, fiber.StatusOK, out)
}

// removeDevice is DELETE /v1/devices/{id}, from any of the citizen's phones.
func (a *API) removeDevice(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	id := strings.Clone(r.Params("id"))
	err = a.cfg.Devices.RemoveDevice(r.UserContext(), who.citizen, id)
	switch {
	case errors.Is(err, gateway.ErrNotFound):
		return problem(notFound, "GET /v1/devices lists them")
	case err != nil:
		return fmt.Errorf("remove device: %w", err)
	}
	a.retire(id)
	r.Set(fiber.HeaderCacheControl, "no-store")
	r.Status(fiber.StatusNoContent)
	return nil
}

// retire ends what is in memory of a device that the store has removed: its next
// request is answered that it is unknown.
func (a *API) retire(id string) {
	a.keys.forget(id)
	a.live.drop(id)
}
