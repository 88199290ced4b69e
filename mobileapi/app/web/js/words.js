// The app's own words. All that belongs to a service comes from the gateway.
// Each line holds Bengali, Hindi and English; a test asks for all three.

const lines = {
  name: ["সেতু", "सेतु", "Setu"],
  skip: ["মূল লেখায় যান", "मुख्य भाग पर जाएँ", "Skip to the content"],
  services: ["পরিষেবা", "सेवाएँ", "Services"],
  which: ["কোন পরিষেবা চান?", "कौन सी सेवा चाहिए?", "Which service would you like?"],
  papers: ["আমার রসিদ", "मेरी रसीदें", "My receipts"],
  messages: ["বার্তা", "संदेश", "Messages"],
  settings: ["এসএমএস ও কল", "एसएमएस और कॉल", "SMS and calls"],
  spoken: ["কোন ভাষায় জানাব?", "किस भाषा में बताएँ?", "In which language?"],
  sendMe: ["আমাকে বার্তা পাঠান", "मुझे संदेश भेजें", "Send me messages"],
  sendHint: [
    "বন্ধ করলে এসএমএস আসবে না; এখানে যা চেয়েছেন তার খবর এখানেই আসবে।",
    "बंद करने पर एसएमएस नहीं आएगा; यहाँ जो माँगा, उसकी ख़बर यहीं मिलेगी।",
    "When this is off, no SMS comes; news of what you asked for here still comes here.",
  ],
  saved: ["রাখা হয়েছে।", "सहेज लिया गया।", "Saved."],
  consents: ["আমার তথ্য কে দেখতে পারেন", "मेरे रिकॉर्ड कौन देख सकता है", "Who may see my records"],
  account: ["আমার ফোন", "मेरा फ़ोन", "My phone"],
  next: ["পরের ধাপ", "आगे", "Continue"],
  back: ["পিছনে", "पीछे", "Back"],
  yes: ["হ্যাঁ, পাঠান", "हाँ, भेजें", "Yes, send it"],
  again: ["আবার চেষ্টা করুন", "फिर कोशिश करें", "Try again"],
  home: ["সব পরিষেবা", "सब सेवाएँ", "All services"],
  check: ["ঠিক আছে কি না দেখে নিন", "एक बार देख लीजिए", "Please check"],
  listen: ["শুনুন", "सुनें", "Read aloud"],
  wait: ["অপেক্ষা করুন…", "रुकिए…", "One moment…"],
  offline: [
    "নেটওয়ার্ক নেই। পুরনো উত্তর ও রসিদ দেখতে পারেন; যা পাঠাবেন, নেটওয়ার্ক এলে নিজেই যাবে।",
    "नेटवर्क नहीं है। पुराने जवाब और रसीदें देख सकते हैं; जो भेजेंगे, नेटवर्क आने पर अपने आप जाएगा।",
    "There is no network. You can read past answers and receipts; what you send goes by itself when the network is back.",
  ],
  unreachable: ["এখন যোগাযোগ করা যাচ্ছে না।", "अभी संपर्क नहीं हो रहा।", "The gateway cannot be reached now."],
  noQuestion: [
    "এটা জানতে নেটওয়ার্ক লাগে। নেটওয়ার্ক এলে আবার চেষ্টা করুন।",
    "यह जानने के लिए नेटवर्क चाहिए। नेटवर्क आने पर फिर कोशिश करें।",
    "This question needs the network. Please try again when it is back.",
  ],
  lastAnswer: ["আগে যা জেনেছিলেন", "पहले जो जवाब मिला था", "What you were told before"],
  kept: [
    "আপনার অনুরোধ এই ফোনে রাখা হল। নেটওয়ার্ক এলে একবারই পাঠানো হবে।",
    "आपका अनुरोध इस फ़ोन में रख लिया गया। नेटवर्क आने पर एक ही बार भेजा जाएगा।",
    "Your request is kept on this phone. It will be sent once when the network is back.",
  ],
  waiting: ["পাঠানোর অপেক্ষায়", "भेजने के इंतज़ार में", "Waiting to be sent"],
  received: ["জমা নেওয়া হয়েছে", "ले लिया गया", "Received"],
  recorded: ["নথিতে উঠেছে", "दर्ज हो गया", "Recorded"],
  refused: ["নেওয়া হয়নি", "नहीं लिया गया", "Not accepted"],
  withdrawn: ["তুলে নেওয়া হয়েছে", "वापस ले लिया गया", "Taken back"],
  takeBack: ["ফেরত নিন", "वापस लें", "Take it back"],
  held: ["দপ্তর দেখছে", "दफ़्तर देख रहा है", "An office is looking at it"],
  later: ["উত্তর পরে আসবে", "जवाब बाद में आएगा", "The answer follows"],
  receipt: ["রসিদ নম্বর", "रसीद नंबर", "Receipt number"],
  block: ["নথির ব্লক", "दर्ज ब्लॉक", "Recorded in block"],
  proof: ["প্রমাণ", "प्रमाण", "Proof"],
  proven: [
    "প্রমাণিত: এটি স্বাক্ষরিত খাতায় আছে; কেউ লুকিয়ে বদলাতে পারবে না।",
    "प्रमाणित: यह हस्ताक्षरित बही में है; कोई चुपके से बदल नहीं सकता।",
    "Proven: it is in the signed log, and nobody can change it unseen.",
  ],
  anchored: ["খাতার সিল লেজারের {block} নম্বর ব্লকে আছে।", "बही की मुहर लेजर के ब्लॉक {block} में है।", "The log's seal is in block {block} of the ledger."],
  anchorWaits: ["খাতার সিল কিছুক্ষণের মধ্যে লেজারে উঠবে।", "बही की मुहर थोड़ी देर में लेजर में जाएगी।", "The log's seal will be on the ledger shortly."],
  unproven: ["প্রমাণ মিলছে না। দয়া করে দপ্তরে জানান।", "प्रमाण मेल नहीं खाता। कृपया दफ़्तर को बताएँ।", "The proof does not match. Please tell an office."],
  proofHint: [
    "এই ফাইল যে কেউ নিজে যাচাই করতে পারেন। এতে আপনার নাম বা নম্বর নেই।",
    "यह फ़ाइल कोई भी ख़ुद जाँच सकता है। इसमें आपका नाम या नंबर नहीं है।",
    "Anyone can check this file by themselves. Your name and number are not in it.",
  ],
  saveProof: ["প্রমাণ সেভ করুন", "प्रमाण सहेजें", "Save the proof"],
  share: ["অন্যকে পাঠান", "किसी को भेजें", "Send it to someone"],
  look: ["রসিদ যাচাই করুন", "रसीद जाँचें", "Check a receipt"],
  lookHint: ["রসিদের 12টি সংখ্যা লিখুন।", "रसीद के 12 अंक लिखें।", "Write the 12 digits of the receipt."],
  scan: ["কিউআর কোড স্ক্যান করুন", "क्यूआर कोड स्कैन करें", "Scan a QR code"],
  stopScan: ["স্ক্যান বন্ধ করুন", "स्कैन बंद करें", "Stop scanning"],
  noCamera: ["ক্যামেরা খোলা গেল না। নম্বরটি লিখুন।", "कैमरा नहीं खुला। नंबर लिख दीजिए।", "The camera could not be opened. Please write the number."],
  qr: ["এই কোড দেখালে অন্য কেউ রসিদটি যাচাই করতে পারবেন।", "यह कोड दिखाने पर कोई भी रसीद जाँच सकता है।", "Anyone to whom you show this code can check the receipt."],
  none: ["এখনও কিছু নেই।", "अभी कुछ नहीं है।", "There is nothing here yet."],
  past: ["আগের উত্তর", "पुराने जवाब", "Past answers"],
  forget: ["এই ফোন থেকে সব মুছুন", "इस फ़ोन से सब मिटाएँ", "Delete all from this phone"],
  forgetUnsent: [
    "যা এখনও পাঠানো হয়নি, তাও মুছে যাবে।",
    "जो अभी तक भेजा नहीं गया, वह भी मिट जाएगा।",
    "What has not been sent yet will be deleted, too.",
  ],
  forgotten: ["এই ফোন থেকে সব মোছা হয়েছে।", "इस फ़ोन से सब मिटा दिया गया।", "Everything was deleted from this phone."],
  file: ["ফাইল বেছে নিন", "फ़ाइल चुनें", "Choose the file"],
  fileHint: [
    "ফাইলটি এই ফোনেই থাকে; শুধু তার ছাপ (হ্যাশ) পাঠানো হয়।",
    "फ़ाइल इसी फ़ोन में रहती है; सिर्फ़ उसकी छाप (हैश) भेजी जाती है।",
    "The file stays on this phone; only its fingerprint (hash) is sent.",
  ],
  orHash: ["বা হ্যাশটি লিখুন", "या हैश लिखें", "or write the hash"],
  login: ["আপনার ফোন নম্বর", "आपका फ़ोन नंबर", "Your phone number"],
  loginWhy: [
    "এই পরিষেবা আপনার নিজের, তাই ফোন নম্বরটি একবার যাচাই করতে হবে। এসএমএসে একটি কোড আসবে।",
    "यह सेवा आपके अपने लिए है, इसलिए फ़ोन नंबर एक बार जाँचना होगा। एसएमएस से एक कोड आएगा।",
    "This service is about you, so your phone number has to be checked once. A code comes by SMS.",
  ],
  code: ["এসএমএসে আসা কোড", "एसएमएस से आया कोड", "The code from the SMS"],
  codeHint: ["6টি সংখ্যা। কোডটি আর কাউকে বলবেন না।", "6 अंक। कोड किसी और को न बताएँ।", "6 digits. Do not tell it to anyone else."],
  sandboxCode: ["পরীক্ষামূলক কোড: {code}", "परीक्षण कोड: {code}", "Code of the sandbox: {code}"],
  sendCode: ["কোড পাঠান", "कोड भेजें", "Send the code"],
  loggedIn: ["এই ফোন {number} নম্বরের জন্য যাচাই করা।", "यह फ़ोन {number} नंबर के लिए जाँचा हुआ है।", "This phone is confirmed for {number}."],
  loggedOut: ["এই ফোনে কোনও নম্বর যাচাই করা নেই।", "इस फ़ोन पर कोई नंबर जाँचा हुआ नहीं है।", "No number is confirmed on this phone."],
  logIn: ["নম্বর যাচাই করুন", "नंबर जाँचें", "Confirm a number"],
  logOut: ["এই ফোন সরিয়ে নিন", "इस फ़ोन को हटाएँ", "Remove this phone"],
  devices: ["আপনার ফোনগুলি", "आपके फ़ोन", "Your phones"],
  thisOne: ["এই ফোন", "यह फ़ोन", "this phone"],
  remove: ["সরান", "हटाएँ", "Remove"],
  wrongDigits: ["শুধু সংখ্যা লিখুন।", "सिर्फ़ अंक लिखें।", "Write digits only."],
  wrongLength: ["{count}টি সংখ্যা লাগবে।", "{count} अंक चाहिए।", "It has to have {count} digits."],
  wrongCheck: ["নম্বরটি মিলছে না। দেখে আবার লিখুন।", "नंबर मेल नहीं खाता। देखकर फिर लिखें।", "The number does not match. Look and write it again."],
  wrongPattern: ["এইভাবে লিখুন: {pattern}", "इस तरह लिखें: {pattern}", "Write it like this: {pattern}"],
  wrongRange: ["{min} থেকে {max} পর্যন্ত লিখুন।", "{min} से {max} तक लिखें।", "Write {min} to {max}."],
  wrongWhole: ["পুরো সংখ্যা লিখুন।", "पूरी संख्या लिखें।", "Write a whole number."],
  wrongDecimals: ["দশমিকের পরে {count}টি পর্যন্ত সংখ্যা চলবে।", "दशमलव के बाद {count} अंक तक लिखें।", "Write up to {count} digits after the point."],
  wrongDate: ["তারিখটি ঠিক নয়।", "तारीख़ ठीक नहीं है।", "That date is not right."],
  needPast: ["আগের কোনও তারিখ দিন।", "पहले की कोई तारीख़ दें।", "Give a date that has passed."],
  needFuture: ["আজ বা পরের কোনও তারিখ দিন।", "आज या आगे की कोई तारीख़ दें।", "Give today or a later date."],
  empty: ["এখানে কিছু লিখুন।", "यहाँ कुछ लिखें।", "Write something here."],
  tooLong: ["বেশি বড়: {max} অক্ষর পর্যন্ত।", "बहुत लंबा: {max} अक्षर तक।", "Too long: up to {max} characters."],
  notFound: ["এই পাতা নেই।", "यह पन्ना नहीं है।", "There is no such page."],
};

const order = ["bn", "hi", "en"];

/** The languages of the gateway, in its order. */
export const languages = order;

/** say gives one of the app's texts, with its {slots} filled. */
export function say(lang, key, slots = {}) {
  const text = lines[key][order.indexOf(lang)];
  return text.replace(/\{(\w+)\}/g, (whole, slot) => slots[slot] ?? whole);
}

/** keys are the names of all texts, for the test. */
export const keys = Object.keys(lines);
