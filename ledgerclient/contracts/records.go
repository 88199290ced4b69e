package contracts

import (
	"strings"

	"setu/ledgerclient"
)

// landMutation tells where a mutation case stands: found or missing. Cases are
// public, as they are on the notice board of the land office.
func landMutation(c *call) ledgerclient.Answer {
	number := c.arg("case")
	if !isNumber(number, 10) {
		return invalid("case")
	}
	r, ok := c.get("case~" + number)
	if !ok {
		return answer(codeMissing)
	}
	return pick(answer(codeFound, "case", number), r, "status", "date", "office.*")
}

// landPlot reads the public record of a plot: found or missing. Leading zeros
// may be left out.
func landPlot(c *call) ledgerclient.Answer {
	mouza, khatian, plot := c.arg("mouza"), c.arg("khatian"), c.arg("plot")
	switch {
	case !isDigits(mouza, 1, 3):
		return invalid("mouza")
	case !isDigits(khatian, 1, 5):
		return invalid("khatian")
	case !isDigits(plot, 1, 5):
		return invalid("plot")
	}
	khatian, plot = strings.TrimLeft(khatian, "0"), strings.TrimLeft(plot, "0")
	r, ok := c.get("plot~" + strings.Repeat("0", 3-len(mouza)) + mouza + "~" + khatian + "~" + plot)
	if !ok {
		return answer(codeMissing)
	}
	return pick(answer(codeFound, "khatian", khatian, "plot", plot), r, "mouza.*", "area", "class.*", "owner.*")
}

// documentVerify checks a certificate by its number: valid, revoked or
// missing. The holder's name is masked in the record itself.
func documentVerify(c *call) ledgerclient.Answer {
	number := strings.ToUpper(c.arg("number"))
	if len(number) != 10 || strings.Trim(number[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || !isDigits(number[2:], 8, 8) {
		return invalid("number")
	}
	r, ok := c.get("document~" + number)
	switch {
	case !ok:
		return answer(codeMissing)
	case r.Get("revoked") != "":
		return pick(answer("revoked", "date", r.Get("revoked")), r, "kind.*", "office.*")
	}
	return pick(answer("valid"), r, "kind.*", "issued", "office.*", "name.*")
}

// minHash is how many hexadecimal digits of a file's SHA-256 must be given: 48
// bits, which no two of a million documents share by chance.
const minHash = 12

// documentVerifyHash finds a document by the start of its file's SHA-256:
// valid, revoked, missing or many.
func documentVerifyHash(c *call) ledgerclient.Answer {
	prefix := strings.ToLower(c.arg("sha256"))
	if len(prefix) < minHash || len(prefix) > 64 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return invalid("sha256")
	}
	number, hits := "", 0
	c.each("dochash~"+prefix, func(_ string, r ledgerclient.Record) bool {
		number = r.Get("number")
		hits++
		return hits < 2
	})
	if hits > 1 {
		return answer("many")
	}
	r, ok := c.get("document~" + number)
	switch {
	case !ok:
		return answer(codeMissing)
	case r.Get("revoked") != "":
		return pick(answer("revoked", "date", r.Get("revoked"), "number", number), r, "kind.*", "office.*")
	}
	return pick(answer("valid", "number", number), r, "kind.*", "issued", "office.*")
}

// academicVerify checks an examination record: consented (the holder lets the
// result be shown), closed (the record is genuine, no more is shown) or
// missing.
func academicVerify(c *call) ledgerclient.Answer {
	number := c.arg("number")
	if !isNumber(number, 10) {
		return invalid("number")
	}
	r, ok := c.get("academic~" + number)
	switch {
	case !ok:
		return answer(codeMissing)
	case r.Get("open") != "yes":
		return pick(answer("closed"), r, "exam.*", "year", "board.*")
	}
	return pick(answer("consented"), r, "name.*", "exam.*", "year", "result", "board.*")
}

// healthBalance tells what is left on a family's health card: found or
// missing. A card of somebody else is missing too.
func healthBalance(c *call) ledgerclient.Answer {
	card := c.arg("card")
	if !isNumber(card, 10) {
		return invalid("card")
	}
	r, ok := c.get("health~" + card)
	if !ok || !c.yours(r) {
		return answer(codeMissing)
	}
	return pick(answer(codeFound), r, "balance", "valid", "members", "family.*")
}

// siteCheck tells whether a government site still is what was anchored:
// anchored or missing.
func siteCheck(c *call) ledgerclient.Answer {
	site := strings.ToLower(strings.TrimSuffix(c.arg("site"), "."))
	if !isHost(site) {
		return invalid("site")
	}
	r, ok := c.get("site~" + site)
	if !ok {
		return answer(codeMissing)
	}
	return pick(answer("anchored", "site", site), r, "time", "changed", "pages")
}

// isHost says that s is a host name of at least two labels (RFC 1123 section
// 2.1), in small letters.
func isHost(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
