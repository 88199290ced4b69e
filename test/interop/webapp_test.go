package interop_test

import (
	"os"
	"os/exec"
	"testing"

	"setu/test/gatewaytest"
)

// TestWebApp opens the web app in Chromium, in three languages, with and without a
// network; axe-core looks at each page. SETU_PICTURES names a folder for what it
// looks like.
func TestWebApp(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin})
	cmd := exec.CommandContext(t.Context(), "node", "webapp.mjs", "http://"+g.HTTP, os.Getenv("SETU_PICTURES")) //nolint:gosec // our own script
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("webapp.mjs: %v\n%s\n%s", err, out, g.Log())
	}
}
