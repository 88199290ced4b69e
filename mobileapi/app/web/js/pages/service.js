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
  at.place.querySelector("input, textarea, button.choice")?.focus({ preventScroll: true });
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

/** send asks at once, or keeps the transaction first and then sends it. */
async function send(at, f) {
  const { app, service: s } = at;
  const form = flow.form(f);
  busy(at);
  if (flow.changes(f) && f.complete) {
    return deliver(at, f, await outbox.put({ lang: app.lang, form, title: s.title, question: flow.confirmation(f) }));
  }
  try {
    await hear(at, f, await app.gateway.form(app.lang, form));
  } catch (error) {
    await failed(at, f, error);
  }
}

/** deliver sends what is kept, and shows what became of it. */
async function deliver(at, f, key) {
  const { app, service: s } = at;
  busy(at);
  const came = (await app.flush()).get(key);
  if (came?.result.state === "asking") return hear(at, f, came.result);
  if (came) return draw(at, result(app, came.paper));
  if (s.access !== "open" && !(await app.gateway.number())) return login(at, () => deliver(at, f, key));
  draw(at, result(app, { title: s.title, prompt: app.say("kept"), question: flow.confirmation(f), state: "waiting", lang: app.lang }));
}

/** hear shows what the gateway answers, or asks what it still wants to know. */
async function hear(at, f, answer) {
  const { app, service: s } = at;
  if (answer.state !== "asking") {
    const paper = {
      id: answer.receipt ?? papers.idOf(flow.form(f)), service: s.id, title: s.title, question: summary(f), lang: app.lang,
      prompt: answer.prompt, state: answer.state, receipt: answer.receipt, block: answer.as_of?.block, at: new Date().toISOString(),
    };
    await papers.keep(paper);
    return draw(at, result(app, paper));
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

const summary = (f) => Object.values(f.shown).join(", ");

const busy = (at) => draw(at, h("p", { role: "status" }, at.app.say("wait")));

/** failed says why there is no answer, and what can be done. */
async function failed(at, f, error) {
  const { app } = at;
  if (error instanceof Problem && stranger(error)) return login(at, () => send(at, f));
  const before = error instanceof Problem ? undefined : await papers.last(papers.idOf(flow.form(f)));
  draw(at,
    h("div", { className: "paper bad", role: "alert" }, h("p", {}, error instanceof Problem ? error.title : app.say("noQuestion"))),
    before && [h("h2", {}, app.say("lastAnswer")), result(app, before, false)],
    h("div", { className: "buttons" },
      h("button", { className: "button", type: "button", onclick: () => send(at, f) }, app.say("again")),
      h("a", { className: "button plain", href: "#/" }, app.say("home"))));
}
