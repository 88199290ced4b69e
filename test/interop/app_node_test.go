package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/test/gatewaytest"
)

// TestApp_Curl: the example for curl and openssl, from an open query to a signed
// transaction.
func TestApp_Curl(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "openssl", "jq", "xxd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	bin, err := gatewaytest.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin})
	out, err := exec.CommandContext(t.Context(), "bash", "../../mobileapi/client/transaction.sh", "http://"+g.HTTP).CombinedOutput() //nolint:gosec // fixed words
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, g.Log())
	}
	for _, want := range []string{`"code":"valid"`, `"name":"curl"`, `"code":"found"`, `"state":"recorded"`, `"cursor":`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// TestApp_Node: the client kit in Node, against the binary.
func TestApp_Node(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	bin, err := gatewaytest.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin})
	cmd := exec.CommandContext(t.Context(), "node", "app.mjs", "http://"+g.HTTP, "+919830000001") //nolint:gosec // fixed words
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, out, g.Log())
	}
	var got []map[string]any
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		delete(line, "receipt")
		got = append(got, line)
	}
	want := []map[string]any{
		{"event": "services", "count": 9.0, "lang": "hi"},
		{"event": "open", "state": "answered", "code": "valid"},
		{"event": "refused", "code": "log-in", "problem": true},
		{"event": "device", "current": true, "same": true},
		{"event": "query", "state": "answered", "code": "found"},
		{"event": "offline", "offline": true},
		{"event": "transaction", "state": "recorded", "code": "done"},
		{"event": "told", "same": true, "code": "done"},
		{"event": "receipt", "state": "recorded", "proof": true},
		{"event": "proof", "code": "done", "forged": false},
		{"event": "file", "state": "answered", "code": "missing"},
		{"event": "out", "phones": 2.0, "device": nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the app's day (-want +got):\n%s", diff)
	}
}
