package synthetic

// words is a name in the three languages, Bengali, Hindi and English.
type words [3]string

// The names below are common ones of West Bengal, put together at random. They
// are nobody's.

var womenNames = [...]words{
	{"সুমিত্রা", "सुमित्रा", "Sumitra"},
	{"মালতী", "मालती", "Malati"},
	{"রেহানা", "रेहाना", "Rehana"},
	{"অঞ্জলি", "अंजलि", "Anjali"},
	{"শেফালি", "शेफाली", "Shefali"},
	{"ফতেমা", "फातेमा", "Fatema"},
	{"লক্ষ্মী", "लक्ष्मी", "Lakshmi"},
	{"পূর্ণিমা", "पूर्णिमा", "Purnima"},
	{"আয়েশা", "आयशा", "Ayesha"},
	{"কল্পনা", "कल्पना", "Kalpana"},
	{"সরস্বতী", "सरस्वती", "Saraswati"},
	{"নাসিমা", "नसीमा", "Nasima"},
	{"মীনা", "मीना", "Mina"},
	{"ঝর্ণা", "झरना", "Jharna"},
	{"সাবিত্রী", "सावित्री", "Sabitri"},
	{"রুকসানা", "रुखसाना", "Ruksana"},
	{"দীপালি", "दीपाली", "Dipali"},
	{"গীতা", "गीता", "Gita"},
	{"ফুলমণি", "फूलमणि", "Phulmani"},
	{"প্রতিমা", "प्रतिमा", "Pratima"},
}

var menNames = [...]words{
	{"রবি", "रवि", "Rabi"},
	{"গোপাল", "गोपाल", "Gopal"},
	{"আব্দুল", "अब्दुल", "Abdul"},
	{"সুকুমার", "सुकुमार", "Sukumar"},
	{"বিমল", "बिमल", "Bimal"},
	{"রফিকুল", "रफीकुल", "Rafikul"},
	{"তপন", "तपन", "Tapan"},
	{"সঞ্জয়", "संजय", "Sanjay"},
	{"হরেন", "हरेन", "Haren"},
	{"মহম্মদ", "मोहम्मद", "Mohammad"},
	{"প্রদীপ", "प्रदीप", "Pradip"},
	{"নিমাই", "निमाई", "Nimai"},
	{"বাবলু", "बबलू", "Bablu"},
	{"জয়দেব", "जयदेव", "Joydeb"},
	{"সুবল", "सुबल", "Subal"},
	{"ইমরান", "इमरान", "Imran"},
	{"দিলীপ", "दिलीप", "Dilip"},
	{"কার্তিক", "कार्तिक", "Kartik"},
	{"লক্ষ্মণ", "लक्ष्मण", "Lakshman"},
	{"অনিল", "अनिल", "Anil"},
}

var familyNames = [...]words{
	{"দাস", "दास", "Das"},
	{"মণ্ডল", "मंडल", "Mandal"},
	{"ঘোষ", "घोष", "Ghosh"},
	{"পাল", "पाल", "Pal"},
	{"রায়", "राय", "Ray"},
	{"সরকার", "सरकार", "Sarkar"},
	{"বিশ্বাস", "बिस्वास", "Biswas"},
	{"মাহাতো", "महतो", "Mahato"},
	{"সর্দার", "सरदार", "Sardar"},
	{"মুর্মু", "मुर्मू", "Murmu"},
	{"বাউড়ি", "बाउरी", "Bauri"},
	{"হালদার", "हालदार", "Haldar"},
	{"বর্মন", "बर्मन", "Barman"},
	{"মাইতি", "माइती", "Maiti"},
	{"শেখ", "शेख", "Sheikh"},
	{"জানা", "जाना", "Jana"},
	{"হেমব্রম", "हेम्ब्रम", "Hembram"},
	{"সাহা", "साहा", "Saha"},
	{"গায়েন", "गायेन", "Gayen"},
	{"তামাং", "तमांग", "Tamang"},
}

// district is a district with its code, as produce.Price takes it, and some of
// its blocks.
type district struct {
	code   string
	name   words
	blocks []words
}

