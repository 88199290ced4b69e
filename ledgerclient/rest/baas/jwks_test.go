package baas_test

import (
	"crypto/ecdsa"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest/baas"
)

// example is the key of RFC 7517 appendix A.1, with a time that it ends.
const example = `{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
	`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1","exp":1795343400}]}`

func samePublic(a, b *ecdsa.PublicKey) bool { return a.Equal(b) }

func TestKeys_RoundTrip(t *testing.T) {
	t.Parallel()
	s := newKeys(t)
	if _, err := s.Revoke(s.KeyID()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	octets, err := baas.FormatKeys(s.List())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(octets), `"d"`) {
		t.Error("FormatKeys() wrote a private key")
	}
	got, err := baas.ParseKeys(octets)
	if err != nil {
		t.Fatal(err)
	}
	want := s.List()
	for i := range want {
		k := &want[i] // times go over in whole seconds
		k.Created, k.NotBefore, k.NotAfter, k.Revoked = whole(k.Created), whole(k.NotBefore), whole(k.NotAfter), whole(k.Revoked)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(samePublic)); diff != "" {
		t.Errorf("ParseKeys(FormatKeys()) (-want +got):\n%s", diff)
	}
}

func whole(t time.Time) time.Time { return t.Truncate(time.Second) }

func TestParseKeys(t *testing.T) {
	t.Parallel()
	list, err := baas.ParseKeys([]byte(example))
	if err != nil || len(list) != 1 {
		t.Fatalf("ParseKeys() = %d keys, %v, want 1", len(list), err)
	}
	if k := list[0]; k.ID != "1" || k.State != keys.Active || k.NotAfter.Unix() != 1795343400 {
		t.Errorf("ParseKeys() = %+v", k)
	}
	for name, bad := range map[string]string{
		"nothing": "", "no object": "[]", "another member": `{"keys":[],"x":1}`, "two values": example + "{}",
		"another type":      strings.Replace(example, `"EC"`, `"RSA"`, 1),
		"another curve":     strings.Replace(example, "P-256", "P-384", 1),
		"a private key":     strings.Replace(example, `"kid"`, `"d":"AA","kid"`, 1),
		"no name":           strings.Replace(example, `"kid":"1",`, "", 1),
		"for encryption":    strings.Replace(example, `"kid"`, `"use":"enc","kid"`, 1),
		"another algorithm": strings.Replace(example, `"kid"`, `"alg":"none","kid"`, 1),
		"not on the curve":  strings.Replace(example, "MKBC", "MKBD", 1),
		"a short x":         strings.Replace(example, "MKBC", "", 1),
		"padding":           strings.Replace(example, "qv7D4", "qv7D4=", 1),
		"the same twice":    strings.Replace(example, "}]}", "},"+example[strings.Index(example, "[")+1:], 1),
	} {
		if _, err := baas.ParseKeys([]byte(bad)); !errors.Is(err, baas.ErrKeys) {
			t.Errorf("ParseKeys(%s) = %v, want ErrKeys", name, err)
		}
	}
}

// FuzzParseKeys: what is read is a set of usable keys, and is written as the
// same set.
func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(strings.Replace(example, `"kid"`, `"revoked":{"revoked_at":5},"nbf":3,"iat":1,"kid"`, 1)))
	f.Fuzz(func(t *testing.T, in []byte) {
		list, err := baas.ParseKeys(in)
		if err != nil {
			if !errors.Is(err, baas.ErrKeys) {
				t.Fatalf("ParseKeys() = %v, want ErrKeys", err)
			}
			return
		}
		out, err := baas.FormatKeys(list)
		if err != nil {
			t.Fatalf("FormatKeys(ParseKeys(%s)): %v", in, err)
		}
		again, err := baas.ParseKeys(out)
		if diff := cmp.Diff(list, again, cmp.Comparer(samePublic)); diff != "" || err != nil {
			t.Fatalf("ParseKeys(FormatKeys(ParseKeys(%s))) %v (-first +second):\n%s", in, err, diff)
		}
	})
}
