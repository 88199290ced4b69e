import { grouped, h } from "../dom.js";
import * as outbox from "../outbox.js";
import * as papers from "../papers.js";
import { proof } from "../proof.js";
import { code } from "../qr.js";
import { result, when } from "../result.js";

/** receipts lists what waits, what was done and what was answered. */
export async function receipts(app) {
  const hers = papers.readBy(await app.gateway.number());
  const [unsent, kept] = [(await outbox.waiting()).filter(hers), (await papers.list()).filter(hers)];
  const done = kept.filter((p) => p.receipt || p.state === "refused");
  const answers = kept.filter((p) => !done.includes(p));
  return [
    h("h1", {}, app.say("papers")),
    unsent.length > 0 && h("section", {}, h("h2", {}, app.say("waiting")), h("ul", { className: "list" }, unsent.map((one) => unsentLine(app, one)))),
    done.length > 0 && h("ul", { className: "services" }, done.map((p) => line(app, p, p.receipt && grouped(p.receipt)))),
    answers.length > 0 && h("section", {}, h("h2", {}, app.say("past")), h("ul", { className: "services" }, answers.map((p) => line(app, p)))),
    unsent.length + kept.length === 0 && h("p", {}, app.say("none")),
    h("div", { className: "buttons" }, h("a", { className: "button plain", href: "#/r" }, app.say("look"))),
  ].filter(Boolean);
}

function unsentLine(app, one) {
  const remove = async () => {
    await outbox.remove(one.key);
    app.show();
  };
  return h("li", { className: "paper waits" }, h("strong", {}, one.title), h("p", {}, one.question), h("p", { className: "meta" }, when(app, one.at)),
    h("div", { className: "buttons" }, h("button", { className: "button plain", type: "button", onclick: remove }, app.say("remove"))));
}

function line(app, p, number) {
  return h("li", {}, h("a", { href: `#/paper/${encodeURIComponent(p.id)}` },
    h("strong", {}, p.title, number && ` ${number}`),
    h("span", {}, p.state === "answered" ? p.question : app.say(p.state), " · ", when(app, p.at))));
}

/** paper shows one of them, with a code to show to others if it is a receipt. */
export async function paper(app, ...id) {
  const p = await papers.get(id.join("/"), await app.gateway.number());
  if (!p) return [h("h1", {}, app.say("notFound")), h("a", { className: "button", href: "#/papers" }, app.say("papers"))];
  return [
    h("h1", {}, p.title),
    result(app, p),
    p.receipt && [h("h2", {}, `${app.say("receipt")} `, h("span", { className: "number" }, grouped(p.receipt))),
      h("p", { className: "meta" }, app.say("qr")), await code(app, `${location.origin}/#/r/${p.receipt}`, grouped(p.receipt)),
      proof(app, p)],
  ].flat().filter(Boolean);
}
