package e2e_test

import (
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// errand is what a citizen does by the menu, with digits only, after her first
// message has told her language.
type errand struct {
	service string
	from    string   // who writes; anybody when empty
	digits  []string // the menu's numbers and the values
	titles  [3]string
	want    [3][]string // the last answer in bn, hi and en
	screen  [3][]string // what of it fits a USSD screen, where that is less
	submits bool
}

// errands are at least one of each service; the transactions are taken back.
func errands() []errand {
	day := fromToday(14 * 24 * time.Hour)
	return []errand{
		{
			service: "benefit", digits: []string{"1", "1", "1000000001"}, titles: [3]string{"ভাতা", "भत्ता", "Benefit"},
			want: [3][]string{{"বার্ধক্য ভাতা: 1,000 টাকা"}, {"वृद्धावस्था पेंशन: 1,000 रुपये"}, {"Old Age Pension: Rs 1,000 sent on "}},
		},
		{
			service: "benefit", digits: []string{"1", "2", "1000000001", "1"}, submits: true, titles: [3]string{"ভাতা", "भत्ता", "Benefit"},
			want: [3][]string{{"বার্ধক্য ভাতা, 1,000 টাকা পেয়েছেন"}, {"वृद्धावस्था पेंशन के 1,000 रुपये मिल गए"}, {"you received Rs 1,000 of Old Age Pension"}},
		},
		{
			service: "health", digits: []string{"2", "4000000004"}, titles: [3]string{"স্বাস্থ্য", "स्वास्थ्य", "Health card"},
			want: [3][]string{{"2,22,500 টাকা", "7 জন"}, {"2,22,500 रुपये", "7 सदस्य"}, {"Rs 2,22,500 left", "7 persons"}},
		},
		{
			service: "produce", digits: []string{"3", "1", "3"}, titles: [3]string{"ফসল", "फसल", "Farm produce"},
			want: [3][]string{{"আলু: কুইন্টাল 1,150 টাকা"}, {"आलू: 1,150 रुपये"}, {"Potato: Rs 1,150 per quintal"}},
		},
		{
			service: "produce", digits: []string{"3", "4", "1", "450", day, "1"}, submits: true, titles: [3]string{"ফসল", "फसल", "Farm produce"},
			want: [3][]string{{"লট ", "রসিদ"}, {"लॉट ", "रसीद"}, {"lot ", "Kisan Mandi", "Receipt"}},
		},
		{
			service: "land", digits: []string{"4", "2", "101", "12", "34"}, titles: [3]string{"জমি", "ज़मीन", "Land"},
			want:   [3][]string{{"নারায়ণডাঙা", "51.3 শতক", "আব্দুল বর্মন"}, {"नारायणडांगा", "51.3 डिसमिल", "अब्दुल बर्मन"}, {"Narayandanga", "51.3 decimal", "Abdul Barman"}},
			screen: [3][]string{{"দাগ 34", "51.3 শতক", "আব্দুল বর্মন"}, {"दाग 34", "51.3 डिसमिल", "अब्दुल बर्मन"}, {"plot 34", "51.3 decimal", "Abdul Barman"}},
		},
		{
			service: "land", digits: []string{"4", "1", "2000000002"}, titles: [3]string{"জমি", "ज़मीन", "Land"},
			want: [3][]string{{"2000000002", "সোনামুখী ভূমি দপ্তর"}, {"2000000002", "सोनामुखी भूमि दफ़्तर"}, {"2000000002", "Sonamukhi Land Office"}},
		},
		{
			service: "grievance", digits: []string{"5", "2", "1", "No water 2 weeks", "1"}, submits: true, titles: [3]string{"অভিযোগ", "शिकायत", "Complaint"},
			want:   [3][]string{{"অভিযোগ", "নম্বর 6", "রসিদ"}, {"शिकायत", "नंबर 6", "रसीद"}, {"Complaint", "number 6", "Receipt"}},
			screen: [3][]string{{"অভিযোগ 6", "রসিদ"}, {"शिकायत 6", "रसीद"}, {"Complaint", "number 6", "Receipt"}},
		},
		{
			service: "document", digits: []string{"6", "1", "WB10000001"}, titles: [3]string{"শংসাপত্র", "प्रमाणपत्र", "Certificate"},
			want:   [3][]string{{"WB10000001", "জন্ম শংসাপত্র", "দ*** সাহা"}, {"WB10000001", "जन्म प्रमाणपत्र", "द*** साहा"}, {"WB10000001", "Birth certificate", "D*** Saha"}},
			screen: [3][]string{{"জন্ম শংসাপত্র", "দ*** সাহা"}, {"जन्म प्रमाणपत्र", "द*** साहा"}, {"Birth certificate", "D*** Saha"}},
		},
		{
			service: "document", digits: []string{"6", "2", "a6d9eadb2889"}, titles: [3]string{"শংসাপত্র", "प्रमाणपत्र", "Certificate"},
			want: [3][]string{{"WB10000001", "মাটিগাড়া ব্লক অফিস"}, {"WB10000001", "माटीगाड़ा ब्लॉक दफ़्तर"}, {"WB10000001", "Matigara Block Office"}},
		},
		{
			service: "academic", digits: []string{"7", "3000000003"}, titles: [3]string{"মার্কশিট", "अंकपत्र", "Mark sheet"},
			want: [3][]string{{"দিলীপ সাহা", "মাধ্যমিক 2017", "প্রথম বিভাগ"}, {"दिलीप साहा", "माध्यमिक 2017", "प्रथम श्रेणी"}, {"Dilip Saha", "Madhyamik 2017", "first division"}},
		},
		{
			service: "consent", digits: []string{"8", "1", "1"}, from: "919830000001", submits: true, titles: [3]string{"সম্মতি", "सहमति", "Consent"},
			want: [3][]string{{"মেডিক্যাল কলেজ", "রসিদ"}, {"मेडिकल कॉलेज", "रसीद"}, {"Medical College", "Receipt"}},
		},
		{
			service: "site", digits: []string{"9", "1", "wb.example.gov"}, titles: [3]string{"সাইট", "साइट", "Website"},
			want: [3][]string{{"wb.example.gov ঠিক আছে"}, {"wb.example.gov ठीक है"}, {"wb.example.gov is fine"}},
		},
	}
}

// TestMenu does each errand from the main menu on, in the language of the
// citizen's first word. What was recorded is looked up by its receipt, in each
// way that there is, and taken back with CANCEL.
func TestMenu(t *testing.T) {
	t.Parallel()
	for i, l := range languages {
		t.Run(l.code, func(t *testing.T) {
			t.Parallel()
			w := open(t, gatewaytest.Options{})
			for _, e := range errands() {
				number := e.from
				if number == "" {
					number = newNumber()
				}
				reply := w.ask(number, l.menu)
				title := e.titles[i]
				for n, digit := range e.digits {
					if n == 0 && digit == "9" {
						within(t, "menu", reply, "9 ")
					} else if n == 0 {
						within(t, "menu", reply, digit+" "+title)
					}
					reply = w.ask(number, digit)
				}
				within(t, e.service+" by menu", reply, e.want[i]...)
				if e.submits {
					w.lookUp(l.code, e.service, number, reply)
				}
			}
		})
	}
}

// lookUp asks for the receipt of what was recorded, then takes it back and asks
// again: the record stays, nobody is told that it stands, and the taking back has
// a receipt of its own.
func (w *town) lookUp(lang, service, number, reply string) {
	w.t.Helper()
	receipt := lastReceipt(w.t, reply)
	for _, l := range languages {
		// Whoever holds the receipt may ask, in any language, with or without the word.
		within(w.t, "receipt in "+l.code, w.ask(newNumber(), l.receipt+" "+receipt), receipt)
	}
	within(w.t, "bare receipt", w.ask(newNumber(), strings.ReplaceAll(receipt, "-", "")), receipt)
	within(w.t, "setu receipt", w.setu("receipt", receipt), `"state": "recorded"`, `"service": "`+service+`"`, `"code": "done"`)
	for _, l := range languages {
		if l.code != lang {
			continue
		}
		undone := w.ask(number, l.cancel)
		own := lastReceipt(w.t, undone)
		within(w.t, "cancel", undone, receipt)
		if own == receipt {
			w.t.Errorf("%q has no receipt of its own", undone)
		}
		within(w.t, "setu receipt of cancel", w.setu("receipt", own), `"state": "recorded"`, `"code": "undone"`)
		stands := w.ask(newNumber(), l.receipt+" "+receipt)
		within(w.t, "receipt of what is taken back", stands, receipt)
		if blockNumber.MatchString(stands) {
			w.t.Errorf("%q is taken back, and told as recorded in a block", stands)
		}
		within(w.t, "setu receipt of what is taken back", w.setu("receipt", receipt), `"state": "recorded"`, `"undone": true`)
	}
}
