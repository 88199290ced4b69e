package contracts

import (
	"strconv"
	"strings"

	"setu/ledgerclient"
)

// maxLot is the largest lot that one offering may hold, in kilograms: what a
// tractor trolley carries.
const maxLot = 9000

// centres is the number of purchase centres that lots are shared out to.
const centres = 8

// producePrice tells the day's price of a crop in a district, or in the whole
// state: found or missing.
func producePrice(c *call) ledgerclient.Answer {
	crop, district := c.arg("crop"), c.arg("district")
	if !isSlug(crop) {
		return invalid("crop")
	}
	if district != "" && !isSlug(district) {
		return invalid("district")
	}
	r, ok := c.get("price~" + crop + "~" + district)
	if !ok {
		return answer(codeMissing)
	}
	return pick(answer(codeFound, "crop", crop), r, "price", "date", "market.*")
}

// produceRegister offers a lot of a crop for sale: done or too-heavy.
func produceRegister(c *call) ledgerclient.Answer {
	crop, weight, date := c.arg("crop"), c.arg("weight"), c.arg("date")
	switch crop {
	case "paddy", "wheat", "potato", "jute", "mustard":
	default:
		return invalid("crop")
	}
	kg, ok := parseWeight(weight)
	switch {
	case !ok:
		return invalid("weight")
	case !isDate(date):
		return invalid("date")
	case kg > maxLot:
		return answer("too-heavy", "weight", weight, "most", strconv.Itoa(maxLot))
	}
	lot := c.number("lot~", "5")
	r := ledgerclient.Record{
		{Name: "crop", Value: crop},
		{Name: "date", Value: date},
		{Name: "holder", Value: c.Caller.Pseudonym},
		{Name: "status", Value: "registered"},
		{Name: "weight", Value: weight},
	}
	n := int(lot[5]-'0')*10 + int(lot[6]-'0')
	centre, _ := c.get("centre~" + strconv.Itoa(n%centres))
	for _, f := range centre {
		if strings.HasPrefix(f.Name, "centre.") {
			r = r.Set(f.Name, f.Value)
		}
	}
	c.put("lot~"+lot, r)
	return pick(answer(codeDone, "lot", lot), r, "crop", "weight", "date", "centre.*")
}

// parseWeight reads a canonical number of kilograms with at most three
// decimals, above zero.
func parseWeight(s string) (float64, bool) {
	whole, part, point := strings.Cut(s, ".")
	if !isDigits(whole, 1, 7) || point && !isDigits(part, 1, 3) {
		return 0, false
	}
	kg, err := strconv.ParseFloat(s, 64)
	return kg, err == nil && kg > 0
}

// produceStatus tells where a lot stands: found or missing. A lot of somebody
// else is missing too.
func produceStatus(c *call) ledgerclient.Answer {
	lot := c.arg("lot")
	if !isNumber(lot, 8) {
		return invalid("lot")
	}
	r, ok := c.get("lot~" + lot)
	if !ok || !c.yours(r) {
		return answer(codeMissing)
	}
	return pick(answer(codeFound, "lot", lot), r, "crop", "weight", "status", "amount", "date", "centre.*")
}
