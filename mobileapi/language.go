package mobileapi

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"setu/i18n"
)

// language is the one that a request asks for: ?lang, or the best of
// Accept-Language (RFC 9110 section 12.5.4) that we have, or Bengali, the
// state's own.
func language(c *fiber.Ctx) i18n.Lang {
	if l := i18n.Lang(c.Query("lang")); l.Valid() {
		return i18n.Lang(strings.Clone(string(l)))
	}
	return acceptable(c.Get(fiber.HeaderAcceptLanguage))
}

// acceptable is the language of a field Accept-Language that we have and that is
// wanted most; of equals the first.
func acceptable(field string) i18n.Lang {
	best, weight := i18n.Bengali, 0.0
	for len(field) > 0 {
		var item string
		item, field, _ = strings.Cut(field, ",")
		tag, param, _ := strings.Cut(strings.TrimSpace(item), ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || v < 0 || v > 1 {
				continue
			}
			q = v
		}
		for _, l := range i18n.Langs() {
			if string(l) == primary && q > weight {
				best, weight = l, q
			}
		}
	}
	return best
}
