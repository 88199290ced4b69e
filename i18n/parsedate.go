package i18n

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Errors of [ParseDate]. They never hold what was typed.
var (
	// ErrNotDate says that a text is not a day between 1900 and 2199.
	ErrNotDate = errors.New("i18n: not a date")
	// ErrAmbiguousDate says that a text may mean two days: Bengali কাল and
	// Hindi कल are both yesterday and tomorrow. Ask for the day and month.
	ErrAmbiguousDate = errors.New("i18n: date may mean two days")
)

// ParseDate reads a day as people type it and gives it as "2026-11-02": day,
// month and year in this order, with any of the usual separators, digits of
// three scripts and month names of three languages; year first if it has four
// digits; 02112026; today, yesterday and tomorrow. A year of two digits is the
// one from 89 years before now to 10 years after. A day without a year is the
// latest such day that is not after now. now is taken in Indian time. The
// error is [ErrNotDate] or [ErrAmbiguousDate].
func ParseDate(s string, now time.Time) (string, error) {
	s = Fold(s)
	if len(s) > 64 { // far longer than any date in three octets a letter
		return "", ErrNotDate
	}
	now = now.UTC().Add(indianTime)
	switch s {
	case "আজ", "আজকে", "आज", "today", "aaj", "aj", "ajke":
		return formatDay(now.Date())
	case "গতকাল", "yesterday", "gotokal", "gatakal":
		return formatDay(now.AddDate(0, 0, -1).Date())
	case "আগামীকাল", "আগামিকাল", "tomorrow", "agamikal":
		return formatDay(now.AddDate(0, 0, 1).Date())
	case "কাল", "কালকে", "कल", "kal", "kalke":
		return "", ErrAmbiguousDate
	}
	if len(s) == 8 && isDigits(s) {
		return parseEightDigits(s)
	}
	fields, ok := dateFields(s)
	if !ok {
		return "", ErrNotDate
	}
	switch len(fields) {
	case 3:
		return threeFields(fields, now)
	case 2:
		return twoFields(fields, now)
	}
	return "", ErrNotDate
}

// parseEightDigits reads ddmmyyyy or yyyymmdd. Both fit no number at once: the
// fifth and sixth digits are 19 to 21 in the one and at most 12 in the other.
func parseEightDigits(s string) (string, error) {
	day, month, year := smallInt(s[:2]), smallInt(s[2:4]), smallInt(s[4:])
	if !isDate(year, month, day) {
		year, month, day = smallInt(s[:4]), smallInt(s[4:6]), smallInt(s[6:])
	}
	return formatDay(year, time.Month(month), day)
}

// threeFields reads day, month and year, or year, month and day, or month name,
// day and year.
func threeFields(fields []dateField, now time.Time) (string, error) {
	a, b, c := fields[0], fields[1], fields[2]
	switch {
	case a.digits == 4 && c.digits <= 2:
		a, c = c, a
	case a.month && !b.month:
		a, b = b, a
	}
	if a.month || c.month || a.digits > 2 || b.digits > 2 {
		return "", ErrNotDate
	}
	year := c.n
	switch c.digits {
	case 4:
	case 2:
		year = fullYear(c.n, now.Year())
	default:
		return "", ErrNotDate
	}
	return formatDay(year, time.Month(b.n), a.n)
}

// fullYear gives the year from 89 years before to 10 years after this one that
// ends in the two digits yy.
func fullYear(yy, thisYear int) int {
	last := thisYear + 10
	return last - ((last-yy)%100+100)%100
}

// twoFields reads day and month, in this order unless the month is a name.
func twoFields(fields []dateField, now time.Time) (string, error) {
	day, month := fields[0], fields[1]
	if day.month && !month.month {
		day, month = month, day
	}
	if day.month || day.digits > 2 || month.digits > 2 {
		return "", ErrNotDate
	}
	// Eight years back hold a 29 February, but around 1900 and 2100.
	for year := now.Year(); year >= now.Year()-8; year-- {
		if !isDate(year, month.n, day.n) {
			continue
		}
		if d := time.Date(year, time.Month(month.n), day.n, 0, 0, 0, 0, time.UTC); !d.After(now) {
			return formatDay(d.Date())
		}
	}
	return "", ErrNotDate
}

// formatDay gives the canonical date, or ErrNotDate if there is no such day.
func formatDay(year int, month time.Month, day int) (string, error) {
	if !isDate(year, int(month), day) {
		return "", ErrNotDate
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), nil
}

// dateField is one number or month name of a date.
type dateField struct {
	n      int
	digits int // of a number; 0 for a name
	month  bool
}

// dateFields cuts a folded text into numbers and month names. It is not ok if
// anything else stands between them.
func dateFields(s string) (fields []dateField, ok bool) {
	fields = make([]dateField, 0, 4)
	for s != "" && len(fields) < 4 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case '0' <= r && r <= '9':
			n := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
			if n < 0 {
				n = len(s)
			}
			if n > 4 {
				return nil, false
			}
			fields = append(fields, dateField{n: smallInt(s[:n]), digits: n})
			s = trimOrdinal(s[n:])
		case isWordRune(r):
			word := leadingWord(s)
			month, known := parseMonth(word)
			if !known {
				return nil, false
			}
			fields = append(fields, dateField{n: month, month: true})
			s = s[len(word):]
		case strings.ContainsRune(" -/.,'–—", r):
			s = s[size:]
		default:
			return nil, false
		}
	}
	return fields, s == ""
}

func leadingWord(s string) string {
	if n := strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) }); n >= 0 {
		return s[:n]
	}
	return s
}

// trimOrdinal drops the ending that makes the number before it an ordinal, as
// in 2nd, ২রা or ২৫শে.
func trimOrdinal(s string) string {
	word := leadingWord(s)
	switch word {
	case "st", "nd", "rd", "th", "লা", "রা", "ঠা", "ই", "শে", "এ":
		return s[len(word):]
	}
	return s
}

// parseMonth reads a month's folded name, as dates are shown, in full, or as it
// is also spelled.
func parseMonth(word string) (month int, ok bool) {
	switch word {
	case "jan", "january", "জানুয\u09bcারি", "জানুয\u09bcারী", "জানু", "जनवरी":
		return 1, true
	case "feb", "february", "ফেব্রুয\u09bcারি", "ফেব্রুয\u09bcারী", "ফেব", "फरवरी", "फ\u093cरवरी":
		return 2, true
	case "mar", "march", "মার্চ", "मार्च":
		return 3, true
	case "apr", "april", "এপ্রিল", "अप्रैल":
		return 4, true
	case "may", "মে", "मई":
		return 5, true
	case "jun", "june", "জুন", "जून":
		return 6, true
	case "jul", "july", "জুলাই", "जुलाई":
		return 7, true
	case "aug", "august", "আগস্ট", "অগাস্ট", "আগষ্ট", "अगस्त":
		return 8, true
	case "sep", "sept", "september", "সেপ্টেম্বর", "सितंबर", "सितम्बर":
		return 9, true
	case "oct", "october", "অক্টোবর", "अक्टूबर", "अक्तूबर":
		return 10, true
	case "nov", "november", "নভেম্বর", "नवंबर", "नवम्बर":
		return 11, true
	case "dec", "december", "ডিসেম্বর", "दिसंबर", "दिसम्बर":
		return 12, true
	}
	return 0, false
}
