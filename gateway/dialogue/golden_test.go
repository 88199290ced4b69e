package dialogue_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/conversation"
	"setu/ledgerclient"
)

var update = flag.Bool("update", false, "write conversations as they come out")

// paying is a ledger on which every card has a paid benefit.
type paying struct{}

func (paying) Query(gateway.Ask, gateway.Address, time.Time) (ledgerclient.Answer, error) {
	return paidAnswer(), nil
}

func (paying) Submit(ask gateway.Ask, _ ledgerclient.Receipt, _ gateway.Address, _ time.Time) (ledgerclient.Answer, error) {
	a := paidAnswer()
	if a.Code = "done"; ask.Call.Function == "Undo" {
		a.Code = "undone"
	}
	return a, nil
}

// TestEngine_Golden plays the conversations that show the engine's own words.
func TestEngine_Golden(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := conversation.Engine(c)
	for _, lang := range []string{"bn", "hi", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "engine."+lang+".txt")
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := conversation.Play(c, e, paying{}, bytes.NewReader(want), conversation.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := conversation.Difference(string(want), got); diff != "" {
				t.Errorf("%s differs at %s", file, diff)
			}
		})
	}
}
