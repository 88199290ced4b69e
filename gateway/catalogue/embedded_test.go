package catalogue_test

import (
	"fmt"
	"io/fs"
	"testing"

	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/ivr"
	"setu/ussd"
)

// limits measure as the channels do.
func limits() catalogue.Limits {
	return catalogue.Limits{
		gateway.SMS: {Max: 3, Measure: func(text string) (int, string) {
			coding, segments, units := sms.Count(text)
			return segments, fmt.Sprintf("%v, %d units, %d segments", coding, units, segments)
		}},
		gateway.USSD: room().Texts(),
		gateway.IVR:  ivr.Texts(),
	}
}

// room is that of the gateways in the field that take least.
func room() ussd.Limit { return ussd.Limit{Septets: 160} }

func loadEmbedded(tb testing.TB, more ...fs.FS) *catalogue.Catalogue {
	tb.Helper()
	c, err := catalogue.Load(limits(), append([]fs.FS{catalogue.Embedded()}, more...)...)
	if err != nil {
		tb.Fatalf("Load: %v", err)
	}
	return c
}

func TestLoad_Embedded(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	if len(c.Services()) < 9 {
		t.Errorf("%d services, want the nine of the state", len(c.Services()))
	}
}
