import { grouped, h, paragraphs } from "../dom.js";
import { Problem } from "../gateway.js";
import { login } from "../login.js";
import * as notices from "../notices.js";
import { when } from "../result.js";
import { languages } from "../words.js";

const names = { bn: "বাংলা", hi: "हिन्दी", en: "English" };

/** messages shows what she was told, and lets her choose how she is told. */
export async function messages(app) {
  if (!(await app.gateway.number())) {
    const place = h("div", {});
    const confirm = () => login({ app, place }, app.show);
    place.append(h("p", { className: "paper" }, app.say("loggedOut")),
      h("div", { className: "buttons" }, h("button", { className: "button", type: "button", onclick: confirm }, app.say("logIn"))));
    return [h("h1", {}, app.say("messages")), place];
  }
  const told = await notices.list();
  return [
    h("h1", {}, app.say("messages")),
    told.length ? h("ul", { className: "list" }, told.map((one) => notice(app, one))) : h("p", {}, app.say("none")),
    preferences(app),
  ];
}

const notice = (app, one) => h("li", { className: "paper" }, paragraphs(one.prompt),
  one.receipt && h("p", {}, `${app.say("receipt")}: `, h("a", { className: "number", href: `#/r/${one.receipt}` }, grouped(one.receipt))),
  h("p", { className: "meta" }, when(app, one.at)));

/** preferences are fetched when the page is drawn; without a network they cannot be changed. */
function preferences(app) {
  const place = h("section", {}, h("h2", {}, app.say("settings")));
  const status = h("p", { role: "status" });
  const draw = async () => {
    let now;
    try {
      now = await app.gateway.preferences(app.lang);
    } catch (error) {
      return place.append(h("p", { className: "hint" }, reason(app, error)));
    }
    const change = async (part) => {
      try {
        now = await app.gateway.setPreferences(app.lang, { ...now, ...part });
        status.textContent = app.say("saved");
      } catch (error) {
        status.textContent = reason(app, error);
      }
      for (const one of place.querySelectorAll("[name=spoken]")) one.checked = one.value === now.lang;
      place.querySelector("#sent").checked = now.messages;
    };
    place.append(
      h("fieldset", {}, h("legend", {}, app.say("spoken")), languages.map((lang) =>
        h("label", { className: "pick", lang }, h("input", { type: "radio", name: "spoken", value: lang, checked: lang === now.lang, onchange: () => change({ lang }) }), names[lang]))),
      h("label", { className: "pick" },
        h("input", { type: "checkbox", id: "sent", checked: now.messages, "aria-describedby": "sent-hint", onchange: (e) => change({ messages: e.target.checked }) }),
        app.say("sendMe")),
      h("p", { className: "hint", id: "sent-hint" }, app.say("sendHint")), status);
  };
  draw();
  return place;
}

const reason = (app, error) => (error instanceof Problem ? error.title : app.say("noQuestion"));
