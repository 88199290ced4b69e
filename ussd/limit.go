package ussd

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"setu/channels/sms"
	"setu/gateway/catalogue"
)

// The room of a USSD string: 160 octets (3GPP TS 24.090 with TS 23.038, 6.1.2.3
// and 6.2.3), which are 182 septets of the GSM 7-bit default alphabet or 80
// units of UCS-2.
const (
	MaxOctets  = 160
	MaxSeptets = MaxOctets * 8 / 7
	MaxUnits   = MaxOctets / 2
)

// leastUnits is the least room that a screen can do with: its footer takes up to
// 20 units, and a word must stand above it.
const leastUnits = 40

// Limit is the room of one screen on a link. The zero value is that of the
// standard: 182 septets and 80 units. Less than 40 of either is taken as 40.
type Limit struct {
	Septets int // of GSM 7-bit; a character of the extension table takes two
	Units   int // of UCS-2, 16 bits each
}

// orDefault fills in what is not said.
func (l Limit) orDefault() Limit {
	return Limit{
		Septets: max(cmp.Or(l.Septets, MaxSeptets), leastUnits),
		Units:   max(cmp.Or(l.Units, MaxUnits), leastUnits),
	}
}

// fits says that a text of the size can be shown on one screen.
func (l Limit) fits(s size) bool {
	if s.wide {
		return s.units <= l.Units
	}
	return s.septets <= l.Septets
}

// size is the length of a text in both alphabets, so that texts can be added up
// before it is known which of them their screen is sent in.
type size struct {
	septets int // of GSM 7-bit; meaningless when wide
	units   int // of UCS-2
	wide    bool
}

// sizeOf measures a text.
func sizeOf(text string) size {
	c, n := sms.Units(text)
	if c == sms.GSM7 { // whose characters are all of the Basic Multilingual Plane
		return size{septets: n, units: utf8.RuneCountInString(text)}
	}
	return size{units: n, wide: true}
}

// newline is the size of a line's end.
var newline = size{septets: 1, units: 1}

func (s size) plus(o size) size {
	return size{septets: s.septets + o.septets, units: s.units + o.units, wide: s.wide || o.wide}
}

// coding is the alphabet of a screen of the size.
func (s size) coding() sms.Coding {
	if s.wide {
		return sms.UCS2
	}
	return sms.GSM7
}

// octets is what a screen of the size takes on the air.
func (s size) octets() int {
	if s.wide {
		return 2 * s.units
	}
	return (7*s.septets + 7) / 8
}

// maxScreens is the most screens that a reply may take: what is longer is not
// read to its end.
const maxScreens = 3

// Texts is the limit that the texts of services must keep to, so that a question
// and its options are one screen, and nothing takes more than three.
func (l Limit) Texts() catalogue.Limit {
	return catalogue.Limit{
		Max: maxScreens, Question: 1,
		Measure: func(text string) (int, string) {
			s := sizeOf(text)
			return s.octets(), fmt.Sprintf("%s, %d octets", s.coding(), s.octets())
		},
		Screens: func(s catalogue.Sheet) (int, string) {
			screens := l.Screens(s)
			var octets strings.Builder
			for i, one := range screens {
				if i > 0 {
					octets.WriteString(" + ")
				}
				fmt.Fprintf(&octets, "%d", one.Octets)
			}
			return len(screens), fmt.Sprintf("%s, %s octets, screens: %d", screens[0].Coding, octets.String(), len(screens))
		},
	}
}
