package sandbox_test

import (
	"errors"
	"testing"

	"setu/ledgerclient"
	"setu/ledgerclient/sandbox"
)

// What a key signed before it was revoked is not taken after: of an envelope,
// which is signed once, no try helps; a question is signed anew, so that the
// route is to blame, not the question.
func TestRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	put := func(key string) ledgerclient.SignedEnvelope {
		return p.envelope("registry", "Put", map[string]string{"register": "test", "key": key}, "+919830000001")
	}
	tx, _, err := l.Prepare(t.Context(), put("a"))
	if err != nil {
		t.Fatal(err)
	}
	waiting := put("b")
	question := p.query("benefits", "Status", map[string]string{"beneficiary": "1000000001"})
	if _, err := p.keys.Revoke(p.keys.KeyID()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	_, err = l.Submit(t.Context(), tx)
	if c := ledgerclient.ClassOf(err); c != ledgerclient.Disowned || !errors.Is(err, ledgerclient.ErrRevoked) {
		t.Errorf("Submit() = %v, want class %v", err, ledgerclient.Disowned)
	}
	if _, _, err = l.Prepare(t.Context(), waiting); ledgerclient.ClassOf(err) != ledgerclient.Disowned {
		t.Errorf("Prepare() = %v, want class %v", err, ledgerclient.Disowned)
	}
	if _, err = l.Evaluate(t.Context(), question); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Evaluate() = %v, want class %v", err, ledgerclient.Config)
	}
	if _, _, err = l.Prepare(t.Context(), put("c")); err != nil {
		t.Errorf("Prepare() with the next key = %v, want nil", err)
	}
}

// Without the citizens' pseudonyms there is no world to make up.
func TestOpen_NoPseudonyms(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	gone := errors.New("token is gone")
	o := p.options()
	o.Pseudonym = func(string, string) (string, error) { return "", gone }
	if _, err := sandbox.Open(o); !errors.Is(err, gone) {
		t.Errorf("Open() without pseudonyms = %v, want %v", err, gone)
	}
	if _, err := sandbox.Open(p.options()); err != nil {
		t.Errorf("Open() after it = %v, want nil", err)
	}
}
