package main

import (
	"strings"
	"testing"
)

// TestConfig_OwnNames: nothing that is configured takes a name that the gateway has
// for ways of its own, or the path of its own pages.
func TestConfig_OwnNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app", "try", "ivr/call-back"} {
		for at, c := range map[string]Config{
			"links[0].name":          {Links: []Link{{Name: name}}},
			"partners[0].system_id":  {Partners: []Partner{{SystemID: name}}},
			"ussd.gateways[0].name":  {USSD: USSD{Gateways: []USSDGateway{{Name: name}}}},
			"ivr.sip.trunks[0].name": {IVR: IVR{SIP: SIP{Trunks: []SIPTrunk{{Name: name}}}}},
			"ivr.twiml[0].name":      {IVR: IVR{TwiML: []TwiML{{Name: name}}}},
			"ivr.ari[0].name":        {IVR: IVR{ARI: []ARI{{Name: name}}}},
		} {
			err := c.validate()
			if want := at + `: "` + name + `" is the gateway's own name`; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s is %q: %v, want it refused with %q", at, name, err, want)
			}
		}
	}
	for _, name := range []string{"v1", "ussd", "js", "vendor", "sip"} {
		c := Config{IVR: IVR{TwiML: []TwiML{{Name: name}}}}
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), `"`+name+`" stands for pages`) {
			t.Errorf("ivr.twiml %q: %v, want it refused", name, err)
		}
	}
	c := Config{Links: []Link{{Name: "apple", Address: "a", SystemID: "b"}}}
	if err := c.validate(); err != nil && strings.Contains(err.Error(), "own name") {
		t.Errorf("apple: %v", err)
	}
}
