// A handset on a page: SMS, USSD and calls at the gateway that serves it.

const texts = {
  title: ["একটি ফোন, সেতুর সঙ্গে যুক্ত", "सेतु से जुड़ा एक फ़ोन", "A phone that is connected to Setu"],
  intro: [
    "এখান থেকে এসএমএস পাঠান, ডায়াল করুন বা কল করুন। সব নাম ও নম্বর বানানো।",
    "यहाँ से एसएमएस भेजिए, डायल कीजिए या कॉल कीजिए। सब नाम और नंबर बनाए हुए हैं।",
    "Send an SMS, dial or call from here. All names and numbers are made up.",
  ],
  tryThis: ["যেমন", "जैसे", "For example"],
  mine: ["এই ফোনের নম্বর", "इस फ़ोन का नंबर", "This phone's number"],
  other: ["অন্য নম্বর নিন", "दूसरा नंबर लें", "Take another"],
  sms: ["এসএমএস", "एसएमएस", "SMS"], ussd: ["ডায়াল", "डायल", "Dial"], call: ["কল", "कॉल", "Call"],
  send: ["পাঠান", "भेजें", "Send"], write: ["লিখুন", "लिखें", "Write"],
  callNow: ["কল করুন", "कॉल करें", "Call"], end: ["রাখুন", "रखें", "Hang up"],
  dialling: ["ডায়াল করতে *51969# লিখে পাঠান।", "डायल करने के लिए *51969# लिखकर भेजें।", "Enter *51969# to dial."],
  calling: ["51969-এ কল করতে সবুজ বোতাম টিপুন।", "51969 पर कॉल करने के लिए हरा बटन दबाएँ।", "Press the green key to call 51969."],
  writing: ["51969-এ এসএমএস লিখুন।", "51969 को एसएमएस लिखें।", "Write an SMS to 51969."],
  over: ["শেষ।", "समाप्त।", "Over."], failed: ["যোগাযোগ করা গেল না।", "संपर्क नहीं हो सका।", "The gateway was not reached."],
};
const languages = ["bn", "hi", "en"];
const ideas = [
  ["sms", ["ভাতা 1000000001", "भत्ता 1000000001", "BENEFIT 1000000001"]],
  ["sms", ["দর ধান", "भाव धान", "PRICE PADDY"]],
  ["sms", ["সাহায্য", "मदद", "HELP"]],
  ["ussd", ["*51969#", "*51969#", "*51969#"]],
  ["call", ["51969", "51969", "51969"]],
];

const $ = (id) => document.getElementById(id);
const state = {
  lang: languages.find((l) => navigator.language.startsWith(l)) ?? "en", mode: "sms",
  number: sessionStorage.number ?? fresh(), last: 0, session: "", sequence: 0, call: "", audio: new Audio(),
};
const say = (key) => texts[key][languages.indexOf(state.lang)];

/** fresh is a number of a range that no operator gives out for long: synthetic. */
function fresh() {
  const digits = [...crypto.getRandomValues(new Uint8Array(9))].map((b) => b % 10).join("");
  return (sessionStorage.number = `+919${digits}`);
}

