package client_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/mobileapi"
	"setu/mobileapi/client"
)

var update = flag.Bool("update", false, "write setu.d.ts anew")

// TestTypes: the types are those of the description.
func TestTypes(t *testing.T) {
	t.Parallel()
	want, err := client.Types(mobileapi.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("setu.d.ts", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("setu.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("setu.d.ts is not of this description; go test ./mobileapi/client -update (-want +got):\n%s", diff)
	}
}
