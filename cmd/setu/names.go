package main

import (
	"fmt"

	"setu/mobileapi"
	"setu/mobileapi/handset"
)

// ownNames are ways of the gateway's own to a citizen, which stand in the store and
// in lists where the name of a link or trunk does, and what they are.
func ownNames() map[string]string {
	return map[string]string{mobileapi.Link: "the app", handset.Link: "the page to try the gateway on", lateLink: "late answers by telephone"}
}

// checkOwnNames refuses names of the gateway's own.
func (c *Config) checkOwnNames() []error {
	own := ownNames()
	var errs []error
	check := func(name, at string, i int) {
		if what, taken := own[name]; taken {
			errs = append(errs, fmt.Errorf("%s: %q is the gateway's own name of %s: choose another", fmt.Sprintf(at, i), name, what))
		}
	}
	for i, l := range c.Links {
		check(l.Name, "links[%d].name", i)
	}
	for i, p := range c.Partners {
		check(p.SystemID, "partners[%d].system_id", i)
	}
	for i, g := range c.USSD.Gateways {
		check(g.Name, "ussd.gateways[%d].name", i)
	}
	for i, t := range c.IVR.SIP.Trunks {
		check(t.Name, "ivr.sip.trunks[%d].name", i)
	}
	for i, t := range c.IVR.TwiML {
		check(t.Name, "ivr.twiml[%d].name", i)
	}
	for i, a := range c.IVR.ARI {
		check(a.Name, "ivr.ari[%d].name", i)
	}
	return errs
}
