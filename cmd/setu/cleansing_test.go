package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
)

func TestCleansing_Golden(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, gateway.IST)
	card := gateway.Meter{
		Kind: gateway.MeterCleansed, Department: "women-child", Service: "benefit", Step: "card", Medium: gateway.SMS, Partner: "=operator-a", Outcome: "digits",
	}
	readings := []gateway.Reading{
		{Meter: card, Start: at.UTC(), Count: 12},
		{Meter: gateway.Meter{Kind: gateway.MeterRefused, Medium: gateway.USSD, Partner: "b", Outcome: "unknown"}, Start: at.UTC(), Count: 3},
	}
	var got bytes.Buffer
	for _, err := range []error{cleansingText(&got, readings), cleansingText(&got, nil), cleansingCSV(&got, readings)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/cleansing.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
