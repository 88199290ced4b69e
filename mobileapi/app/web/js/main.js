// The app: one page, whose address says what is shown. A service is asked through
// on the phone, one question a page, and goes to the gateway as one form.

import { gateway, Offline } from "./gateway.js";
import * as outbox from "./outbox.js";
import * as store from "./store.js";
import { h } from "./dom.js";
import { languages, say } from "./words.js";
import { home } from "./pages/home.js";
import { service } from "./pages/service.js";
import { receipts, paper } from "./pages/receipts.js";
import { look } from "./pages/look.js";
import { account } from "./pages/account.js";
import { messages } from "./pages/messages.js";
import * as notices from "./notices.js";

const pages = { "": home, s: service, r: look, papers: receipts, paper, messages, account };

/** app is what every page works with. */
const app = {
  gateway,
  lang: "bn",
  services: [],
  say: (key, slots) => say(app.lang, key, slots),
  go: (hash) => (location.hash === hash ? show() : (location.hash = hash)),
  show: () => show(),
  flush,
  listen: () => listen(),
  hush: () => listening?.abort(),
};

const pauses = { least: 5_000, most: 300_000 }; // ms between tries
const quiet = 10_000; // ms, after which what is not asked for now may use the network

async function boot() {
  app.lang = (await store.get("memo", "lang")) ?? guess();
  document.getElementById("languages").addEventListener("click", (e) => {
    const lang = e.target.closest("[data-lang]")?.dataset.lang;
    if (lang) choose(lang);
  });
  addEventListener("hashchange", show);
  addEventListener("online", renew);
  addEventListener("offline", () => network(false));
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? renew() : app.hush()));
  globalThis.speechSynthesis?.getVoices(); // Chrome begins to load them when they are first asked for
  await choose(app.lang);
  refresh();
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {}); // without it the app needs the network
}

/** guess is the first language of the phone that the gateway speaks. */
function guess() {
  const spoken = navigator.languages.map((l) => l.slice(0, 2));
  return spoken.find((l) => languages.includes(l)) ?? languages[0];
}

async function choose(lang) {
  app.lang = lang;
  await store.put("memo", lang, "lang");
  document.documentElement.lang = lang;
  for (const b of document.querySelectorAll("[data-lang]")) b.ariaPressed = String(b.dataset.lang === lang);
  document.getElementById("skip").textContent = app.say("skip");
  document.getElementById("brand").textContent = app.say("name");
  app.services = (await store.get("memo", `services-${lang}`)) ?? [];
  if (!app.services.length) await load();
  await show();
}

/** load fetches the catalogue; without a network the one that is kept serves. */
async function load() {
  const lang = app.lang;
  try {
    const services = await fetchServices(lang);
    const first = app.services.length === 0;
    if (lang === app.lang) app.services = services;
    if (first && /^(#\/?)?$|^#\/s\//.test(location.hash)) show(); // a page that has waited for them
    network(navigator.onLine); // what is kept by the browser needs no network
  } catch (error) {
    network(!(error instanceof Offline));
  }
}

/** fetchServices fetches the catalogue in a language, and keeps it. */
async function fetchServices(lang) {
  const { services } = await gateway.services(lang);
  await store.put("memo", services, `services-${lang}`);
  return services;
}

/** loadOthers fetches the catalogue in the languages that are not kept, so that she can change hers without a network. */
async function loadOthers() {
  for (const lang of languages) {
    if (!(await store.get("memo", `services-${lang}`))) await fetchServices(lang).catch(() => {}); // the next refresh tries again
  }
}

/** refresh brings all up to date and sends what waits. */
async function refresh() {
  await load();
  await flush();
  listen();
  setTimeout(loadOthers, quiet);
}

/** renew refreshes when something has changed, and so does not wait long for the next try. */
function renew() {
  pause = 0;
  return refresh();
}

/** again tries by itself, ever more rarely, as long as something waits for the network. */
let pause = 0;
let retry;
async function again() {
  const number = await gateway.number();
  const waits = away || (await outbox.waiting()).some((one) => one.number === number);
  clearTimeout(retry);
  pause = waits ? Math.min(pauses.most, 2 * pause || pauses.least) : 0;
  if (waits) retry = setTimeout(refresh, pause);
}

/** listen hears what the gateway tells, as it comes, while the page is looked at. */
let listening;
async function listen() {
  listening?.abort();
  if (document.visibilityState !== "visible" || !(await gateway.number())) return;
  listening = new AbortController();
  const told = async (page) => {
    if (page.changes.some((c) => c.receipt)) await outbox.follow(gateway).catch(() => {});
    if (/^#\/(messages|papers)/.test(location.hash)) show();
  };
  await notices.follow(gateway, app.lang, listening.signal, told).catch(() => {}); // the next refresh tries again
}

async function flush() {
  const came = await outbox.flush(gateway).catch(() => new Map());
  const changed = await outbox.follow(gateway).catch(() => 0);
  if ((came.size || changed) && location.hash.startsWith("#/paper")) show();
  await again().catch(() => {}); // without a store nothing waits
  return came;
}

/** network says whether the gateway can be reached. */
let away = false;
function network(up) {
  away = !up;
  const notice = document.getElementById("network");
  notice.textContent = up ? "" : app.say("offline");
  notice.classList.toggle("shown", !up);
  notice.lang = app.lang;
}

/** show draws the page that the address names. */
let drawing = 0;
let shown;
async function show() {
  const mine = ++drawing;
  const [, name = "", ...rest] = decodeURIComponent(location.hash).split("/");
  const page = pages[name] ?? missing;
  const content = await page(app, ...rest);
  if (mine !== drawing) return; // another page was asked for meanwhile
  const main = document.getElementById("main");
  main.replaceChildren(...[content].flat(Infinity).filter(Boolean));
  document.title = `${main.querySelector("h1")?.textContent ?? ""} · ${app.say("name")}`;
  navigation(name);
  if (shown !== undefined && shown !== location.hash) { // she went there: what is new is read first
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  shown = location.hash;
}

function navigation(name) {
  const links = [["#/", "", "services"], ["#/papers", "papers", "papers"], ["#/messages", "messages", "messages"], ["#/account", "account", "account"]];
  document.getElementById("nav").replaceChildren(h("ul", {}, links.map(([href, at, text]) =>
    h("li", {}, h("a", { href, "aria-current": name === at && "page" }, app.say(text))))));
}

const missing = () => [h("h1", {}, app.say("notFound")), h("a", { href: "#/", className: "button" }, app.say("home"))];

boot();
