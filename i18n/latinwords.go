package i18n

import "strings"

// latinWords reads a list of words and what people write for them in Latin
// letters, by which spaces and lines go.
func latinWords(list string) map[string]string {
	fields := strings.Fields(list)
	words := make(map[string]string, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		words[NFC(fields[i])] = fields[i+1]
	}
	return words
}

// bengaliWords are Bengali words that the rules do not get right: words from
// English, futures in -bo, learned words whose vowels are spoken.
const bengaliWords = `
এসএমএস SMS  পিন PIN  ওটিপি OTP  কেজি kg  জেএল JL
কার্ড card  ব্লক block  রেকর্ড record  সাইট site  ওয়েবসাইট website  ফাইল file  হ্যাশ hash  লাইসেন্স licence
কলেজ college  বোর্ড board  রেজিস্ট্রেশন registration  মিউটেশন mutation  ডিগ্রি degree  মোবাইল mobile  মিনিট minute
সার্টিফিকেট certificate  রেজাল্ট result  কুইন্টাল quintal  ব্যাঙ্ক bank  অফিস office  ডায়াল dial  মার্কশিট marksheet
কেস case  রোল roll  মেডিক্যাল medical  ট্রেড trade  হেল্প help  লেজার ledger  ইঞ্জিন engine  রেশন ration
বেচব bechbo  লিখব likhbo  পাঠাব pathabo  দেখাব dekhabo  জানাব janabo  যাব jabo  দেব debo  নেব nebo  করব korbo
বলব bolbo  রাখব rakhbo  আনব anbo  পাব pabo  চালাব chalabo  হব hobo
হল holo  এল elo  গেল gelo  ছিল chilo  কত koto  যত joto  তত toto  ছোট choto  বড় boro  অন্তত ontoto  অঙ্ক onko
দুঃখিত dukkhito  স্বাগত swagoto  স্বাস্থ্য swasthya  স্বাস্থ্যসাথী swasthyasathi  ধন্যবাদ dhonnobad  জন্য jonno  অন্য onno
উপভোক্তা upobhokta  পুরসভা purosobha  অথবা othoba  সময়মতো somoymoto  দশমিক doshomik  আজকের ajker  এইরকম eirokom
খতিয়ান khatian  পরগনা pargana  ঝাড়গ্রাম jhargram  নদিয়া nadia  পুরুলিয়া purulia
`

// hindiWords are such words of Hindi, and the small ones that everybody writes
// in their own way.
const hindiWords = `
एसएमएस SMS  पिन PIN  ओटीपी OTP  जेएल JL
है hai  हैं hain  में mein  नहीं nahi  नही nahi  हाँ haan  हां haan  यह yeh  वह voh  पहले pehle  जवाब jawab  वापस wapas
रुपये rupaye  थोड़ा thoda  थोड़े thode  सहमति sahmati  परगना pargana  अंकपत्र ankpatra
कार्ड card  ब्लॉक block  रिकॉर्ड record  साइट site  वेबसाइट website  फ़ाइल file  फाइल file  हैश hash  लाइसेंस licence
कॉलेज college  बोर्ड board  रजिस्ट्रेशन registration  म्यूटेशन mutation  डिग्री degree  मोबाइल mobile  मिनट minute
सर्टिफिकेट certificate  रिज़ल्ट result  रिजल्ट result  क्विंटल quintal  बैंक bank  डायल dial  मार्कशीट marksheet
केस case  रोल roll  मेडिकल medical  ट्रेड trade  क्वालिटी quality  इंजन engine  पेंशन pension
अलीपुरद्वार alipurduar  हावड़ा howrah  झाड़ग्राम jhargram  नदिया nadia  पुरुलिया purulia  खतियान khatian
`

// suffixes are the endings that Bengali writes together with a word.
var suffixes = [...][2]string{
	{"ের", "-er"}, {"েও", "-eo"}, {"টির", "-tir"}, {"টি", "-ti"}, {"গুলি", "-guli"}, {"কে", "-ke"}, {"তে", "-te"}, {"ে", "-e"}, {"র", "r"},
}

// appendKnown appends a word that is on the list, alone or with an ending.
func (s *indic) appendKnown(dst []byte, word string) ([]byte, bool) {
	if known, ok := s.words[word]; ok {
		return append(dst, known...), true
	}
	if !s.bengali {
		return dst, false
	}
	for i := range suffixes {
		stem, cut := strings.CutSuffix(word, suffixes[i][0])
		if !cut {
			continue
		}
		known, ok := s.words[stem]
		if ok && !strings.HasSuffix(known, "o") { // hobe is no ending of hobo
			return append(append(dst, known...), suffixes[i][1]...), true
		}
	}
	return dst, false
}
