import { grouped, h, paragraphs } from "../dom.js";
import { clean, follows } from "../check.js";
import { Problem } from "../gateway.js";
import { canScan, scan } from "../qr.js";

/** look checks anyone's receipt: its number is typed, scanned or in the address. */
export async function look(app, receipt) {
  const place = h("div", {});
  if (receipt) await check(app, place, receipt);
  return [h("h1", {}, app.say("look")), place, form(app), canScan() && camera(app)].filter(Boolean);
}

function form(app) {
  const field = h("input", { type: "text", id: "field", inputMode: "numeric", className: "code", autocomplete: "off", "aria-describedby": "error" });
  const error = h("p", { className: "error", id: "error", role: "alert" });
  const submit = (e) => {
    e.preventDefault();
    const number = clean({ type: "digits" }, field.value);
    const wrong = number.length !== 12 ? app.say("wrongLength", { count: 12 }) : follows("damm", number) ? "" : app.say("wrongCheck");
    error.textContent = wrong;
    field.ariaInvalid = String(wrong !== "");
    if (wrong) field.focus();
    else app.go(`#/r/${number}`);
  };
  return h("form", { onsubmit: submit, noValidate: true },
    h("label", { htmlFor: "field" }, app.say("lookHint")), error, field,
    h("div", { className: "buttons" }, h("button", { className: "button", type: "submit" }, app.say("next"))));
}

async function check(app, place, receipt) {
  try {
    const o = await app.gateway.operation(app.lang, receipt);
    place.append(h("div", { className: `paper ${o.state === "recorded" ? "good" : "waits"}`, role: "status" },
      h("p", { className: "number" }, grouped(receipt)), paragraphs(o.prompt), o.block > 0 && h("p", { className: "meta" }, `${app.say("block")} ${o.block}`)));
  } catch (error) {
    place.append(h("p", { className: "paper bad", role: "alert" }, error instanceof Problem ? error.title : app.say("noQuestion")));
  }
}

/** camera is a button that looks for a code, and ends when the page is left. */
function camera(app) {
  const place = h("div", {});
  const begin = async () => {
    const end = new AbortController();
    addEventListener("hashchange", () => end.abort(), { once: true });
    const video = h("video", { muted: true, playsInline: true });
    place.replaceChildren(video, h("button", { className: "button plain", type: "button", onclick: () => { end.abort(); idle(); } }, app.say("stopScan")));
    try {
      const receipt = await scan(video, end.signal);
      if (receipt) app.go(`#/r/${receipt}`);
    } catch {
      place.replaceChildren(h("p", { className: "error", role: "alert" }, app.say("noCamera")));
    }
  };
  const idle = () => place.replaceChildren(h("button", { className: "button plain", type: "button", onclick: begin }, app.say("scan")));
  idle();
  return place;
}
