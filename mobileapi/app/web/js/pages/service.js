import { h, paragraphs } from "../dom.js";
import * as flow from "../flow.js";
import * as outbox from "../outbox.js";
import * as papers from "../papers.js";
import { Problem, stranger } from "../gateway.js";
import { question } from "../question.js";
import { result } from "../result.js";
import { login } from "../login.js";

/**
 * service asks a service through: first all that its description asks for, then
 * what the gateway still wants to know. What is under way is lost with the page
 * on purpose: the next person at the same phone must not find it.
 */
export function service(app, id) {
  const s = app.services.find((one) => one.id === id);
  if (!s) return [h("h1", {}, app.say("notFound")), h("a", { href: "#/", className: "button" }, app.say("home"))];
  const place = h("div", {});
  const title = h("h1", {}, s.title);
  step({ app, service: s, place, title }, flow.begin(s));
  return [title, place];
}

/** draw puts a step on the page; the focus goes to what is new. */
function draw(at, ...content) {
  at.place.replaceChildren(...content.flat(Infinity).filter(Boolean));
  const next = at.place.querySelector("input, textarea, button.choice") ?? (at.place.isConnected && document.getElementById("main"));
  if (next) next.focus({ preventScroll: true });
}

function step(at, f) {
  const { app } = at;
  if (flow.asks(f)) {
    const before = flow.back(f);
    return draw(at, question(app, flow.prompt(f), flow.step(f).input, {
      back: () => (before ? step(at, before) : app.go("#/")),
      take: (value, shown) => step(at, flow.answer(f, value, shown)),
    }));
  }
  return flow.changes(f) && f.complete ? confirm(at, f) : send(at, f);
}

/** confirm shows what a transaction does before it is done. */
function confirm(at, f) {
  const { app } = at;
  draw(at,
    h("h2", {}, app.say("check")),
    h("div", { className: "paper answer" }, paragraphs(flow.confirmation(f))),
    h("div", { className: "buttons" },
      h("button", { className: "button", type: "button", onclick: () => send(at, f) }, app.say("yes")),
      h("button", { className: "button plain", type: "button", onclick: () => step(at, flow.back(f)) }, app.say("back"))));
}

/** send asks at once; a transaction is kept first. */
async function send(at, f) {
  const { app } = at;
  if (flow.changes(f) && f.complete) return keep(at, f);
  busy(at);
  try {
    await hear(at, f, await app.gateway.form(app.lang, flow.form(f)));
  } catch (error) {
    await failed(at, f, error);
  }
}

/**
 * keep puts a transaction among what is to be sent, and sends it. The phone is
 * confirmed first, so that the request is its number's and never the next person's.
 */
async function keep(at, f) {
  const { app, service: s } = at;
  const number = await app.gateway.number();
  if (!number && s.access !== "open") return login(at, () => keep(at, f));
  return deliver(at, f, await outbox.put({ number, lang: app.lang, form: flow.form(f), title: s.title, question: flow.confirmation(f) }), number);
}

/** deliver sends what is kept of a number, and shows what became of it. */
async function deliver(at, f, key, owner) {
  const { app, service: s } = at;
  busy(at);
  const came = (await app.flush()).get(key);
  if (came?.result.state === "asking") return hear(at, f, came.result);
  if (came) return draw(at, result(app, came.paper), undo(at, f, came.paper));
  const number = await app.gateway.number();
  const paper = await papers.get(key, number);
  if (paper) return draw(at, result(app, paper)); // it went with what was being sent already
  if (!number && s.access !== "open") return login(at, () => deliver(at, f, key, owner)); // the phone was removed elsewhere
  if (number && number !== owner) return app.show(); // it waits for its own number, and is not shown to another
  draw(at, result(app, { title: s.title, prompt: app.say("kept"), question: flow.confirmation(f), state: "waiting", lang: app.lang }));
}

