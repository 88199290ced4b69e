package ussd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"setu/channels/sms"
	"setu/ussd"
)

// words are pieces of text as services have them, and worse: conjuncts, emoji of
// several characters, characters of two septets, letters without end.
func words() []string {
	return []string{
		"ভাতা", "স্বাস্থ্য", "উপভোক্তা", "নম্বর", "1000000001", "রসিদ", "1234-5678-9018", "हक़", "प्रमाणपत्र", "ज़मीन।", "২০২৬",
		"Rs", "[1]", "{a}", "€5", "Certificate", "wb.example.gov", "👩‍🌾", "🇮🇳", "é", "e\u0301", "কি?", "হ্যাঁ,", "done.",
		strings.Repeat("ক্ষ্ম", 30), strings.Repeat("z", 300), strings.Repeat("👨‍👩‍👧‍👦", 12),
	}
}

func drawLine(t *rapid.T, name string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words()), 1, 12).Draw(t, name), rapid.SampledFrom([]string{" ", "  "}).Draw(t, "gap"))
}

func drawSheet(t *rapid.T) ussd.Sheet {
	s := sheetBN()
	if rapid.Bool().Draw(t, "latin") {
		s = sheetEN()
	}
	for range rapid.IntRange(0, 4).Draw(t, "parts") {
		s.Parts = append(s.Parts, drawLine(t, "part"))
		if rapid.Bool().Draw(t, "lines") {
			s.Parts[len(s.Parts)-1] += "\n" + drawLine(t, "line")
		}
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "options") {
		s.Options = append(s.Options, fmt.Sprintf("%d %s", i+1, drawLine(t, "option")))
	}
	s.HasBack = rapid.Bool().Draw(t, "back")
	s.HasMore = rapid.Bool().Draw(t, "more")
	s.End = rapid.Bool().Draw(t, "end")
	return s
}

// TestScreens_Properties: whatever is said, each screen fits, shows its footer,
// and together they say all of it in order, with no cluster broken and each
// digit with its option.
func TestScreens_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sheet := drawSheet(t)
		limit := ussd.Limit{Septets: rapid.IntRange(40, 182).Draw(t, "septets"), Units: rapid.IntRange(40, 80).Draw(t, "units")}
		screens := limit.Screens(sheet)
		if err := checkScreens(sheet, limit, screens); err != "" {
			t.Fatal(err)
		}
		checkWhole(t, sheet, screens)
	})
}

// checkScreens says what is wrong with the screens of a sheet, but for what
// they say.
func checkScreens(sheet ussd.Sheet, limit ussd.Limit, screens []ussd.Screen) string {
	for i, s := range screens {
		last := i == len(screens)-1
		coding, units := sms.Units(s.Text)
		octets, most := 2*units, limit.Units
		if coding == sms.GSM7 {
			octets, most = (7*units+7)/8, limit.Septets
		}
		switch {
		case units > most:
			return fmt.Sprintf("screen %d: %d units of %v, where %d have room: %q", i, units, coding, most, s.Text)
		case s.Coding != coding || s.Octets != octets || octets > ussd.MaxOctets:
			return fmt.Sprintf("screen %d: %v, %d octets, want %v, %d", i, s.Coding, s.Octets, coding, octets)
		case s.End != (last && sheet.End):
			return fmt.Sprintf("screen %d of %d: End = %v", i, len(screens), s.End)
		}
		if _, ok := strings.CutSuffix(s.Text, wantFooter(sheet, i, last)); !ok {
			return fmt.Sprintf("screen %d: no footer %q: %q", i, wantFooter(sheet, i, last), s.Text)
		}
	}
	return ""
}

func wantFooter(sheet ussd.Sheet, i int, last bool) string {
	if last && sheet.End {
		return ""
	}
	var keys []string
	if i > 0 || sheet.HasBack {
		keys = append(keys, sheet.Back)
	}
	if !last || sheet.HasMore {
		keys = append(keys, sheet.More)
	}
	return strings.Join(keys, " ")
}

// bodies are the screens' lines without their footers.
func bodies(sheet ussd.Sheet, screens []ussd.Screen) []string {
	var list []string
	for i, s := range screens {
		body := strings.TrimSuffix(s.Text, wantFooter(sheet, i, i == len(screens)-1))
		if body = strings.TrimSuffix(body, "\n"); body != "" {
			list = append(list, strings.Split(body, "\n")...)
		}
	}
	return list
}

func checkWhole(t *rapid.T, sheet ussd.Sheet, screens []ussd.Screen) {
	var said []string
	for _, part := range slices.Concat(sheet.Parts, sheet.Options) {
		said = append(said, strings.Split(part, "\n")...)
	}
	shown := bodies(sheet, screens)
	if got, want := clusters(shown), clusters(said); !slices.Equal(got, want) {
		t.Fatalf("the screens say %q, want %q", got, want)
	}
	for _, l := range shown {
		if len(l) == 1 && strings.Contains("12345678", l) {
			t.Fatalf("an option's digit stands alone: %q", shown)
		}
		if strings.HasSuffix(l, "্") || strings.HasSuffix(l, "्") {
			t.Fatalf("a conjunct is broken: %q", l)
		}
	}
}

// clusters are the grapheme clusters of lines, but for the spaces, at which a
// line may be broken.
func clusters(lines []string) []string {
	var list []string
	for _, l := range lines {
		for rest := l; rest != ""; {
			var one string
			one, rest, _, _ = uniseg.FirstGraphemeClusterInString(rest, -1)
			if one != " " {
				list = append(list, one)
			}
		}
	}
	return list
}

// FuzzScreens: no text is lost and no screen too long, even if the text is none.
func FuzzScreens(f *testing.F) {
	f.Add("ভাতার বিষয়ে কী চান?", "1 শেষ টাকা", 182, 80, byte(1))
	f.Add(strings.Repeat("👩‍🌾", 40)+"\nabc", "", 160, 70, byte(7))
	f.Add("a\u0301"+strings.Repeat("\u0301", 300), "2 \xff\xfe", 0, 0, byte(0))
	f.Fuzz(func(t *testing.T, part, option string, septets, units int, flags byte) {
		sheet := sheetBN()
		sheet.Parts, sheet.Options = []string{part}, []string{option}
		sheet.HasBack, sheet.HasMore, sheet.End = flags&1 != 0, flags&2 != 0, flags&4 != 0
		limit := ussd.Limit{Septets: septets, Units: units}
		screens := limit.Screens(sheet)
		room := ussd.Limit{Septets: max(septets, 40), Units: max(units, 40)}
		if septets == 0 {
			room.Septets = ussd.MaxSeptets
		}
		if units == 0 {
			room.Units = ussd.MaxUnits
		}
		if room.Septets > ussd.MaxSeptets || room.Units > ussd.MaxUnits {
			t.Skip("more than a USSD string holds")
		}
		if err := checkScreens(sheet, room, screens); err != "" {
			t.Error(err)
		}
		squeeze := func(s string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(s) }
		if got, want := squeeze(strings.Join(bodies(sheet, screens), "")), squeeze(part+option); got != want {
			t.Errorf("the screens say %q, want %q", got, want)
		}
	})
}
