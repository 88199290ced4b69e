package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
)

// Errors of a token.
var (
	// ErrToken says that the module or its token is out of reach, or did not
	// do what was asked of it. It is tried again at the next call.
	ErrToken = errors.New("keys: token does not work")
	// ErrPIN says that the token refuses the PIN. It is not tried again: a
	// token locks itself after a few wrong ones.
	ErrPIN = errors.New("keys: token refuses the PIN; correct pin_file and start again, since a token locks itself after a few wrong ones")
)

// TokenConfig says which token to use, by PKCS #11 2.40.
type TokenConfig struct {
	Module string // path of the maker's library, such as /usr/lib/softhsm/libsofthsm2.so
	Label  string // the token's
	PIN    string // of the user, not of the security officer
	// Sessions are how many calls the token is asked to do at one time; the
	// zero value is [DefaultSessions].
	Sessions int
}

// DefaultSessions are few enough for small tokens and more than a network
// module's latency needs at the rates of one gateway (0.1 ms for a signature by
// SoftHSM: see BenchmarkToken).
const DefaultSessions = 8

// reopenPause is how long a token that was found out of reach is left alone.
const reopenPause = time.Second

// token is an open token: sessions that are logged in. When the token loses
// them, as after a restart of its module or a cut of its network, they are
// opened anew.
type token struct {
	c   TokenConfig
	lib *pkcs11.Ctx
	now func() time.Time

	// mu is held for writing while sessions are opened anew.
	mu      sync.RWMutex
	serial  string
	all     []pkcs11.SessionHandle
	free    chan pkcs11.SessionHandle
	objects *sync.Map // handles by class and CKA_ID
	age     int       // how often sessions were opened
	tried   time.Time // and when last in vain
	failed  error
	closed  bool
}

// openToken finds a token and logs in. The errors are [ErrToken] and [ErrPIN].
func openToken(c TokenConfig, now func() time.Time) (*token, error) {
	if c.Sessions <= 0 {
		c.Sessions = DefaultSessions
	}
	lib := pkcs11.New(c.Module)
	if lib == nil {
		return nil, fmt.Errorf("%w: %s is no PKCS #11 module: check keys.module", ErrToken, c.Module)
	}
	t := &token{c: c, lib: lib, now: now}
	if err := t.initialize(); err != nil {
		return nil, err
	}
	if err := t.openSessions(); err != nil {
		t.closeSessions()
		return nil, err
	}
	return t, nil
}

// initialize loads the module into the process. It is never finalized, since
// another part of the process may use it too.
func (t *token) initialize() error {
	if err := t.lib.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return fmt.Errorf("%w: initialize module: %w", ErrToken, err)
	}
	return nil
}

// is says that err is one of PKCS #11's codes.
func is(err error, codes ...pkcs11.Error) bool {
	var e pkcs11.Error
	return errors.As(err, &e) && slices.Contains(codes, e)
}

// find is the slot that holds the token.
func (t *token) find() (slot uint, serial string, err error) {
	slots, err := t.lib.GetSlotList(true)
	if err != nil {
		return 0, "", fmt.Errorf("%w: list slots: %w", ErrToken, err)
	}
	found := false
	for _, s := range slots {
		info, err := t.lib.GetTokenInfo(s)
		if err != nil || strings.TrimRight(info.Label, " \x00") != t.c.Label {
			continue
		}
		if found {
			return 0, "", fmt.Errorf("%w: two tokens are labelled %q", ErrToken, t.c.Label)
		}
		slot, serial, found = s, strings.TrimRight(info.SerialNumber, " \x00"), true
	}
	if !found {
		return 0, "", fmt.Errorf("%w: no token is labelled %q: check keys.token_label, or initialise one", ErrToken, t.c.Label)
	}
	return slot, serial, nil
}

// openSessions opens all sessions and logs in, which holds for all of them.
func (t *token) openSessions() error {
	slot, serial, err := t.find()
	if err != nil {
		return err
	}
	t.free = make(chan pkcs11.SessionHandle, t.c.Sessions)
	t.objects, t.serial = &sync.Map{}, serial
	for range t.c.Sessions {
		s, err := t.lib.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		if is(err, pkcs11.CKR_SESSION_COUNT) && len(t.all) > 0 {
			break // the token allows no more, and those will do
		}
		if err != nil {
			return fmt.Errorf("%w: open session: %w", ErrToken, err)
		}
		t.all = append(t.all, s)
		t.free <- s
	}
	err = t.lib.Login(t.all[0], pkcs11.CKU_USER, t.c.PIN)
	switch {
	case is(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED):
		return fmt.Errorf("%w: %w", ErrPIN, err)
	case err != nil && !is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return fmt.Errorf("%w: log in: %w", ErrToken, err)
	}
	t.age++
	return nil
}

func (t *token) closeSessions() {
	for _, s := range t.all {
		_ = t.lib.CloseSession(s) // lost already, perhaps
	}
	t.all = nil
}

// close closes the sessions, which logs out, when they are at rest.
func (t *token) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.closeSessions()
	return nil
}

// tokenTries is how often a call is made of which the token loses the session.
const tokenTries = 4

// do does something in a session. If the token has lost it, sessions are opened
// anew and it is done again, so f must be such that it may be done twice. The
// errors are [ErrToken], [ErrPIN] and that of ctx.
func (t *token) do(ctx context.Context, f func(s pkcs11.SessionHandle) error) error {
	for tries := 1; ; tries++ {
		age, err := t.once(ctx, f)
		if err == nil || !lost(err) || tries == tokenTries {
			return err
		}
		if err := t.reopen(age); err != nil {
			return err
		}
	}
}

func (t *token) once(ctx context.Context, f func(s pkcs11.SessionHandle) error) (age int, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return t.age, fmt.Errorf("%w: it is closed", ErrToken)
	}
	if len(t.all) == 0 {
		return t.age, errNoSession
	}
	select {
	case s := <-t.free:
		defer func() { t.free <- s }()
		if err = f(s); err != nil {
			err = fmt.Errorf("%w: %w", ErrToken, err)
		}
		return t.age, err
	case <-ctx.Done():
		return t.age, ctx.Err()
	}
}

// errNoSession says that sessions could not be opened the last time.
var errNoSession = fmt.Errorf("%w: no session", ErrToken)

// lost says that an error is cured by new sessions, if by anything.
func lost(err error) bool {
	return errors.Is(err, errNoSession) || is(err,
		pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN,
		pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OPERATION_ACTIVE,
		pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED,
		pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED, pkcs11.CKR_SLOT_ID_INVALID, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED)
}

// reopen opens sessions anew, unless another caller has done so since the
// sessions had that age, and not more often than every reopenPause.
func (t *token) reopen(age int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed || t.age != age:
		return nil
	case errors.Is(t.failed, ErrPIN), t.failed != nil && t.now().Sub(t.tried) < reopenPause:
		return t.failed
	}
	t.closeSessions()
	err := t.initialize()
	if err == nil {
		err = t.openSessions()
	}
	if err != nil {
		t.closeSessions()
		t.tried = t.now()
	}
	t.failed = err
	return err
}
