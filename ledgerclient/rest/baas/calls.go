package baas

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"setu/ledgerclient"
	"setu/ledgerclient/rest"
)

// evaluate answers a query.
func (s *Server) evaluate(ctx context.Context, a ask) (answer, error) {
	var signed rest.Signed
	if err := rest.Decode(bytes.NewReader(a.body), &signed); err != nil {
		return answer{}, fault{rest.Malformed, errBody}
	}
	q, err := ledgerclient.ParseQuery(signed.Canonical)
	if err != nil {
		return answer{}, fault{rest.LedgerRefused, err}
	}
	sq := ledgerclient.SignedQuery{Query: q, Canonical: signed.Canonical, Signature: signed.Signature}
	if err := s.own(a.client, sq.Signature, q.Contract, sq.Verify(s.verifier, s.now())); err != nil {
		return answer{}, err
	}
	got, err := s.ledger.Evaluate(ctx, sq)
	return answer{http.StatusOK, got}, err
}

// prepare makes a transaction of an envelope.
func (s *Server) prepare(ctx context.Context, a ask) (answer, error) {
	var signed rest.Signed
	if err := rest.Decode(bytes.NewReader(a.body), &signed); err != nil {
		return answer{}, fault{rest.Malformed, errBody}
	}
	if err := s.envelope(a, signed); err != nil {
		return answer{}, err
	}
	tx, out, err := s.ledger.Prepare(ctx, signed)
	if err != nil {
		return answer{}, err
	}
	if out.Found {
		final := rest.OutcomeOf(out)
		return answer{http.StatusOK, rest.Proposal{Outcome: &final}}, nil
	}
	return answer{http.StatusOK, rest.Proposal{Transaction: &tx}}, nil
}

// submit hands a transaction over. When its outcome is not known in time, the
// answer is 202: the gateway asks again, as after a lost answer.
func (s *Server) submit(ctx context.Context, a ask) (answer, error) {
	var sub rest.Submission
	if err := rest.Decode(bytes.NewReader(a.body), &sub); err != nil {
		return answer{}, fault{rest.Malformed, errBody}
	}
	if err := s.envelope(a, sub.Envelope); err != nil {
		return answer{}, err
	}
	out, err := s.ledger.Submit(ctx, sub.Transaction)
	switch {
	case err != nil && ctx.Err() != nil && ledgerclient.ClassOf(err) == ledgerclient.Unknown,
		err == nil && !out.Found:
		return answer{http.StatusAccepted, rest.Outcome{}}, nil
	case err != nil:
		return answer{}, err
	}
	return answer{http.StatusOK, rest.OutcomeOf(out)}, nil
}

// find says what became of a key. Keys cannot be guessed, and what they lead to
// holds pseudonyms only; still, they are told to clients alone.
func (s *Server) find(ctx context.Context, a ask) (answer, error) {
	key := a.r.PathValue("key")
	if key == "" || len(key) > ledgerclient.MaxKeyOctets {
		return answer{}, fault{rest.Malformed, errWrongKey}
	}
	out, err := s.ledger.Find(ctx, key)
	return answer{http.StatusOK, rest.OutcomeOf(out)}, err
}

// envelope checks the envelope of a request.
func (s *Server) envelope(a ask, signed rest.Signed) error {
	e, err := signed.Open(s.verifier, s.now())
	if errors.Is(err, ledgerclient.ErrRevoked) {
		// It was signed once and is never changed: no key to come helps.
		return fault{rest.LedgerDisowned, err}
	}
	if err == nil && rest.ParseKey(a.r.Header) != e.Key {
		return fault{rest.WrongKey, errWrongKey}
	}
	return s.own(a.client, signed.Signature, e.Call.Contract, err)
}

// own checks that what a client sent is its own and may be asked. err is that of
// its signature.
func (s *Server) own(c *Client, sig ledgerclient.Signature, contract string, err error) error {
	switch {
	case errors.Is(err, ledgerclient.ErrKey):
		if s.clients.owner(sig.KeyID) == nil {
			return fault{rest.UnknownKey, err}
		}
		return fault{rest.EndedKey, err}
	case err != nil:
		return fault{rest.LedgerRefused, err}
	case s.clients.owner(sig.KeyID) != c:
		return fault{rest.UnknownKey, errForeign}
	case !c.may(contract):
		return fault{rest.NotAllowed, errContract}
	}
	return nil
}

var errBody = errors.New("baas: the body is malformed")
