package mobileapi

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/ledgerclient"
	"setu/ledgerclient/rest/httpsig"
)

// Tag marks the signatures of phones, so that one made for another purpose is
// never taken for theirs.
const Tag = "setu-app"

// Window is how far a request's creation may lie before or after our clock.
const Window = 5 * time.Minute

// caller is who has signed a request.
type caller struct {
	citizen gateway.Address
	device  string
	proof   *ledgerclient.DeviceSignature
}

// signedFields are those that a signature may cover.
var signedFields = [...]string{"Signature-Input", "Signature", "Content-Digest", fiber.HeaderContentType, headerKey}

// message is the request as a signature covers it.
func message(r *request) httpsig.Message {
	header := make(http.Header, len(signedFields))
	for _, name := range signedFields {
		for _, v := range r.Request().Header.PeekAll(name) {
			header.Add(name, string(v))
		}
	}
	uri := r.Request().URI()
	return httpsig.Message{
		Method: r.Method(), Authority: strings.TrimSuffix(strings.ToLower(string(r.Request().Host())), ":443"),
		Path: string(uri.PathOriginal()), Query: "?" + string(uri.QueryString()), Header: header,
	}
}

// signed says that a request claims to have a signature of a phone, which is still
// to be verified.
func signed(r *request) bool {
	return len(r.Request().Header.Peek("Signature-Input")) > 0
}

// anybody is who has signed a request, or nobody: who signs nothing may not ask for
// very much. The error is a problem.
func (a *API) anybody(r *request) (caller, error) {
	if signed(r) {
		return a.signedIn(r)
	}
	return caller{}, a.guest(r)
}

// signedIn is who has signed a request. The error is a problem.
func (a *API) signedIn(r *request) (caller, error) {
	if !signed(r) {
		return caller{}, problem(signatureMissing, "sign the request by RFC 9421 with the key of a device; see /v1/docs")
	}
	var d gateway.Device
	var key *ecdsa.PublicKey
	s, err := a.verify(r, func(id string) (*ecdsa.PublicKey, error) {
		var err error
		d, key, err = a.keys.get(r.UserContext(), id)
		return key, err
	})
	if err != nil {
		return caller{}, err
	}
	return caller{
		citizen: d.Citizen, device: d.ID, proof: &ledgerclient.DeviceSignature{Key: d.Key, Signed: s.Base, Sig: s.Sig},
	}, nil
}

// verifyBy checks that the key of a device has signed a request.
func (a *API) verifyBy(r *request, d gateway.Device) error {
	if !signed(r) {
		return problem(signatureMissing, "sign the request with the key that it brings; keyid is its thumbprint (RFC 7638)")
	}
	_, err := a.verify(r, func(id string) (*ecdsa.PublicKey, error) {
		if id != d.ID {
			return nil, gateway.ErrNotFound
		}
		return publicKey(d.Key)
	})
	return err
}

// verify checks a request's signature. Nonces are remembered in memory, and
// requests that were made before this process are refused; so that one whose
// clock runs ahead of ours is not let in again after a restart, its nonce goes
// to the disk.
func (a *API) verify(r *request, key func(string) (*ecdsa.PublicKey, error)) (httpsig.Signed, error) {
	if err := a.begun(r.UserContext()); err != nil {
		return httpsig.Signed{}, err
	}
	v := httpsig.Verifier{Key: key, Now: a.cfg.Now, Window: Window, Since: a.since, Nonces: a.nonces, Tag: Tag}
	s, err := v.VerifyMessage(message(r), r.content())
	if err == nil && s.Made.After(a.cfg.Now()) {
		if err = a.cfg.Devices.TakeNonce(r.UserContext(), s.KeyID+" "+s.Nonce, s.Made.Add(2*Window)); errors.Is(err, gateway.ErrSeen) {
			err = httpsig.ErrReplayed
		}
	}
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, httpsig.ErrClock):
		return s, problem(signatureClock, fmt.Sprintf("created must be within %.0f s of our clock, and not before this service was started; the Date field has our time: sign again", Window.Seconds()))
	case errors.Is(err, httpsig.ErrReplayed):
		return s, problem(signatureReplayed, "the nonce was used before: sign each request anew, also one that is repeated")
	case errors.Is(err, gateway.ErrNotFound):
		return s, problem(deviceUnknown, "keyid names no device: it was removed, or never bound")
	case errors.Is(err, httpsig.ErrFull):
		return s, problem(busy, "too many signed requests")
	case errors.Is(err, httpsig.ErrMissing), errors.Is(err, httpsig.ErrSyntax), errors.Is(err, httpsig.ErrCoverage), errors.Is(err, httpsig.ErrSignature), errors.Is(err, httpsig.ErrDigest):
		return s, problem(signatureInvalid, err.Error())
	}
	return s, fmt.Errorf("verify signature: %w", err)
}

// begun waits until what is signed by our Date field's time is taken, which is at
// most a second after the start: a phone whose clock is refused signs again by it at
// once, and would be refused once more.
func (a *API) begun(ctx context.Context) error {
	wait := a.since.Sub(a.cfg.Now())
	if wait <= 0 || wait > time.Second { // longer only when our clock was set back, and then it is refused
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return problem(busy, "the service has just been started: sign again")
	}
}

// maxKeys bounds the devices that are kept in memory, of about 300 octets each.
const maxKeys = 1 << 16

// keyring keeps the devices that have signed of late, so that a request does not
// wait for the store.
type keyring struct {
	store Devices
	mu    sync.RWMutex
	by    map[string]known
	turn  int // counts removals, so that what was read before one is not kept
}

type known struct {
	device gateway.Device
	key    *ecdsa.PublicKey
}

func newKeyring(store Devices) *keyring { return &keyring{store: store, by: map[string]known{}} }

// get is a device with its key. The error is that of the store.
func (k *keyring) get(ctx context.Context, id string) (gateway.Device, *ecdsa.PublicKey, error) {
	k.mu.RLock()
	one, ok := k.by[id]
	turn := k.turn
	k.mu.RUnlock()
	if ok {
		return one.device, one.key, nil
	}
	d, err := k.store.Device(ctx, id)
	if err != nil {
		return d, nil, err
	}
	key, err := publicKey(d.Key)
	if err != nil {
		return d, nil, fmt.Errorf("read a device's key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.turn != turn {
		return d, key, nil
	}
	if len(k.by) >= maxKeys {
		for other := range k.by { // Go's order is random enough
			delete(k.by, other)
			break
		}
	}
	k.by[id] = known{d, key}
	return d, key, nil
}

// forget drops a device that was bound or removed.
func (k *keyring) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.turn++
	delete(k.by, id)
}
