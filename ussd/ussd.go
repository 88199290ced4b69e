// Package ussd turns replies into screens for USSD: texts and options that fit
// the room of a link, counted in the alphabet that they are sent in, with a
// footer that names the reserved keys which work there, and the mark of the
// last screen of a dialogue.
//
// It is pure: no I/O, clock, goroutine or logger. The drivers ussdhttp and
// ussdsmpp bring the screens to a gateway.
package ussd

import (
	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// Words puts replies into words. *catalogue.Catalogue does.
type Words interface {
	// Lines are the words of a reply's parts and of its options, each option
	// behind its digit, in the reply's language and letters.
	Lines(r gateway.Reply, m gateway.Medium) (parts, options []string)
	// Own is a text of the engine without slots, as a reader of f sees it on
	// USSD.
	Own(key string, f i18n.Format) string
}

// The engine's texts that make up the footer, each with its key: "0 Back",
// "9 More".
const (
	backText = "nav-back"
	moreText = "nav-more"
)

// Layout makes the screens of one link. It may be used by many goroutines.
type Layout struct {
	Words Words
	Limit Limit // zero: the standard's
}

// Screen is what a handset shows at once.
type Screen struct {
	Text string
	// Coding is GSM 7-bit or UCS-2.
	Coding sms.Coding
	// Octets is what the text takes on the air, at most 160.
	Octets int
	// End says that the session ends with this screen: it is the last of a
	// reply that ends its dialogue.
	End bool
}

// Sheet is a reply in words, before it is cut into screens. On the last screen of
// one that ends there is no footer.
type Sheet = catalogue.Sheet

// Sheet puts a reply into words.
func (l Layout) Sheet(r gateway.Reply) Sheet {
	parts, options := l.Words.Lines(r, gateway.USSD)
	return Sheet{
		Parts: parts, Options: options,
		Back: l.Words.Own(backText, r.Format), More: l.Words.Own(moreText, r.Format),
		HasBack: r.Back, HasMore: r.More, End: r.End,
	}
}

// Screens are all screens of a reply, at least one.
func (l Layout) Screens(r gateway.Reply) []Screen { return l.Limit.Screens(l.Sheet(r)) }

// Count is the number of screens that a reply takes, at least 1.
func (l Layout) Count(r gateway.Reply) int {
	var c cutter
	c.start(l.Sheet(r), l.Limit)
	n := 1
	for !c.next() {
		n++
	}
	return n
}

// Screen is the screen of a reply whose number is r.Page, from 0; the first or
// the last one if there is no such screen.
func (l Layout) Screen(r gateway.Reply) Screen {
	var c cutter
	c.start(l.Sheet(r), l.Limit)
	for n := 0; !c.next() && n < r.Page; n++ { // next has made screen n
	}
	return c.screen()
}

// Screens cuts a sheet into screens, at least one.
func (l Limit) Screens(s Sheet) []Screen {
	var c cutter
	c.start(s, l)
	var list []Screen
	for last := false; !last; {
		last = c.next()
		list = append(list, c.screen())
	}
	return list
}
