package ledgerclient_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"setu/ledgerclient"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

// vector is a published test vector: whoever writes another client of the
// ledger, or checks envelopes without us, must come to the same octets.
type vector struct {
	Name      string                 `json:"name"`
	Why       string                 `json:"why"`
	Envelope  vectorEnvelope         `json:"envelope"`
	Canonical string                 `json:"canonical"`
	SHA256    string                 `json:"sha256"`
	KeyPEM    string                 `json:"public_key_pem"`
	Signature ledgerclient.Signature `json:"signature"`
}

type vectorEnvelope struct {
	Receipt   string            `json:"receipt"`
	Key       string            `json:"key"`
	Service   string            `json:"service"`
	Version   string            `json:"version"`
	Contract  string            `json:"contract"`
	Function  string            `json:"function"`
	Args      map[string]string `json:"args"`
	Pseudonym string            `json:"pseudonym"`
	Channel   string            `json:"channel"`
	Assurance string            `json:"assurance"`
	Consent   string            `json:"consent"`
	Time      time.Time         `json:"time"`
	KeyID     string            `json:"kid"`
}

func (v vectorEnvelope) envelope() ledgerclient.Envelope {
	return ledgerclient.Envelope{
		Receipt: ledgerclient.Receipt(v.Receipt), Key: v.Key, Service: v.Service, Version: v.Version,
		Call: ledgerclient.Call{Contract: v.Contract, Function: v.Function, Args: v.Args},
		Caller: ledgerclient.Caller{
			Pseudonym: v.Pseudonym, Channel: v.Channel, Assurance: ledgerclient.Assurance(v.Assurance),
		},
		Consent: v.Consent, Time: v.Time, KeyID: v.KeyID,
	}
}

// sameDigest are pairs of vectors that write one text in two ways.
var sameDigest = [][2]string{
	{"bengali-yya-composed", "bengali-yya-decomposed"},
	{"bengali-rra-composed", "bengali-rra-decomposed"},
	{"bengali-rha-composed", "bengali-rha-decomposed"},
	{"devanagari-nukta-composed", "devanagari-nukta-decomposed"},
}

func TestVectors(t *testing.T) {
	t.Parallel()
	if *update {
		writeVectors(t)
	}
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil || len(files) != len(vectorCases()) {
		t.Fatalf("testdata/vectors holds %d files, %v, want %d", len(files), err, len(vectorCases()))
	}
	digests := map[string]string{}
	for _, file := range files {
		v := readVector(t, file)
		digests[v.Name] = v.SHA256
		checkVector(t, v)
	}
	for _, pair := range sameDigest {
		if a, b := digests[pair[0]], digests[pair[1]]; a != b || a == "" {
			t.Errorf("SHA-256 of %s and %s = %s and %s, want the same", pair[0], pair[1], a, b)
		}
	}
}