/** hear shows what the gateway answers, or asks what it still wants to know. */
async function hear(at, f, answer) {
  const { app } = at;
  if (answer.state === "asking") return ask(at, f, answer);
  const paper = await paperOf(at, f, answer);
  if (answer.state !== "later") await papers.keep(paper); // that answer comes among the messages, and the one before stays
  if (answer.receipt) await papers.remove(papers.idOf(flow.form(f))); // the list that she chose from is another now
  draw(at, result(app, paper), !answer.repeated && undo(at, f, paper));
}

/** paperOf is what is kept of an answer. */
async function paperOf({ app, service: s, undoes }, f, answer) {
  return {
    id: answer.receipt ?? papers.idOf(flow.form(f)), number: await app.gateway.number(), service: s.id, title: s.title, question: summary(f),
    lang: app.lang, prompt: answer.prompt, state: answer.state, code: answer.code, receipt: answer.receipt, block: answer.as_of?.block,
    at: new Date().toISOString(), undoes,
  };
}

/** ask asks what the gateway still wants to know. A list of the ledger's is kept, so that it can be read again. */
async function ask(at, f, answer) {
  const { app, service: s } = at;
  if (answer.input?.type === "item") {
    const prompt = [answer.prompt, ...answer.options.map((o) => `• ${o.label}`)].join("\n");
    await papers.keep({ ...(await paperOf(at, f, answer)), question: s.about, state: "answered", prompt });
  }
  const go = async (input) => {
    busy(at);
    try {
      await hear(at, f, await app.gateway.step(app.lang, answer.session, input));
    } catch (error) {
      await failed(at, f, error);
    }
  };
  draw(at, question(app, answer.prompt, { ...answer.input, options: answer.options ?? answer.input?.options }, {
    back: () => (answer.back ? go("0") : app.go("#/")),
    take: go,
  }));
}

/**
 * undo is a button that takes back the transaction just made, for as long as that is
 * possible. The gateway takes back the latest one of the number, on whatever channel
 * it was made; so the button is here only.
 */
function undo(at, f, paper) {
  const { app } = at;
  const seconds = flow.undoable(f);
  if (at.undoes || !seconds || !["recorded", "received"].includes(paper.state)) return undefined;
  const keys = [crypto.randomUUID(), crypto.randomUUID()]; // however often she presses, it is done once
  const error = h("p", { className: "error", role: "alert" });
  const act = async () => {
    button.disabled = true;
    try {
      const answer = await app.gateway.takeBack(app.lang, keys);
      await hear({ ...at, undoes: paper.id }, f, answer);
      app.flush(); // which asks whether it was this one that was taken back
    } catch (problem) {
      error.textContent = problem instanceof Problem ? problem.title : app.say("noQuestion");
      button.disabled = false;
    }
  };
  const button = h("button", { className: "button plain", type: "button", onclick: act }, app.say("takeBack"));
  const place = h("div", { className: "buttons" }, button, error);
  setTimeout(() => place.remove(), seconds * 1000);
  return place;
}

const summary = (f) => Object.values(f.shown).join(", ");

const busy = (at) => draw(at, h("p", { role: "status" }, at.app.say("wait")));

/** failed says why there is no answer, and what can be done. */
async function failed(at, f, error) {
  const { app } = at;
  if (error instanceof Problem && stranger(error)) return login(at, () => send(at, f));
  const before = error instanceof Problem ? undefined : await papers.get(papers.idOf(flow.form(f)), await app.gateway.number());
  draw(at,
    h("div", { className: "paper bad", role: "alert" }, h("p", {}, error instanceof Problem ? error.title : app.say("noQuestion"))),
    before && [h("h2", {}, app.say("lastAnswer")), result(app, before, false)],
    h("div", { className: "buttons" },
      h("button", { className: "button", type: "button", onclick: () => send(at, f) }, app.say("again")),
      h("a", { className: "button plain", href: "#/" }, app.say("home"))));
}
