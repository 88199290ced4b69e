package catalogue

import (
	"io/fs"
	"slices"

	"setu/gateway"
	"setu/i18n"
)

// appTexts are the engine's texts that only the app shows, with the slots that
// each may use: they are not measured for other media.
var appTexts = map[string][]string{
	"log-in": nil, "bad-request": nil, "not-found": nil, "method-not-allowed": nil, "too-large": nil,
	"not-json": nil, "unknown-service": nil, "no-dialogue": nil, "no-proof": {"receipt"}, "signature-missing": nil, "signature-invalid": nil,
	"signature-clock": nil, "signature-replayed": nil, "device-unknown": nil, "key-missing": nil,
	"key-reused": nil, "key-busy": nil, "otp-limit": {"at"}, "otp-wrong": {"count"}, "otp-gone": nil, "too-many": nil,
	"new-device": {"name"},
}

// loadApp reads the texts of the app.
func (c *Catalogue) loadApp(engine fs.FS, note *Problems) {
	c.app = joinTexts(readTexts(engine, "engine/app", "app", func(string) bool { return false }, note), note)
	for _, key := range sortedKeys(appTexts) {
		if c.app[key] == nil {
			note.add(place{file: "engine/app"}, "text %q is missing", key)
		}
	}
	for _, key := range sortedKeys(c.app) {
		t := c.app[key]
		slots, known := appTexts[key]
		if !known {
			note.add(t.forms[0].at, "the app has no text %q", key)
			continue
		}
		c.checkSlots(t, func(name string) bool { return slices.Contains(slots, name) }, note)
	}
}

// Source is a text as its author wrote it for a medium, with its slots in
// braces: what a program that draws forms fills in by itself.
func (t *Text) Source(l i18n.Lang, m gateway.Medium) string {
	f := t.form(l)
	if i := mediumIndex(m); f.variants[i] != nil {
		return f.sources[i]
	}
	return f.src
}
