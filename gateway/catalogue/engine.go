package catalogue

import (
	"slices"

	"setu/i18n"
)

// engineSlots are the slots that the engine's own texts may use, with the
// widest value that each can have.
var engineSlots = map[string]Field{
	"word":    {Kind: i18n.Text, Max: 24},
	"keyword": {Kind: i18n.Text, Max: 16},
	"service": {Kind: i18n.Text, Max: 16},
	"length":  {Kind: i18n.Number, Max: 2},
	"least":   {Kind: i18n.Number, Max: 7},
	"most":    {Kind: i18n.Number, Max: 7},
	"sample":  {Kind: i18n.Code, Max: 16},
	"minutes": {Kind: i18n.Number, Max: 4},
	"count":   {Kind: i18n.Number, Max: 3},
	"receipt": {Kind: i18n.Receipt},
	"undone":  {Kind: i18n.Receipt},
	"code":    {Kind: i18n.Code, Max: 6},
	"block":   {Kind: i18n.Number, Max: 9},
	"at":      {Kind: i18n.Time},
}

// engineTexts are the engine's own texts and the slots that each may use.
var engineTexts = map[string][]string{
	// Finding one's way.
	"menu": nil, "help": nil, "unknown": nil, "meant": {"word"}, "yes": nil, "no": nil, "nav-back": nil, "nav-more": nil, "menu-language": nil, "menu-receipt": nil,
	"language": nil, "language-bn": nil, "language-hi": nil, "language-en": nil, "language-set": nil,
	"digits-native": nil, "digits-western": nil,
	"stopped": nil, "started": nil, "will-call": nil, "no-calls": nil,
	"resume": {"service"}, "resume-yes": nil, "resume-no": nil, "renewed": nil,
	"left": nil, "declined": nil, "give-up": nil, "hint": nil, "none": nil, "list-cut": {"count"},
	"no-pin": nil, "write-again": {"keyword"},
	"letters": nil, "letters-bn": nil, "letters-hi": nil,

	// The PIN.
	"pin-ask": nil, "pin-old": nil, "pin-new": nil, "pin-again": nil, "pin-set": nil, "pin-differs": nil,
	"pin-weak": nil, "pin-digits": nil, "pin-wrong": {"count"}, "pin-locked": {"at"}, "pin-reset": nil,

	// A login from the app.
	"otp": {"code"},

	// What was wrong with an input.
	"again-empty": nil, "again-digits": {"length"}, "again-digits-range": {"least", "most"}, "again-check": nil,
	"again-number": {"least", "most"}, "again-money": {"least", "most"}, "again-decimals": {"count"},
	"again-date": nil, "again-day": nil, "again-past": nil, "again-future": nil,
	"again-choice": nil, "again-confirm": nil, "again-text": nil, "again-long": {"most"}, "again-phone": nil,
	"again-hash": {"least"}, "again-host": nil, "again-code": {"sample"}, "again-receipt": nil,

	// Messages that cannot be read.
	"too-long": nil, "incomplete": nil, "undecodable": nil,

	// Transactions and their receipts.
	"received": {"receipt"}, "received-quiet": {"receipt"}, "undo-line": {"minutes"}, "receipt-line": {"receipt"}, "recorded": {"receipt"},
	"refused-later": {"receipt"}, "unsure-later": {"receipt"}, "cancelling": {"receipt", "undone"}, "undone": {"receipt", "undone"},
	"undo-late": {"undone"}, "undo-missing": {"undone"}, "nothing-to-cancel": nil, "too-late-to-cancel": {"undone"},
	"receipt-ask": nil, "receipt-missing": {"receipt"}, "receipt-waiting": {"receipt", "service"},
	"receipt-recorded": {"receipt", "service", "at", "block"}, "receipt-refused": {"receipt", "service"},
	"receipt-held": {"receipt", "service"}, "receipt-withdrawn": {"receipt", "service"},
	"repeat-recorded": {"receipt", "service", "at"}, "repeat-waiting": {"receipt", "service"}, "repeat-held": {"receipt", "service"},
	"repeat-keep": nil, "repeat-anew": nil, "repeat-kept": {"receipt"},

	// A ledger that is slow or does not know.
	"later": nil, "late-expired": nil, "busy": nil, "unexpected": nil,
}

// loadEngine reads the engine's own texts and words.
func (c *Catalogue) loadEngine(files [languages]*textFile, note *Problems) {
	c.texts = joinTexts(files, note)
	for _, key := range sortedKeys(engineTexts) {
		if c.texts[key] == nil {
			note.add(place{file: "engine"}, "text %q is missing", key)
		}
	}
	for _, key := range sortedKeys(c.texts) {
		slots, known := engineTexts[key]
		t := c.texts[key]
		if !known {
			note.add(t.forms[0].at, "the engine has no text %q", key)
			continue
		}
		c.checkSlots(t, func(name string) bool { return slices.Contains(slots, name) }, note)
	}
	for _, f := range files {
		if f != nil {
			c.loadCommands(f, note)
		}
	}
}

// loadCommands reads the words of the engine in one language.
func (c *Catalogue) loadCommands(f *textFile, note *Problems) {
	for _, cmd := range commands {
		n, ok := f.words[string(cmd)]
		if !ok {
			note.add(f.at, "words for %q are missing", cmd)
			continue
		}
		for _, text := range n.strs() {
			c.addWord(word{text: text, folded: i18n.Fold(text), at: n.at}, Word{Command: cmd}, note)
		}
	}
	for key, n := range f.words {
		if !slices.Contains(commands[:], Command(key)) {
			n.fail("the engine has no word %q", key)
		}
	}
}

// checkSlots notes slots that a text uses and cannot have.
func (c *Catalogue) checkSlots(t *Text, known func(string) bool, note *Problems) {
	for i := range t.forms {
		f := &t.forms[i]
		for _, name := range f.names() {
			if !known(name) {
				note.add(f.at, "text %q: there is no slot {%s} here", t.Key, name)
			}
		}
	}
}
