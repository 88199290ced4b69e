import { h } from "../dom.js";
import { login } from "../login.js";
import * as outbox from "../outbox.js";
import * as store from "../store.js";
import { Problem } from "../gateway.js";

/** account shows whose phone this is, and which other phones speak for the number. */
export async function account(app) {
  const number = await app.gateway.number();
  const place = h("div", {});
  const forget = () => forgetAll(app, place);
  place.append(...[
    h("p", { className: "paper" }, number ? app.say("loggedIn", { number }) : app.say("loggedOut")),
    number && h("ul", { className: "services" }, h("li", {}, h("a", { href: "#/s/consent" }, h("strong", {}, app.say("consents"))))),
    number && await devices(app),
    h("p", { className: "error", role: "alert" }),
    h("div", { className: "buttons" },
      number
        ? h("button", { className: "button plain", type: "button", onclick: () => leave(app, place) }, app.say("logOut"))
        : h("button", { className: "button", type: "button", onclick: () => login({ app, place }, app.show) }, app.say("logIn")),
      h("button", { className: "button plain", type: "button", onclick: forget }, app.say("forget")))].filter(Boolean));
  return [h("h1", {}, app.say("account")), place];
}

/** leave takes this phone from its number, which the gateway has to know. */
async function leave(app, place) {
  app.hush();
  try {
    await app.gateway.leave(app.lang);
  } catch (error) {
    place.querySelector("[role=alert]").textContent = error instanceof Problem ? error.title : app.say("noQuestion");
    app.listen();
    return;
  }
  app.show();
}

/** forgetAll deletes all that the phone keeps; what waits to be sent only if she says so once more. */
async function forgetAll(app, place, sure = false) {
  if (!sure && (await outbox.waiting()).length) {
    return place.replaceChildren(
      h("p", { className: "paper bad", role: "alert" }, app.say("forgetUnsent")),
      h("div", { className: "buttons" },
        h("a", { className: "button", href: "#/papers" }, app.say("papers")),
        h("button", { className: "button plain", type: "button", onclick: () => forgetAll(app, place, true) }, app.say("forget"))));
  }
  place.replaceChildren(h("p", { role: "status" }, app.say("wait")));
  app.hush();
  await app.gateway.leave(app.lang).catch(() => {}); // without a network the gateway keeps the key's other half
  await store.clear();
  await store.put("memo", app.lang, "lang");
  place.replaceChildren(h("p", { className: "paper", role: "status" }, app.say("forgotten")));
}

async function devices(app) {
  let list;
  try {
    list = await app.gateway.devices(app.lang);
  } catch (error) {
    return h("p", { className: "hint" }, error instanceof Problem ? error.title : app.say("noQuestion"));
  }
  const remove = async (id) => {
    await app.gateway.removeDevice(app.lang, id).catch(() => {});
    app.show();
  };
  return h("section", {}, h("h2", {}, app.say("devices")), h("ul", { className: "list" }, list.map((d) =>
    h("li", { className: "paper" }, d.name, d.current ? ` (${app.say("thisOne")})` : "",
      !d.current && h("div", { className: "buttons" },
        h("button", { className: "button plain", type: "button", onclick: () => remove(d.id) }, app.say("remove")))))));
}
