package interop_test

import (
	"os"
	"os/exec"
	"testing"

	"setu/test/gatewaytest"
)

// browse plays a script of a citizen with the web app in Chromium, on a gateway of
// its own, and gives what it prints.
func browse(t *testing.T, script string, args ...string) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin})
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script, "http://" + g.HTTP}, args...)...) //nolint:gosec // our own script
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", script, err, out, g.Log())
	}
	return string(out)
}

// TestWebApp opens the web app in three languages, with and without a network;
// axe-core looks at each page. SETU_PICTURES names a folder for what it looks like.
func TestWebApp(t *testing.T) {
	t.Parallel()
	browse(t, "webapp.mjs", os.Getenv("SETU_PICTURES"))
}

// TestWebApp_Services goes through each service, online and offline.
func TestWebApp_Services(t *testing.T) {
	t.Parallel()
	for lang, number := range map[string]string{"bn": "9830000001", "hi": "9830000002", "en": "9830000003"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			browse(t, "webservices.mjs", lang, number)
		})
	}
}

// TestWebApp_Queue keeps requests on a phone that several people use, on a network
// that fails in all its ways.
func TestWebApp_Queue(t *testing.T) {
	t.Parallel()
	browse(t, "webqueue.mjs")
}

// TestWebApp_Slow times a first visit and an answer on slow networks. It has the
// machine to itself, as far as tests of this package go.
func TestWebApp_Slow(t *testing.T) { //nolint:paralleltest // it measures
	t.Log(browse(t, "webslow.mjs"))
}