var districts = [...]district{
	{"alipurduar", words{"আলিপুরদুয়ার", "अलीपुरद्वार", "Alipurduar"}, []words{{"ফালাকাটা", "फालाकाटा", "Falakata"}, {"কালচিনি", "कालचीनी", "Kalchini"}}},
	{"bankura", words{"বাঁকুড়া", "बांकुड़ा", "Bankura"}, []words{{"ছাতনা", "छातना", "Chhatna"}, {"সোনামুখী", "सोनामुखी", "Sonamukhi"}}},
	{"birbhum", words{"বীরভূম", "बीरभूम", "Birbhum"}, []words{{"ইলামবাজার", "इलामबाजार", "Illambazar"}, {"লাভপুর", "लाभपुर", "Labpur"}}},
	{"cooch-behar", words{"কোচবিহার", "कूचबिहार", "Cooch Behar"}, []words{{"দিনহাটা", "दिनहाटा", "Dinhata"}, {"শীতলকুচি", "शीतलकुची", "Sitalkuchi"}}},
	{"dakshin-dinajpur", words{"দক্ষিণ দিনাজপুর", "दक्षिण दिनाजपुर", "Dakshin Dinajpur"}, []words{{"তপন", "तपन", "Tapan"}, {"হিলি", "हिली", "Hili"}}},
	{"darjeeling", words{"দার্জিলিং", "दार्जिलिंग", "Darjeeling"}, []words{{"মাটিগাড়া", "माटीगाड़ा", "Matigara"}, {"নকশালবাড়ি", "नक्सलबाड़ी", "Naxalbari"}}},
	{"hooghly", words{"হুগলি", "हुगली", "Hooghly"}, []words{{"তারকেশ্বর", "तारकेश्वर", "Tarakeswar"}, {"সিঙ্গুর", "सिंगूर", "Singur"}}},
	{"howrah", words{"হাওড়া", "हावड़ा", "Howrah"}, []words{{"আমতা", "आमता", "Amta"}, {"শ্যামপুর", "श्यामपुर", "Shyampur"}}},
	{"jalpaiguri", words{"জলপাইগুড়ি", "जलपाईगुड़ी", "Jalpaiguri"}, []words{{"ধূপগুড়ি", "धूपगुड़ी", "Dhupguri"}, {"ময়নাগুড়ি", "मयनागुड़ी", "Maynaguri"}}},
	{"jhargram", words{"ঝাড়গ্রাম", "झाड़ग्राम", "Jhargram"}, []words{{"বিনপুর", "बिनपुर", "Binpur"}, {"গোপীবল্লভপুর", "गोपीबल्लभपुर", "Gopiballavpur"}}},
	{"kalimpong", words{"কালিম্পং", "कालिम्पोंग", "Kalimpong"}, []words{{"গরুবাথান", "गोरूबथान", "Gorubathan"}}},
	{"kolkata", words{"কলকাতা", "कोलकाता", "Kolkata"}, []words{{"বেহালা", "बेहाला", "Behala"}}},
	{"malda", words{"মালদা", "मालदा", "Malda"}, []words{{"গাজোল", "गाजोल", "Gazole"}, {"কালিয়াচক", "कालियाचक", "Kaliachak"}}},
	{"murshidabad", words{"মুর্শিদাবাদ", "मुर्शिदाबाद", "Murshidabad"}, []words{{"বেলডাঙা", "बेलडांगा", "Beldanga"}, {"ডোমকল", "डोमकल", "Domkal"}}},
	{"nadia", words{"নদিয়া", "नदिया", "Nadia"}, []words{{"চাকদহ", "चाकदह", "Chakdaha"}, {"করিমপুর", "करीमपुर", "Karimpur"}}},
	{"north-24-parganas", words{"উত্তর ২৪ পরগনা", "उत्तर 24 परगना", "North 24 Parganas"}, []words{{"বাদুড়িয়া", "बादुड़िया", "Baduria"}, {"সন্দেশখালি", "संदेशखाली", "Sandeshkhali"}}},
	{"paschim-bardhaman", words{"পশ্চিম বর্ধমান", "पश्चिम बर्धमान", "Paschim Bardhaman"}, []words{{"কাঁকসা", "कांकसा", "Kanksa"}, {"জামুড়িয়া", "जामुड़िया", "Jamuria"}}},
	{"paschim-medinipur", words{"পশ্চিম মেদিনীপুর", "पश्चिम मेदिनीपुर", "Paschim Medinipur"}, []words{{"ঘাটাল", "घाटाल", "Ghatal"}, {"ডেবরা", "डेबरा", "Debra"}}},
	{"purba-bardhaman", words{"পূর্ব বর্ধমান", "पूर्व बर्धमान", "Purba Bardhaman"}, []words{{"মেমারি", "मेमारी", "Memari"}, {"কাটোয়া", "काटोया", "Katwa"}}},
	{"purba-medinipur", words{"পূর্ব মেদিনীপুর", "पूर्व मेदिनीपुर", "Purba Medinipur"}, []words{{"এগরা", "एगरा", "Egra"}, {"ময়না", "मयना", "Moyna"}}},
	{"purulia", words{"পুরুলিয়া", "पुरुलिया", "Purulia"}, []words{{"ঝালদা", "झालदा", "Jhalda"}, {"মানবাজার", "मानबाजार", "Manbazar"}}},
	{"south-24-parganas", words{"দক্ষিণ ২৪ পরগনা", "दक्षिण 24 परगना", "South 24 Parganas"}, []words{{"গোসাবা", "गोसाबा", "Gosaba"}, {"কাকদ্বীপ", "काकद्वीप", "Kakdwip"}}},
	{"uttar-dinajpur", words{"উত্তর দিনাজপুর", "उत्तर दिनाजपुर", "Uttar Dinajpur"}, []words{{"ইটাহার", "इटाहार", "Itahar"}, {"চোপড়া", "चोपड़ा", "Chopra"}}},
}

