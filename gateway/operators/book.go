package operators

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Limits of a [Book].
const (
	// Fresh is how far a statement's time may be from the gateway's clock.
	Fresh = 5 * time.Minute
	// OpenFor is how long an act waits to be confirmed.
	OpenFor = 24 * time.Hour
	// maxOpen bounds the acts that wait.
	maxOpen = 64
	// kept is how many settled acts are shown; the log has all.
	kept = 100
	// idLength is how much of a proposal's digest people type.
	idLength = 8
)

// Kind is something that operators can have done.
type Kind struct {
	// Check says whether the arguments make sense, before anybody confirms
	// them; nil takes all.
	Check func(args map[string]string) error
	// Do does it, and says what came of it in a few words.
	Do func(ctx context.Context, args map[string]string) (string, error)
}

// Config is what a [Book] works with.
type Config struct {
	Path      string // of the log
	Operators []Operator
	// Two asks for two operators although none are named: then nothing can be
	// done before they are.
	Two   bool
	Kinds map[string]Kind
	Now   func() time.Time
}

// State is where an act stands.
type State string

// The states. All but Waiting are final.
const (
	Waiting     State = "waiting" // to be confirmed
	Done        State = "done"
	Failed      State = "failed"
	Withdrawn   State = "withdrawn"
	Expired     State = "expired"
	Interrupted State = "interrupted" // the gateway ended while it was done: look whether it was
)

// Act is what was proposed, and what became of it.
type Act struct {
	ID        string            `json:"id"` // the start of Digest
	Digest    string            `json:"digest"`
	Proposal  Signed            `json:"proposal"`
	State     State             `json:"state"`
	Kind      string            `json:"kind"`
	Args      map[string]string `json:"args,omitempty"`
	Proposed  time.Time         `json:"proposed"`
	By        string            `json:"by"`
	SettledBy string            `json:"settled_by,omitempty"` // who confirmed or withdrew it
	Result    string            `json:"result,omitempty"`
}

// Listing is what operators see.
type Listing struct {
	Gateway string `json:"gateway"`
	Two     bool   `json:"two"` // acts need two operators
	Acts    []Act  `json:"acts"`
}

// Book keeps the acts and their log. Its methods may be called from many
// goroutines; one act is done at a time.
type Book struct {
	c       Config
	gateway string
	fault   error // of the log: then nothing is done

	mu   sync.Mutex
	log  *logFile
	acts []*Act // by age
}

// NewBook opens a book. When its log was changed by hand the book opens and does
// nothing: [Book.Fault] says so.
func NewBook(c Config) (*Book, error) {
	b := &Book{c: c}
	if err := distinct(c.Operators); err != nil {
		return nil, err
	}
	log, lines, err := openLog(c.Path, c.Now())
	if errors.Is(err, ErrLog) {
		b.fault = err
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the operators' log: %w", err)
	}
	b.log, b.gateway = log, lines[0].Gateway
	for _, l := range lines {
		b.recall(l)
	}
	for _, a := range b.acts {
		if a.State == "" {
			a.State = Interrupted
		}
	}
	b.forget()
	return b, nil
}

// distinct is nil if no two operators share a name or a key.
func distinct(all []Operator) error {
	for i, o := range all {
		for _, p := range all[:i] {
			if o.Name == p.Name || o.Key.Equal(p.Key) {
				return fmt.Errorf("%w: operators %q and %q are the same", ErrKey, p.Name, o.Name)
			}
		}
	}
	return nil
}

// recall takes up what a line of the log tells of an act.
func (b *Book) recall(l Line) {
	if l.Event == proposed {
		b.acts = append(b.acts, newAct(Signed{l.Statement, l.Sig}, l))
		return
	}
	a, err := b.find(l.Act)
	if err != nil {
		return
	}
	switch l.Event {
	case confirmed:
		a.State, a.SettledBy = "", l.Operator // unless it is told how it went
	case withdrawn:
		a.State, a.SettledBy = Withdrawn, l.Operator
	case done:
		a.State, a.Result = Done, l.Result
	case failed:
		a.State, a.Result = Failed, l.Result
	case began, proposed, direct:
	}
}

func newAct(s Signed, l Line) *Act {
	d := s.Digest()
	return &Act{
		ID: d[:idLength], Digest: d, Proposal: s, State: Waiting, Kind: l.Kind, Args: l.Args,
		Proposed: l.Time, By: l.Operator,
	}
}

// Fault says what is wrong with the log; nil is nothing.
func (b *Book) Fault() error { return b.fault }

// Close closes the log.
func (b *Book) Close() error {
	if b.log == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.f.Close()
}

// two says that acts need two operators.
func (b *Book) two() bool { return b.c.Two || len(b.c.Operators) > 0 }

// Acts are those that wait and the latest of the others.
func (b *Book) Acts() Listing {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	out := Listing{Gateway: b.gateway, Two: b.two(), Acts: make([]Act, 0, len(b.acts))}
	for _, a := range b.acts {
		out.Acts = append(out.Acts, *a)
	}
	return out
}

// Allow is nil if a statement to list is signed by an operator, now.
func (b *Book) Allow(s Signed) error {
	st, err := b.open(s)
	if err == nil && st.Verb != List {
		err = ErrStranger
	}
	return err
}

