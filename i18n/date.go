package i18n

import "time"

// indianTime is Indian Standard Time's distance from UTC. India keeps no
// summer time, so no time zone database is needed.
const indianTime = 5*time.Hour + 30*time.Minute

// Years that a date may lie in.
const (
	firstYear = 1900
	lastYear  = 2199
)

var bengaliMonths = [...]string{
	"জানুয\u09bcারি", "ফেব্রুয\u09bcারি", "মার্চ", "এপ্রিল", "মে", "জুন",
	"জুলাই", "আগস্ট", "সেপ্টেম্বর", "অক্টোবর", "নভেম্বর", "ডিসেম্বর",
}

var hindiMonths = [...]string{
	"जनवरी", "फरवरी", "मार्च", "अप्रैल", "मई", "जून",
	"जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर",
}

var englishMonths = [...]string{
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}

// monthName is the name of month 1 to 12 as dates are shown.
func monthName(l Lang, month int) string {
	switch l {
	case Bengali:
		return bengaliMonths[month-1]
	case Hindi:
		return hindiMonths[month-1]
	}
	return englishMonths[month-1]
}

// appendDate appends a canonical date as "2 Nov 2026".
func appendDate(dst []byte, raw string, f Format) ([]byte, bool) {
	year, month, day, ok := splitDate(raw)
	if !ok {
		return dst, false
	}
	return appendDay(dst, year, month, day, f), true
}

func appendDay(dst []byte, year, month, day int, f Format) []byte {
	zero := f.zero()
	if day >= 10 {
		dst = appendDigit(dst, '0'+byte(day/10), zero)
	}
	dst = appendDigit(dst, '0'+byte(day%10), zero)
	dst = append(dst, ' ')
	dst = append(dst, monthName(f.Lang, month)...)
	dst = append(dst, ' ')
	dst = appendTwoDigits(dst, year/100, zero)
	return appendTwoDigits(dst, year%100, zero)
}

func appendTwoDigits(dst []byte, n int, zero rune) []byte {
	dst = appendDigit(dst, '0'+byte(n/10), zero)
	return appendDigit(dst, '0'+byte(n%10), zero)
}

// appendTime appends a canonical time as "2 Nov 2026 10:30", Indian time.
func appendTime(dst []byte, raw string, f Format) ([]byte, bool) {
	t, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		return dst, false
	}
	t = t.UTC().Add(indianTime)
	year, month, day := t.Date()
	if year < firstYear || year > lastYear {
		return dst, false
	}
	zero := f.zero()
	dst = appendDay(dst, year, int(month), day, f)
	dst = append(dst, ' ')
	dst = appendTwoDigits(dst, t.Hour(), zero)
	dst = append(dst, ':')
	return appendTwoDigits(dst, t.Minute(), zero), true
}

// splitDate reads a canonical date, "2026-11-02".
func splitDate(raw string) (year, month, day int, ok bool) {
	if len(raw) != 10 || raw[4] != '-' || raw[7] != '-' ||
		!isDigits(raw[:4]) || !isDigits(raw[5:7]) || !isDigits(raw[8:]) {
		return 0, 0, 0, false
	}
	year, month, day = smallInt(raw[:4]), smallInt(raw[5:7]), smallInt(raw[8:])
	return year, month, day, isDate(year, month, day)
}

// smallInt reads a few ASCII digits.
func smallInt(digits string) int {
	n := 0
	for i := range len(digits) {
		n = 10*n + int(digits[i]-'0')
	}
	return n
}

func isDate(year, month, day int) bool {
	return firstYear <= year && year <= lastYear && 1 <= month && month <= 12 &&
		1 <= day && day <= daysIn(year, month)
}

func daysIn(year, month int) int {
	// Day 0 of the next month is the last of this one.
	return time.Date(year, time.Month(month+1), 0, 0, 0, 0, 0, time.UTC).Day()
}