// scheme is an allowance: its name and what it pays a month, in rupees.
type scheme struct {
	name   words
	amount string
}

var schemes = [...]scheme{
	{words{"বার্ধক্য ভাতা", "वृद्धावस्था पेंशन", "Old Age Pension"}, "1000"},
	{words{"বিধবা ভাতা", "विधवा पेंशन", "Widow Pension"}, "1000"},
	{words{"মানবিক ভাতা", "दिव्यांग भत्ता", "Disability Allowance"}, "1000"},
	{words{"মহিলা ভাতা", "महिला भत्ता", "Women's Allowance"}, "1200"},
	{words{"কন্যা বৃত্তি", "कन्या छात्रवृत्ति", "Girls' Scholarship"}, "750"},
	{words{"লোকশিল্পী ভাতা", "लोक कलाकार भत्ता", "Folk Artist Allowance"}, "1000"},
}

// crop is a crop with about what a quintal costs, in rupees.
type crop struct {
	code  string
	price int
}

var crops = [...]crop{{"paddy", 2300}, {"wheat", 2425}, {"potato", 1150}, {"jute", 5650}, {"mustard", 5950}}

var (
	mandi      = words{"বাজার", "मंडी", "Market"}
	statewide  = words{"রাজ্যের গড়", "राज्य का औसत", "State average"}
	centreWord = words{"কিষান মান্ডি", "किसान मंडी", "Kisan Mandi"}
	landOffice = words{"ভূমি দপ্তর", "भूमि दफ़्तर", "Land Office"}
	blockWord  = words{"ব্লক অফিস", "ब्लॉक दफ़्तर", "Block Office"}
)

// grievanceOffices answer complaints by their subject.
var grievanceOffices = [...]struct {
	subject string
	name    words
}{
	{"benefit", words{"সমাজকল্যাণ দপ্তর", "समाज कल्याण दफ़्तर", "Social Welfare Office"}},
	{"produce", words{"কৃষি দপ্তর", "कृषि दफ़्तर", "Agriculture Office"}},
	{"land", words{"ভূমি দপ্তর", "भूमि दफ़्तर", "Land Office"}},
	{"health", words{"স্বাস্থ্য দপ্তর", "स्वास्थ्य दफ़्तर", "Health Office"}},
	{"other", words{"অভিযোগ কেন্দ্র", "शिकायत केंद्र", "Complaints Centre"}},
}