async function ask(method, path, body) {
  const response = await fetch(path, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(String(response.status));
  return response.status === 204 || response.status === 202 ? undefined : response.json();
}

function write(text, kind = "") {
  const p = document.createElement("p");
  p.className = kind;
  p.textContent = text;
  $("screen").append(p);
  $("screen").scrollTop = $("screen").scrollHeight;
}

const clear = (text) => { $("screen").replaceChildren(); if (text) write(text, "note"); };

function draw() {
  document.documentElement.lang = state.lang;
  for (const e of document.querySelectorAll("[data-text]")) e.textContent = say(e.dataset.text);
  for (const b of document.querySelectorAll("[data-lang]")) b.ariaPressed = String(b.dataset.lang === state.lang);
  for (const b of document.querySelectorAll("[data-mode]")) b.ariaPressed = String(b.dataset.mode === state.mode);
  $("number").textContent = state.number;
  $("ideas").replaceChildren(...ideas.map(([mode, words]) => {
    const [li, b] = [document.createElement("li"), document.createElement("button")];
    b.type = "button";
    b.textContent = `${say(mode)}: ${words[languages.indexOf(state.lang)]}`;
    b.onclick = () => { choose(mode); mode === "call" ? dial() : enter(words[languages.indexOf(state.lang)]); };
    li.append(b);
    return li;
  }));
}

function choose(mode) {
  if (mode === state.mode) return;
  state.mode = mode;
  clear(say({ sms: "writing", ussd: "dialling", call: "calling" }[mode]));
  draw();
  if (mode === "sms") for (const m of heard) bubble(m);
}

// SMS
const heard = [];
const bubble = (m) => write(m.text, m.mine ? "bubble mine" : "bubble");

async function messages() {
  for (;;) {
    const number = state.number;
    try {
      for (const m of await ask("GET", `/try/sms?number=${number.slice(1)}&after=${state.last}`)) {
        if (number !== state.number) break;
        state.last = m.id;
        heard.push(m);
        if (state.mode === "sms") bubble(m);
        else write(`SMS: ${m.text}`, "bubble");
      }
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

// USSD, in the gateway's own neutral dialect
async function ussd(text) {
  const fresh = !state.session;
  if (fresh) {
    const dialled = /^\*51969(?:\*(.*))?#$/.exec(text);
    if (!dialled) return clear(say("dialling"));
    [state.session, state.sequence, text] = [crypto.randomUUID(), 0, dialled[1] ?? ""];
  }
  const screen = await ask("POST", "/ussd/setu", {
    session: state.session, from: state.number, to: "51969", event: fresh ? "new" : "input", text, sequence: ++state.sequence,
  });
  clear();
  write(screen.text);
  $("text").type = screen.mask ? "password" : "text";
  if (screen.end) { state.session = ""; write(say("over"), "note"); }
}

// Calls
async function dial() {
  choose("call");
  if (state.call) return;
  clear();
  const { id } = await ask("POST", "/try/call", { number: state.number });
  state.call = id;
  follow(id);
}

async function follow(id) {
  let after = 0;
  while (state.call === id) {
    let events = [];
    try { events = await ask("GET", `/try/call/${id}?after=${after}`); } catch { events = [{ end: "lost" }]; }
    for (const e of events) {
      after = e.seq;
      if (e.say) write(e.say, "bubble");
      if (e.stop) state.audio.pause();
      if (e.play) { state.audio.src = `/try/call/${id}/${e.play}`; state.audio.play().catch(() => {}); }
      if (e.end) { state.audio.pause(); state.call = ""; write(say("over"), "note"); }
    }
  }
}

const press = (keys) => state.call && ask("POST", `/try/call/${state.call}`, { keys });
const hangUp = () => {
  if (state.call) return ask("DELETE", `/try/call/${state.call}`);
  if (state.session) {
    ask("POST", "/ussd/setu", { session: state.session, from: state.number, to: "51969", event: "abort", text: "", sequence: ++state.sequence });
    state.session = "";
    clear(say("dialling"));
  }
};

async function enter(text) {
  if (!text) return;
  $("text").value = "";
  try {
    if (state.mode === "ussd") await ussd(text);
    else if (state.mode === "call") await press(text.replace(/[^\d*#]/g, ""));
    else {
      const mine = { text, mine: true };
      heard.push(mine);
      bubble(mine);
      await ask("POST", "/try/sms", { number: state.number, text });
    }
  } catch {
    state.session = "";
    write(say("failed"), "note");
  }
}

for (const key of "123456789*0#") {
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = key;
  b.onclick = () => (state.mode === "call" && state.call ? press(key) : ($("text").value += key));
  $("pad").append(b);
}
$("entry").addEventListener("submit", (e) => { e.preventDefault(); enter($("text").value.trim()); });
$("green").onclick = () => (state.mode === "call" ? dial() : enter($("text").value.trim()));
$("red").onclick = hangUp;
$("other").onclick = () => { state.number = fresh(); state.last = 0; heard.length = 0; clear(say("writing")); draw(); };
addEventListener("pagehide", () => state.call && navigator.sendBeacon?.(`/try/call/${state.call}`, new Blob(['{"keys":"9"}'], { type: "application/json" })));
document.addEventListener("click", (e) => {
  if (e.target.dataset.lang) { state.lang = e.target.dataset.lang; draw(); }
  if (e.target.dataset.mode) choose(e.target.dataset.mode);
});
setInterval(() => { $("clock").textContent = new Date().toLocaleTimeString("en-IN", { hour: "2-digit", minute: "2-digit" }); }, 1000);
clear(say("writing"));
draw();
messages();
