// What pages are made of: elements and their texts, never HTML of others.

/**
 * h makes an element. Properties that begin with "on" are listeners, "class" and
 * those with a hyphen are attributes; children are elements or texts, and what is
 * false or missing is left out.
 */
export function h(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (name in e && name !== "list" && name !== "form") e[name] = value;
    else e.setAttribute(name === "className" ? "class" : name, value);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== false && c !== null && c !== ""));
  return e;
}

/** paragraphs are the lines of a text. */
export function paragraphs(text) {
  return text.split("\n").filter(Boolean).map((line) => h("p", {}, line));
}

/** grouped is a receipt number as people read it: 4-4-4. */
export function grouped(receipt) {
  return receipt.replace(/\D/g, "").replace(/(\d{4})(?=\d)/g, "$1-");
}
