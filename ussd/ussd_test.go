package ussd_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/sms"
	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
)

// sheetBN and sheetEN are empty sheets with the footers of two alphabets.
func sheetBN() ussd.Sheet { return ussd.Sheet{Back: "0 পিছনে", More: "9 আরও"} }

func sheetEN() ussd.Sheet { return ussd.Sheet{Back: "0 Back", More: "9 More"} }

// texts are the texts of screens.
func texts(screens []ussd.Screen) []string {
	list := make([]string, 0, len(screens))
	for _, s := range screens {
		list = append(list, s.Text)
	}
	return list
}

func TestLimit_Screens(t *testing.T) {
	t.Parallel()
	with := func(s ussd.Sheet, change func(*ussd.Sheet)) ussd.Sheet {
		change(&s)
		return s
	}
	receipt := "অভিযোগ জমা হয়েছে, নম্বর 60000007। 21 নভেম্বর 2026-এর মধ্যে উত্তর পাবেন। রসিদ 1234-5678-9018"
	for _, tt := range []struct {
		name  string
		limit ussd.Limit
		sheet ussd.Sheet
		want  []string
	}{
		{"nothing", ussd.Limit{}, sheetEN(), []string{""}},
		{"nothing but a way back", ussd.Limit{}, with(sheetEN(), func(s *ussd.Sheet) { s.HasBack = true }), []string{"0 Back"}},
		{"a question", ussd.Limit{}, with(sheetEN(), func(s *ussd.Sheet) { s.Parts = []string{"Which?"} }), []string{"Which?"}},
		{
			"a page of options",
			ussd.Limit{},
			with(sheetBN(), func(s *ussd.Sheet) {
				s.Parts, s.Options, s.HasBack, s.HasMore = []string{"কী চান?"}, []string{"1 ভাতা", "2 জমি"}, true, true
			}),
			[]string{"কী চান?\n1 ভাতা\n2 জমি\n0 পিছনে 9 আরও"},
		},
		{"the end has no footer", ussd.Limit{}, with(sheetEN(), func(s *ussd.Sheet) {
			s.Parts, s.HasBack, s.HasMore, s.End = []string{"Done."}, true, true, true
		}), []string{"Done."}},
		{
			"lines stay whole",
			ussd.Limit{Units: 40},
			with(sheetBN(), func(s *ussd.Sheet) {
				s.Parts = []string{"নম্বরটি মিলছে না।\nকার্ডের নম্বর লিখুন।", "আবার লিখুন।"}
			}),
			[]string{"নম্বরটি মিলছে না।\n9 আরও", "কার্ডের নম্বর লিখুন।\nআবার লিখুন।\n0 পিছনে"},
		},
		{
			"an option that is too long keeps its digit",
			ussd.Limit{Units: 40},
			with(sheetBN(), func(s *ussd.Sheet) {
				s.Options = []string{"1 ভাতা", "2 " + strings.Repeat("স্বাস্থ্য", 5)}
			}),
			[]string{"1 ভাতা\n9 আরও", "2 " + strings.Repeat("স্বাস্থ্য", 2) + "স্বা\n0 পিছনে 9 আরও", "স্থ্য" + strings.Repeat("স্বাস্থ্য", 2) + "\n0 পিছনে"},
		},
		{
			"sentences stay whole, and a receipt with its name",
			ussd.Limit{},
			with(sheetBN(), func(s *ussd.Sheet) { s.Parts, s.End = []string{receipt}, true }),
			[]string{"অভিযোগ জমা হয়েছে, নম্বর 60000007। 21 নভেম্বর 2026-এর মধ্যে উত্তর পাবেন।\n9 আরও", "রসিদ 1234-5678-9018"},
		},
		{
			"each screen in its own alphabet",
			ussd.Limit{},
			with(sheetEN(), func(s *ussd.Sheet) {
				s.Parts = []string{strings.Repeat("Mark sheet. ", 14), "রামপদ দাস"}
			}),
			[]string{strings.TrimSpace(strings.Repeat("Mark sheet. ", 14)) + "\n9 More", "রামপদ দাস\n0 Back"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, texts(tt.limit.Screens(tt.sheet))); diff != "" {
				t.Errorf("Screens (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLimit_Screens_room: 182 septets and 80 units are one screen, and one more
// is two.
func TestLimit_Screens_room(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		text   string
		coding sms.Coding
		octets int
		want   int // screens
	}{
		{"182 septets", strings.Repeat("a", 182), sms.GSM7, 160, 1},
		{"183 septets", strings.Repeat("a", 183), sms.GSM7, 160, 2},
		{"91 characters of two septets", strings.Repeat("[", 91), sms.GSM7, 160, 1},
		{"92 characters of two septets", strings.Repeat("[", 92), sms.GSM7, 160, 2},
		{"80 units", strings.Repeat("ক", 80), sms.UCS2, 160, 1},
		{"81 units", strings.Repeat("ক", 81), sms.UCS2, 160, 2},
		{"one letter of another script", strings.Repeat("a", 79) + "ক", sms.UCS2, 160, 1},
		{"40 surrogate pairs", strings.Repeat("🙏", 40), sms.UCS2, 160, 1},
		{"41 surrogate pairs", strings.Repeat("🙏", 41), sms.UCS2, 160, 2},
	} {
		screens := ussd.Limit{}.Screens(ussd.Sheet{Parts: []string{tt.text}, End: true})
		if got := screens[0]; len(screens) != tt.want || tt.want == 1 && (got.Coding != tt.coding || got.Octets != tt.octets) {
			t.Errorf("%s: %d screens, the first %v of %d octets, want %d, %v of %d", tt.name, len(screens), got.Coding, got.Octets, tt.want, tt.coding, tt.octets)
		}
	}
}

// plainWords says a reply's parts by their keys.
type plainWords struct{}

func (plainWords) Lines(r gateway.Reply, m gateway.Medium) (parts, options []string) {
	for _, p := range r.Parts {
		parts = append(parts, p.Text+" "+string(m))
	}
	for _, o := range r.Options {
		options = append(options, o.Digit+" "+o.Label.Text)
	}
	return parts, options
}

func (plainWords) Own(key string, f i18n.Format) string { return key + "-" + string(f.Lang) }

func TestLayout(t *testing.T) {
	t.Parallel()
	l := ussd.Layout{Words: plainWords{}, Limit: ussd.Limit{Septets: 60}}
	reply := gateway.Reply{
		Format:  i18n.Format{Lang: i18n.Hindi},
		Parts:   []gateway.Part{{Text: "thirty letters of a first part"}, {Text: "thirty letters, second part..."}},
		Options: []gateway.Option{{Digit: "1", Label: gateway.Part{Text: "an option"}}},
		Back:    true, End: true,
	}
	want := []ussd.Screen{
		{Text: "thirty letters of a first part ussd\nnav-back-hi nav-more-hi", Octets: 52},
		{Text: "thirty letters, second part... ussd\n1 an option", Octets: 42, End: true},
	}
	if diff := cmp.Diff(want, l.Screens(reply)); diff != "" {
		t.Errorf("Screens (-want +got):\n%s", diff)
	}
	if n := l.Count(reply); n != 2 {
		t.Errorf("Count = %d, want 2", n)
	}
	for page, n := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 1, 9: 1} {
		r := reply
		r.Page = page
		if diff := cmp.Diff(want[n], l.Screen(r)); diff != "" {
			t.Errorf("Screen of page %d (-want +got):\n%s", page, diff)
		}
	}
}

func BenchmarkLayout(b *testing.B) {
	long := gateway.Reply{Parts: []gateway.Part{{Text: strings.TrimSpace(strings.Repeat("ভাতার টাকা পাঠানো হয়েছে। ", 7))}}, End: true}
	short := gateway.Reply{Parts: []gateway.Part{{Text: "কী জানতে চান?"}}, Back: true, Options: []gateway.Option{
		{Digit: "1", Label: gateway.Part{Text: "শেষ টাকা"}}, {Digit: "2", Label: gateway.Part{Text: "টাকা পেয়েছি"}},
	}}
	l := ussd.Layout{Words: plainWords{}}
	for name, r := range map[string]gateway.Reply{"screens=1": short, "screens=3": long} {
		b.Run("count/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Count(r)
			}
		})
		b.Run("screen/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Screen(r)
			}
		})
	}
}