var landClasses = [...]words{
	{"শালি", "शाली", "Shali"},
	{"বাস্তু", "बास्तु", "Bastu"},
	{"ডাঙা", "डांगा", "Danga"},
	{"বাগান", "बागान", "Bagan"},
	{"পুকুর", "पुकुर", "Pukur"},
	{"সুনা", "सूना", "Suna"},
}

// Mouzas are made of two parts, as many of the true ones are.
var (
	mouzaFirst = [...]words{
		{"রাম", "राम", "Ram"},
		{"কৃষ্ণ", "कृष्ण", "Krishna"},
		{"গোপাল", "गोपाल", "Gopal"},
		{"শিব", "शिव", "Shib"},
		{"চন্দন", "चंदन", "Chandan"},
		{"নারায়ণ", "नारायण", "Narayan"},
		{"ফতে", "फते", "Fate"},
		{"সুলতান", "सुल्तान", "Sultan"},
	}
	mouzaLast = [...]words{
		{"পুর", "पुर", "pur"},
		{"নগর", "नगर", "nagar"},
		{"গ্রাম", "ग्राम", "gram"},
		{"ডাঙা", "डांगा", "danga"},
		{"হাটি", "हाटी", "hati"},
		{"বাটি", "बाटी", "bati"},
		{"খালি", "खाली", "khali"},
	}
)

var documentKinds = [...]words{
	{"জন্ম শংসাপত্র", "जन्म प्रमाणपत्र", "Birth certificate"},
	{"বাসস্থান শংসাপত্র", "निवास प्रमाणपत्र", "Residence certificate"},
	{"জাতি শংসাপত্র", "जाति प्रमाणपत्र", "Caste certificate"},
	{"আয় শংসাপত্র", "आय प्रमाणपत्र", "Income certificate"},
	{"ট্রেড লাইসেন্স", "ट्रेड लाइसेंस", "Trade licence"},
}

var exams = [...]words{
	{"মাধ্যমিক", "माध्यमिक", "Madhyamik"},
	{"উচ্চ মাধ্যমিক", "उच्च माध्यमिक", "Higher Secondary"},
	{"স্নাতক", "स्नातक", "Bachelor's degree"},
	{"আইটিআই", "आईटीआई", "ITI"},
}

var boards = [...]words{
	{"মধ্যশিক্ষা পর্ষদ", "माध्यमिक शिक्षा बोर्ड", "Board of Secondary Education"},
	{"উচ্চ মাধ্যমিক সংসদ", "उच्च माध्यमिक परिषद", "Council of HS Education"},
	{"রাজ্য বিশ্ববিদ্যালয়", "राज्य विश्वविद्यालय", "State University"},
	{"কারিগরি শিক্ষা পর্ষদ", "तकनीकी शिक्षा बोर्ड", "Board of Technical Education"},
}

// coded is a name that contracts know by a code.
type coded struct {
	code string
	name words
}

// consentHolders may be given sight of a record.
var consentHolders = [...]coded{
	{"district-hospital", words{"জেলা হাসপাতাল", "ज़िला अस्पताल", "District Hospital"}},
	{"medical-college", words{"মেডিক্যাল কলেজ", "मेडिकल कॉलेज", "Medical College"}},
	{"rural-hospital", words{"গ্রামীণ হাসপাতাল", "ग्रामीण अस्पताल", "Rural Hospital"}},
	{"cooperative-bank", words{"সমবায় ব্যাঙ্ক", "सहकारी बैंक", "Cooperative Bank"}},
	{"state-university", words{"রাজ্য বিশ্ববিদ্যালয়", "राज्य विश्वविद्यालय", "State University"}},
}

// consentPurposes say what for: the purpose at an index is one that the holder
// at the same index has.
var consentPurposes = [...]coded{
	{"treatment", words{"চিকিৎসা", "इलाज", "Treatment"}},
	{"insurance", words{"স্বাস্থ্য বিমা", "स्वास्थ्य बीमा", "Health insurance"}},
	{"maternity", words{"মাতৃসেবা", "मातृ सेवा", "Maternity care"}},
	{"loan", words{"কৃষি ঋণ", "कृषि ऋण", "Crop loan"}},
	{"admission", words{"ভর্তি", "दाखिला", "Admission"}},
}
