import { h, paragraphs } from "./dom.js";
import { clean, wrong } from "./check.js";
import { hashOf } from "./file.js";

/**
 * question asks for one input. take is called with the value and with what was
 * read on the page; back leads to the question before.
 */
export function question(app, prompt, input, { take, back }) {
  const leave = h("button", { className: "button plain", type: "button", onclick: back }, app.say("back"));
  if (input?.options?.length) return choices(prompt, input.options, take, leave);
  return typed(app, prompt, input ?? { type: "text" }, take, leave);
}

function choices(prompt, options, take, leave) {
  return h("fieldset", {}, h("legend", {}, paragraphs(prompt)),
    options.map((o) => h("button", { className: options.length > 8 ? "choice long" : "choice", type: "button", onclick: () => take(o.value, o.label) }, o.label)),
    h("div", { className: "buttons" }, leave));
}

function typed(app, prompt, input, take, leave) {
  const field = fieldOf(input);
  const error = h("p", { className: "error", id: "error", role: "alert" });
  const file = input.type === "hash" && picker(app, (hash) => take(hash, `${hash.slice(0, 12)}…`), error);
  const submit = (e) => {
    e.preventDefault();
    const value = clean(input, field.value);
    const fault = wrong(input, value);
    error.textContent = fault ? app.say(fault.text, fault.slots) : "";
    field.ariaInvalid = String(Boolean(fault));
    if (fault) field.focus();
    else take(value, shownOf(input, value));
  };
  return h("form", { onsubmit: submit, noValidate: true },
    h("label", { htmlFor: "field" }, paragraphs(prompt)),
    file, file && h("p", { className: "hint" }, app.say("orHash")),
    error, field,
    h("div", { className: "buttons" }, h("button", { className: "button", type: "submit" }, app.say("next")), leave));
}

const numeric = ["digits", "number", "money", "phone", "pin"];

function fieldOf(input) {
  const common = { id: "field", autocomplete: "off", "aria-describedby": "error", spellcheck: false };
  if (input.type === "text") return h("textarea", { ...common, rows: 3, spellcheck: true });
  if (input.type === "date") return h("input", { ...common, type: "date" });
  return h("input", {
    ...common, type: "text", className: input.type === "host" ? "" : "code",
    inputMode: numeric.includes(input.type) ? (input.decimals && input.type !== "digits" ? "decimal" : "numeric") : "text", autocapitalize: "none",
  });
}

/** shownOf is a value as it is read back. */
function shownOf(input, value) {
  return input.type === "date" ? value.split("-").reverse().join("-") : value;
}

/** picker lets a file be chosen, which stays on the phone: its hash goes. */
function picker(app, take, error) {
  return [
    h("p", { className: "hint", id: "file-hint" }, app.say("fileHint")),
    h("label", { className: "button", htmlFor: "file" }, app.say("file")),
    h("input", {
      type: "file", id: "file", className: "hidden", "aria-describedby": "file-hint",
      onchange: async (e) => {
        try {
          take(await hashOf(e.target.files[0]));
        } catch {
          error.textContent = app.say("again");
        }
      },
    }),
  ];
}
