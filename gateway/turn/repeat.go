package turn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

// repeatPurpose keeps the digests of requests apart from the departments'
// pseudonyms.
const repeatPurpose = "setu/repeat"

// request is what makes a transaction known when its citizen asks for it again;
// nil if each is one. The digest is of the arguments as they were given, before
// the private ones are sealed, and by the same secret as the pseudonyms: when
// that is changed, earlier requests are not known any more.
func (t *Taker) request(j *job, out *gateway.Outcome, now time.Time) (*gateway.Request, error) {
	if out.Repeat.Within <= 0 {
		return nil, nil //nolint:nilnil // nil is a request that is not kept
	}
	sum := callDigest(&out.Submit.Call)
	digest, err := t.Signer.Pseudonym(repeatPurpose, j.in.From.Reveal()+"/"+hex.EncodeToString(sum[:]))
	if err != nil {
		return nil, fmt.Errorf("find an earlier request: %w", err)
	}
	return &gateway.Request{Digest: digest, Until: now.Add(out.Repeat.Within), Repeat: out.Repeat}, nil
}

// callDigest is the same for two calls if they ask for the same.
func callDigest(c *ledgerclient.Call) [sha256.Size]byte {
	b := make([]byte, 0, 256)
	add := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // a message is far shorter
		b = append(b, s...)
	}
	add(c.Contract)
	add(c.Function)
	for _, name := range slices.Sorted(maps.Keys(c.Args)) {
		add(name)
		add(c.Args[name])
	}
	return sha256.Sum256(b)
}

// repeated is the outcome of a turn whose transaction the store has refused,
// since the citizen had asked for it before. ok is false if the first one has
// come to nothing meanwhile: then this one is made.
func (t *Taker) repeated(j *job, out gateway.Outcome) (next gateway.Outcome, ok bool, err error) {
	st, err := t.Store.Standing(t.ctx, j.repeats)
	if err != nil {
		return out, false, fmt.Errorf("look up an earlier request: %w", err)
	}
	if st.State.Final() && (st.State != gateway.Recorded || st.Code != out.Repeat.Done) {
		return out, false, nil
	}
	j.repeated = &gateway.Repeated{Receipt: st.Receipt, Service: st.Service, Medium: j.in.Medium}
	t.counts.Repeated.Add(1)
	next = t.Dialogue.Repeated(out, st, t.Now()).In(j.in.Lang)
	j.addMeters(next.Notes)
	return next, true, nil
}

// anew says that j's turn is to be taken again after err: another process moved
// the session on, the receipt number was drawn before, or the transaction was
// asked for before. Nothing of the turn is stored.
func (t *Taker) anew(j *job, err error) bool {
	if j.repeats = ""; err == nil {
		return false
	}
	var again *gateway.RepeatedError
	switch {
	case errors.As(err, &again):
		j.repeats = again.Receipt
		return true
	case errors.Is(err, gateway.ErrStale), errors.Is(err, gateway.ErrTaken):
		t.sessions.drop(j.in.From)
		return true
	}
	return false
}