func checkVector(t *testing.T, v vector) {
	t.Helper()
	canonical, err := v.Envelope.envelope().Canonical()
	if string(canonical) != v.Canonical || err != nil {
		t.Errorf("%s: Canonical() = %s, %v, want %s", v.Name, canonical, err, v.Canonical)
	}
	digest := sha256.Sum256([]byte(v.Canonical))
	if got := hex.EncodeToString(digest[:]); got != v.SHA256 {
		t.Errorf("%s: SHA-256 = %s, want %s", v.Name, got, v.SHA256)
	}
	if _, err := ledgerclient.ParseEnvelope([]byte(v.Canonical)); err != nil {
		t.Errorf("%s: ParseEnvelope: %v", v.Name, err)
	}
	block, _ := pem.Decode([]byte(v.KeyPEM))
	if block == nil {
		t.Fatalf("%s: no PEM block", v.Name)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	if err := v.Signature.Verify(public.(*ecdsa.PublicKey), digest); err != nil {
		t.Errorf("%s: Verify() = %v, want nil", v.Name, err)
	}
}

func readVector(t *testing.T, file string) (v vector) {
	t.Helper()
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(octets, &v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

// vectorKey is the published test key. It signs nothing else.
func vectorKey(t *testing.T) oneKey {
	t.Helper()
	octets, err := os.ReadFile("testdata/test-key.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(octets)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return oneKey{"test-vectors", private.(*ecdsa.PrivateKey)}
}

func vectorCases() []vector {
	base := vectorEnvelope{
		Receipt: "816452693521", Key: "4f1c8e2ab0d94c31", Service: "benefit", Version: "1",
		Contract: "benefits", Function: "Acknowledge", Args: map[string]string{"beneficiary": "1000000001"},
		Pseudonym: "1.pG0gQ5JW27833_DwoE_FiQ4v", Channel: "sms", Assurance: "number",
		Time: time.Date(2026, 11, 22, 10, 30, 0, 123_000_000, time.UTC), KeyID: "test-vectors",
	}
	with := func(name, why string, change func(*vectorEnvelope)) vector {
		v := vector{Name: name, Why: why, Envelope: base}
		change(&v.Envelope)
		return v
	}
	args := func(value string) func(*vectorEnvelope) {
		return func(e *vectorEnvelope) { e.Args = map[string]string{"name": value} }
	}
	return []vector{
		with("plain", "The usual case.", func(*vectorEnvelope) {}),
		with("no-arguments", "An empty object, not a missing one.", func(e *vectorEnvelope) { e.Args = nil }),
		with("sorted-arguments", "Names are sorted by octets, capitals first.", func(e *vectorEnvelope) {
			e.Args = map[string]string{"b": "2", "a": "1", "B": "3", "a.b": "4", "a-b": "5", "a10": "6", "a2": "7"}
		}),
		with("escapes", "Only the quote and the backslash are escaped; <, >, & and / are not.", args(`"\/<>&'`)),
		with("separators", "U+2028 and U+2029 stay as they are.", args("a\u2028b\u2029c")),
		with("emoji", "Characters beyond the BMP are UTF-8, not escapes.", args("\U0001f33e \U0001f469\u200d\U0001f33e")),
		with("large-number", "A number is a string: 2^53+1 must not become 2^53.", args("9007199254740993")),
		with("time-zone", "A time is written in UTC, cut to milliseconds.", func(e *vectorEnvelope) {
			e.Time = time.Date(2026, 11, 22, 16, 0, 0, 999_999_999, time.FixedZone("", 19800))
		}),
		with("consent", "A consent reference, by a PIN, from a call.", func(e *vectorEnvelope) {
			e.Consent, e.Assurance, e.Channel = "70000016", "pin", "ivr"
		}),
		with("bengali-yya-composed", "U+09DF, which NFC takes apart.", args("\u09b8\u09ae\u09df")),
		with("bengali-yya-decomposed", "U+09AF U+09BC: the same digest as of U+09DF.", args("\u09b8\u09ae\u09af\u09bc")),
		with("bengali-rra-composed", "U+09DC.", args("\u09ac\u09be\u09dc\u09bf")),
		with("bengali-rra-decomposed", "U+09A1 U+09BC: the same digest as of U+09DC.", args("\u09ac\u09be\u09a1\u09bc\u09bf")),
		with("bengali-rha-composed", "U+09DD, and U+09CB made of one.", args("\u09a6\u09c3\u09dd \u0997\u09cb")),
		with("bengali-rha-decomposed", "U+09A2 U+09BC, and U+09C7 U+09BE: the same digest.", args("\u09a6\u09c3\u09a2\u09bc \u0997\u09c7\u09be")),
		with("devanagari-nukta-composed", "U+0958 to U+095F.", args("\u0958\u0959\u095a\u095b\u095c\u095d\u095e\u095f")),
		with("devanagari-nukta-decomposed", "Each letter and U+093C: the same digest.",
			args("\u0915\u093c\u0916\u093c\u0917\u093c\u091c\u093c\u0921\u093c\u0922\u093c\u092b\u093c\u092f\u093c")),
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	k := vectorKey(t)
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	for _, v := range vectorCases() {
		canonical, err := v.Envelope.envelope().Canonical()
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(canonical)
		v.Canonical, v.SHA256, v.KeyPEM = string(canonical), hex.EncodeToString(digest[:]), public
		if v.Signature, err = k.Sign(context.Background(), digest); err != nil {
			t.Fatal(err)
		}
		octets, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata/vectors", v.Name+".json"), append(octets, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
