package ussdhttp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ussd/ussdhttp"
)

// TestGuide: the dialect and the conversation that HACKING.md shows are right.
func TestGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../HACKING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(guide), "**A USSD gateway over HTTP is one file.**")
	if !ok {
		t.Fatal("HACKING.md does not tell how to add a USSD gateway")
	}
	block := func(kind string) string {
		_, body, _ := strings.Cut(rest, "```"+kind+"\n")
		body, _, _ = strings.Cut(body, "```\n")
		return body
	}
	d, err := ussdhttp.Parse("operator-x.yaml", []byte(block("yaml")))
	if err != nil {
		t.Fatal(err)
	}
	want := block("text")
	got, err := ussdhttp.Replay(d, []byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" || !strings.Contains(want, "> GET") {
		t.Errorf("the conversation in HACKING.md comes out otherwise:\n%s", diff)
	}
}
