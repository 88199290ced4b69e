import { h } from "./dom.js";
import { clean, wrong } from "./check.js";
import { Problem } from "./gateway.js";

/**
 * login confirms a number with a code by SMS, in the place of what was going on,
 * and then goes on with it.
 */
export function login({ app, place }, then) {
  number(app, place, then);
}

/** ask is a form with one field. act gets its value and says what is wrong, if anything. */
function ask(app, place, { label, hint, input, send, note, act }) {
  const field = h("input", {
    type: "tel", id: "field", className: "code", inputMode: "numeric",
    autocomplete: input.type === "phone" ? "tel" : "one-time-code", "aria-describedby": "hint error",
  });
  const error = h("p", { className: "error", id: "error", role: "alert" });
  const button = h("button", { className: "button", type: "submit" }, send);
  const fail = (text) => {
    error.textContent = text;
    field.ariaInvalid = String(text !== "");
    field.focus();
  };
  const submit = async (e) => {
    e.preventDefault();
    const value = clean(input, field.value);
    const fault = wrong(input, value);
    if (fault) return fail(app.say(fault.text, fault.slots));
    button.disabled = true;
    try {
      await act(value);
    } catch (problem) {
      fail(problem instanceof Problem ? problem.title : app.say("noQuestion"));
    }
    button.disabled = false;
  };
  place.replaceChildren(h("form", { onsubmit: submit, noValidate: true },
    h("label", { htmlFor: "field" }, label), h("p", { className: "hint", id: "hint" }, hint),
    note && h("p", { className: "paper", role: "status" }, note), error, field,
    h("div", { className: "buttons" }, button, h("a", { className: "button plain", href: "#/" }, app.say("home")))));
  field.focus({ preventScroll: true });
}

function number(app, place, then) {
  ask(app, place, {
    label: app.say("login"), hint: app.say("loginWhy"), send: app.say("sendCode"), input: { type: "phone" },
    act: async (value) => code(app, place, then, value.slice(-10), await app.gateway.otp(app.lang, value.slice(-10))),
  });
}

function code(app, place, then, phone, sent) {
  ask(app, place, {
    label: app.say("code"), hint: app.say("codeHint"), send: app.say("next"),
    input: { type: "digits", min_length: 6, max_length: 6 },
    note: sent.sandbox_otp && app.say("sandboxCode", { code: sent.sandbox_otp }),
    act: async (value) => {
      await app.gateway.register(app.lang, phone, value);
      app.listen();
      await then();
      app.flush(); // what else waits for this number
    },
  });
}
