package contracts

import (
	"time"

	"setu/ledgerclient"
)

// grievanceDays is within how many days a complaint is answered.
const grievanceDays = 15

// grievanceRaise files a complaint: done. Its words must not be shown to the
// ledger, which keeps only their salted hash; see ledgerclient.Hide.
func grievanceRaise(c *call) ledgerclient.Answer {
	subject, text := c.arg("subject"), c.arg("text")
	switch subject {
	case "benefit", "produce", "land", "health", "other":
	default:
		return invalid("subject")
	}
	if !ledgerclient.IsHidden(text) {
		return invalid("text")
	}
	number := c.number("grievance~", "6")
	r := ledgerclient.Record{
		{Name: "by", Value: c.day().AddDate(0, 0, grievanceDays).Format(time.DateOnly)},
		{Name: "date", Value: c.day().Format(time.DateOnly)},
		{Name: "holder", Value: c.Caller.Pseudonym},
		{Name: "status", Value: "open"},
		{Name: "subject", Value: subject},
		{Name: "text", Value: text},
	}
	office, _ := c.get("office~" + subject)
	for _, f := range office {
		r = r.Set(f.Name, f.Value)
	}
	c.put("grievance~"+number, r)
	return pick(answer(codeDone, "number", number), r, "office.*", "by")
}

// grievanceFollow tells where a complaint stands: found or missing. One of
// somebody else is missing too.
func grievanceFollow(c *call) ledgerclient.Answer {
	number := c.arg("number")
	if !isNumber(number, 8) {
		return invalid("number")
	}
	r, ok := c.get("grievance~" + number)
	if !ok || !c.yours(r) {
		return answer(codeMissing)
	}
	return pick(answer(codeFound, "number", number), r, "subject", "status", "office.*", "date")
}
