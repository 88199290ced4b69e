package contracts

import (
	"strings"
	"time"

	"setu/ledgerclient"
)

func consentPrefix(c *call) string { return "consent~" + c.Caller.Pseudonym + "~" }

// consentList lists the caller's consents in force: found or none.
func consentList(c *call) ledgerclient.Answer {
	if c.Caller.Pseudonym == "" {
		return answer("none")
	}
	a := ledgerclient.Answer{Code: codeFound}
	today, prefix := c.day().Format(time.DateOnly), consentPrefix(c)
	c.each(prefix, func(key string, r ledgerclient.Record) bool {
		if r.Get("withdrawn") == "" && r.Get("until") >= today {
			item := answer("", "id", strings.TrimPrefix(key, prefix))
			a.Items = append(a.Items, pick(item, r, "holder.*", "purpose.*", "since", "until").Fields)
		}
		return true
	})
	if len(a.Items) == 0 {
		return answer("none")
	}
	return a
}

// consentWithdraw ends a consent of the caller: done, missing or already.
func consentWithdraw(c *call) ledgerclient.Answer {
	id := c.arg("consent")
	if !isDigits(id, 1, 12) {
		return invalid("consent")
	}
	r, ok := c.get(consentPrefix(c) + id)
	switch {
	case !ok:
		return answer(codeMissing)
	case r.Get("withdrawn") != "":
		return pick(answer(codeAlready, "date", r.Get("withdrawn")), r, "holder.*", "purpose.*")
	}
	c.put(consentPrefix(c)+id, r.Set("withdrawn", c.day().Format(time.DateOnly)))
	return pick(answer(codeDone), r, "holder.*", "purpose.*")
}

// consentGrant lets a holder, such as a hospital, see a record for a purpose
// until a date: done, or missing when there is no such holder or purpose.
func consentGrant(c *call) ledgerclient.Answer {
	holder, purpose, until := c.arg("holder"), c.arg("purpose"), c.arg("until")
	today := c.day().Format(time.DateOnly)
	switch {
	case !isSlug(holder):
		return invalid("holder")
	case !isSlug(purpose):
		return invalid("purpose")
	case !isDate(until) || until < today:
		return invalid("until")
	}
	who, known := c.get("holder~" + holder)
	what, meant := c.get("purpose~" + purpose)
	if !known || !meant {
		return answer(codeMissing)
	}
	id := c.number(consentPrefix(c), "7")
	r := ledgerclient.Record{{Name: "since", Value: today}, {Name: "until", Value: until}}
	for _, f := range append(who, what...) {
		r = r.Set(f.Name, f.Value)
	}
	c.put(consentPrefix(c)+id, r)
	return pick(answer(codeDone, "id", id), r, "holder.*", "purpose.*", "since", "until")
}
