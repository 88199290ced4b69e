import { h } from "../dom.js";

/** home lists the services as the gateway has them. */
export function home(app) {
  return [
    h("h1", {}, app.say("which")),
    app.services.length
      ? h("ul", { className: "services" }, app.services.map((s) =>
        h("li", {}, h("a", { href: `#/s/${s.id}` }, h("strong", {}, s.title), h("span", {}, s.about)))))
      : h("p", {}, app.say("unreachable")),
    h("div", { className: "buttons" }, h("a", { className: "button plain", href: "#/r" }, app.say("look"))),
  ];
}
