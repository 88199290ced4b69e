import { grouped, h, paragraphs } from "./dom.js";
import { speaker } from "./aloud.js";

const look = { recorded: "good", answered: "good", refused: "bad", withdrawn: "waits", waiting: "waits", received: "waits", later: "waits", held: "waits" };

/** lookOf: what the contract did not do, such as what was done before, is no fault of hers. */
const lookOf = (paper) => (paper.state === "refused" && paper.receipt && paper.code ? "" : look[paper.state] ?? "");

/** result shows a paper: an answer, or where a transaction stands. */
export function result(app, paper, buttons = true) {
  const text = h("div", { className: "answer", lang: paper.lang }, paragraphs(paper.prompt));
  return [
    h("div", { className: `paper ${lookOf(paper)}`, role: "status" },
      paper.state !== "answered" && h("strong", {}, app.say(paper.state)),
      paper.question && h("p", { className: "meta" }, paper.question),
      text,
      paper.receipt && h("p", {}, `${app.say("receipt")}: `, h("a", { className: "number", href: `#/paper/${paper.id}` }, grouped(paper.receipt))),
      paper.at && h("p", { className: "meta" }, when(app, paper.at))),
    buttons && h("div", { className: "buttons" },
      speaker(app, paper.prompt, paper.lang),
      h("a", { className: "button", href: "#/" }, app.say("home"))),
  ];
}

/** when is a time as people of the language write it. */
export function when(app, at) {
  return new Intl.DateTimeFormat(`${app.lang}-IN-u-nu-latn`, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}
