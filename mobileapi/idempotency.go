package mobileapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
)

// headerKey names a request, so that it is done once however often it is sent
// (draft-ietf-httpapi-idempotency-key-header-07).
const headerKey = "Idempotency-Key"

// headerReplayed marks an answer that was given before.
const headerReplayed = "Idempotency-Replayed"

// maxKey is the longest key, in octets; a UUID has 36.
const maxKey = 64

// Answers keeps what requests were answered with.
type Answers interface {
	// Keep keeps an answer; the first one stays.
	Keep(ctx context.Context, k gateway.Kept) error
	// Kept is the answer of a citizen's key, or [gateway.ErrNotFound].
	Kept(ctx context.Context, citizen gateway.Address, key string) (gateway.Kept, error)
}

// key is a request's own; empty if it has none. It may be a string of RFC 8941,
// as the draft wants it, or the same without quotes.
func key(r *request) (string, error) {
	k := strings.Clone(r.Get(headerKey))
	if len(k) >= 2 && k[0] == '"' && k[len(k)-1] == '"' {
		k = k[1 : len(k)-1]
	}
	if len(k) > maxKey || strings.ContainsFunc(k, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) {
		return "", problem(badRequest, "Idempotency-Key has at most 64 visible characters; a UUID does")
	}
	return k, nil
}

// underway are the keys of the requests in hand.
type underway struct {
	mu  sync.Mutex
	set map[string]bool
}

// begin takes a key; false says that its request is in hand.
func (u *underway) begin(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.set == nil {
		u.set = map[string]bool{}
	}
	if u.set[name] {
		return false
	}
	u.set[name] = true
	return true
}

func (u *underway) end(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.set, name)
}

// once does a request of a citizen once for its key, and answers with what came
// of it the first time. What was not done is not kept.
func (a *API) once(r *request, citizen gateway.Address, key string, do func() error) error {
	if key == "" {
		return do()
	}
	name := citizen.Reveal() + " " + key
	if !a.underway.begin(name) {
		return problem(keyBusy, "the request with this Idempotency-Key is in hand: ask again for its answer")
	}
	defer a.underway.end(name)
	digest := sha256.Sum256(append([]byte(r.Method()+" "+r.Path()+"\n"), r.content()...))
	kept, err := a.cfg.Answers.Kept(r.UserContext(), citizen, key)
	switch {
	case err == nil && !bytes.Equal(kept.Digest, digest[:]):
		return problem(keyReused, "this Idempotency-Key was used for another request: each has a key of its own")
	case err == nil:
		return replay(r, kept)
	case !errors.Is(err, gateway.ErrNotFound):
		return fmt.Errorf("look for an answer: %w", err)
	}
	if err := do(); err != nil {
		return err
	}
	out := r.Response()
	err = a.cfg.Answers.Keep(r.UserContext(), gateway.Kept{
		Citizen: citizen, Key: key, Digest: digest[:], Status: out.StatusCode(), Location: string(out.Header.Peek(fiber.HeaderLocation)),
		Body: bytes.Clone(out.Body()),
	})
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

// replay answers as before.
func replay(r *request, k gateway.Kept) error {
	if k.Location != "" {
		r.Set(fiber.HeaderLocation, k.Location)
	}
	r.Set(headerReplayed, "true")
	r.Set(fiber.HeaderCacheControl, "no-store")
	r.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return r.Status(k.Status).Send(k.Body)
}
