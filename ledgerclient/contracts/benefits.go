package contracts

import "setu/ledgerclient"

// benefitStatus tells what a beneficiary was last paid: found or missing. A
// card of somebody else is missing too.
func benefitStatus(c *call) ledgerclient.Answer {
	card := c.arg("beneficiary")
	if !isNumber(card, 10) {
		return invalid("beneficiary")
	}
	r, ok := c.get("benefit~" + card)
	if !ok || !c.yours(r) {
		return answer(codeMissing)
	}
	return pick(answer(codeFound), r, "scheme.*", "amount", "month", "paid", "next", "status")
}

// benefitAcknowledge notes that the caller has received the last payment:
// done, missing, already or unpaid. An acknowledgement belongs to card, month
// and caller, so a card without a holder can be tried by everyone.
func benefitAcknowledge(c *call) ledgerclient.Answer {
	card := c.arg("beneficiary")
	if !isNumber(card, 10) {
		return invalid("beneficiary")
	}
	r, ok := c.get("benefit~" + card)
	if !ok || !c.yours(r) {
		return answer(codeMissing)
	}
	if r.Get("status") != "paid" {
		return pick(answer("unpaid"), r, "scheme.*", "next")
	}
	key := "benefitack~" + card + "~" + r.Get("month") + "~" + c.Caller.Pseudonym
	if ack, ok := c.get(key); ok {
		return pick(answer(codeAlready), ack, "receipt")
	}
	c.put(key, ledgerclient.Record{{Name: "receipt", Value: string(c.Receipt)}})
	return pick(answer(codeDone), r, "scheme.*", "amount", "paid")
}