// open verifies a statement. A list may be asked for before the gateway's
// identifier is known.
func (b *Book) open(s Signed) (Statement, error) {
	if b.fault != nil {
		return Statement{}, b.fault
	}
	st, err := s.Open(b.c.Operators)
	if err != nil {
		return st, err
	}
	if off := b.c.Now().Sub(st.Time); off > Fresh || off < -Fresh {
		return st, ErrStale
	}
	if st.Gateway != b.gateway && st.Verb != List {
		return st, ErrElsewhere
	}
	return st, nil
}

// Take does what a statement asks for, and gives the act that it is about.
// The same statement twice does nothing twice.
func (b *Book) Take(ctx context.Context, s Signed) (Act, error) {
	st, err := b.open(s)
	if err != nil {
		return Act{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	switch st.Verb {
	case Propose:
		return b.propose(st, s)
	case Confirm:
		return b.confirm(ctx, st, s)
	case Withdraw:
		return b.withdraw(st, s)
	case List:
	}
	return Act{}, fmt.Errorf("%w: %q", ErrKind, st.Verb)
}

func (b *Book) propose(st Statement, s Signed) (Act, error) {
	if a, err := b.find(s.Digest()); err == nil {
		return *a, nil
	}
	if err := b.check(st.Kind, st.Args); err != nil {
		return Act{}, err
	}
	waiting := 0
	for _, a := range b.acts {
		if a.State == Waiting {
			waiting++
		}
	}
	if waiting >= maxOpen {
		return Act{}, ErrMany
	}
	l := Line{
		Time: b.c.Now(), Event: proposed, Act: s.Digest(), Operator: st.Operator, Kind: st.Kind, Args: st.Args,
		Statement: s.Statement, Sig: s.Sig,
	}
	if err := b.log.append(&l); err != nil {
		return Act{}, err
	}
	a := newAct(s, l)
	b.acts = append(b.acts, a)
	return *a, nil
}

func (b *Book) check(kind string, args map[string]string) error {
	k, ok := b.c.Kinds[kind]
	if !ok {
		return fmt.Errorf("%w: %q is none of %v", ErrKind, kind, slices.Sorted(maps.Keys(b.c.Kinds)))
	}
	if k.Check != nil {
		if err := k.Check(args); err != nil {
			return fmt.Errorf("%w: %w", ErrKind, err)
		}
	}
	return nil
}

func (b *Book) confirm(ctx context.Context, st Statement, s Signed) (Act, error) {
	a, err := b.find(st.Act)
	switch {
	case err != nil:
		return Act{}, err
	case a.By == st.Operator:
		return *a, ErrSame
	case a.State != Waiting && a.SettledBy == st.Operator && a.State != Withdrawn:
		return *a, nil
	case a.State != Waiting:
		return *a, ErrSettled
	}
	l := Line{Time: b.c.Now(), Event: confirmed, Act: a.Digest, Operator: st.Operator, Statement: s.Statement, Sig: s.Sig}
	if err := b.log.append(&l); err != nil {
		return Act{}, err
	}
	a.SettledBy = st.Operator
	var event event
	a.State, event, a.Result = Done, done, ""
	result, err := b.c.Kinds[a.Kind].Do(ctx, a.Args)
	if err != nil {
		a.State, event, result = Failed, failed, err.Error()
	}
	a.Result = result
	return *a, b.log.append(&Line{Time: b.c.Now(), Event: event, Act: a.Digest, Result: a.Result})
}

func (b *Book) withdraw(st Statement, s Signed) (Act, error) {
	a, err := b.find(st.Act)
	switch {
	case err != nil:
		return Act{}, err
	case a.State == Withdrawn:
		return *a, nil
	case a.State != Waiting:
		return *a, ErrSettled
	}
	l := Line{Time: b.c.Now(), Event: withdrawn, Act: a.Digest, Operator: st.Operator, Statement: s.Statement, Sig: s.Sig}
	if err := b.log.append(&l); err != nil {
		return Act{}, err
	}
	a.State, a.SettledBy = Withdrawn, st.Operator
	return *a, nil
}

// Direct does something at once, where no operators are named. The errors are
// [ErrTwo], [ErrKind], [ErrLog] and what it itself gives.
func (b *Book) Direct(ctx context.Context, kind string, args map[string]string) (string, error) {
	switch {
	case b.fault != nil:
		return "", b.fault
	case b.two():
		return "", ErrTwo
	}
	if err := b.check(kind, args); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	result, err := b.c.Kinds[kind].Do(ctx, args)
	told := result
	if err != nil {
		told = "failed: " + err.Error()
	}
	return result, errors.Join(err, b.log.append(&Line{Time: b.c.Now(), Event: direct, Kind: kind, Args: args, Result: told}))
}

// find is an act by the digest of its proposal.
func (b *Book) find(digest string) (*Act, error) {
	for _, a := range b.acts {
		if a.Digest == digest {
			return a, nil
		}
	}
	return nil, ErrNoAct
}

// expire ends what has waited too long. The log need not tell: it has the time
// of the proposal.
func (b *Book) expire() {
	for _, a := range b.acts {
		if a.State == Waiting && b.c.Now().Sub(a.Proposed) > OpenFor {
			a.State = Expired
		}
	}
	b.forget()
}

// forget drops the oldest of the settled acts.
func (b *Book) forget() {
	settled := 0
	for _, a := range b.acts {
		if a.State != Waiting {
			settled++
		}
	}
	b.acts = slices.DeleteFunc(b.acts, func(a *Act) bool {
		if a.State == Waiting || settled <= kept {
			return false
		}
		settled--
		return true
	})
}
