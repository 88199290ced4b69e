package ivrsip

import (
	"net/url"
	"strings"

	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/i18n"
)

// callerOf is who calls: what a trunk that vouches for it asserts (RFC 3325 §9.1),
// or else what From says. ok is false if she hides her number or has none.
func (t *trunk) callerOf(req *sip.Request) (number gateway.Address, ok bool) {
	if t.Identity {
		for _, h := range req.GetHeaders("P-Asserted-Identity") {
			for uri := range strings.SplitSeq(h.Value(), ",") {
				if number, ok = t.number(userOf(uri)); ok {
					return number, true
				}
			}
		}
	}
	if hides(req) {
		return "", false
	}
	from := req.From()
	if number, ok = t.number(unescape(from.Address.User)); !ok && from.Address.User == "" {
		number, ok = t.number(from.Address.Host) // tel:+91…, as the library reads it
	}
	return number, ok
}

// hides says that a caller has asked that her number be shown to nobody (RFC 3323
// §4.2).
func hides(req *sip.Request) bool {
	for _, h := range req.GetHeaders("Privacy") {
		for _, what := range strings.FieldsFunc(h.Value(), func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			if what = strings.ToLower(what); what == "id" || what == "user" {
				return true
			}
		}
	}
	return false
}

// userOf is the user of a header such as `"Rina" <sip:+919830000001@host;user=phone>`.
func userOf(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		value, _, _ = strings.Cut(rest, ">")
	}
	_, rest, ok := strings.Cut(strings.TrimSpace(value), ":")
	if !ok {
		return ""
	}
	user, _, _ := strings.Cut(rest, "@")
	return unescape(user)
}

// unescape reads a user of a URI: without its parameters and escapes (RFC 3966 §3,
// RFC 3261 §19.1.2).
func unescape(user string) string {
	user, _, _ = strings.Cut(user, ";")
	if plain, err := url.PathUnescape(user); err == nil {
		return plain
	}
	return user
}

// number is a number as the other channels have it, so that a call goes on with
// what an SMS began.
func (t *trunk) number(user string) (gateway.Address, bool) {
	number, err := i18n.ParseDialled(user, t.CountryCode)
	return gateway.Address(number), err == nil
}

// dialled is the number that was called.
func dialled(req *sip.Request) string {
	user := unescape(req.Recipient.User)
	if user == "" {
		user = unescape(req.To().Address.User)
	}
	return user
}
