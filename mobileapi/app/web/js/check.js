// What can be told about an input without asking the gateway, which checks all of
// it again: digits of three scripts are digits, numbers have their length and
// their check digit. So a mistake is found without a network, too.

/** digits makes ASCII digits of Bengali and Devanagari ones. */
export function digits(text) {
  return text.normalize("NFC").replace(/[০-৯०-९]/g, (d) => {
    const at = d.charCodeAt(0);
    return String(at - (at >= 0x9e6 ? 0x9e6 : 0x966));
  });
}

const damm = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

const rules = {
  damm: (n) => [...n].reduce((row, d) => damm[row][d], 0) === "0",
  // Weights len … 2, 1, as ISBN-10 has them.
  mod11: (n) => [...n].reduce((sum, d, i) => sum + d * (n.length - i), 0) % 11 === 0,
};

/** follows says whether a number keeps to a rule; a rule that is not known here is the gateway's affair. */
export function follows(rule, number) {
  return !rules[rule] || rules[rule](number);
}

/** clean is an input as it is sent. */
export function clean(input, text) {
  const t = digits(text).trim();
  switch (input.type) {
    case "digits": case "phone": return t.replace(/[\s-]/g, "");
    case "number": case "money": return t.replace(/[\s,]/g, "");
    case "code": return t.replace(/[\s-]/g, "").toUpperCase();
    case "hash": return t.replace(/[\s:]/g, "").toLowerCase();
  }
  return t;
}

/**
 * wrong says what is wrong with a cleaned input: the name of a text and its
 * slots, or nothing.
 */
export function wrong(input, value, today = new Date()) {
  if (value === "") return { text: "empty" };
  const check = kinds[input.type];
  return check ? check(input, value, today) : long(input, value);
}

const kinds = {
  digits(input, value) {
    if (!/^\d+$/.test(value)) return { text: "wrongDigits" };
    const [least, most] = [input.min_length ?? 1, input.max_length ?? 99];
    if (value.length < least || value.length > most) {
      return { text: "wrongLength", slots: { count: least === most ? least : `${least}–${most}` } };
    }
    return follows(input.check, value) ? undefined : { text: "wrongCheck" };
  },
  phone: (input, value) => (/^(\+91|0)?[6-9]\d{9}$/.test(value) ? undefined : { text: "wrongLength", slots: { count: 10 } }),
  number(input, value) {
    if (!/^\d+(\.\d+)?$/.test(value)) return { text: "wrongDigits" };
    const [min, max] = [Number(input.min ?? 0), Number(input.max ?? Infinity)];
    const n = Number(value);
    if (n < min || n > max) return { text: "wrongRange", slots: { min: input.min, max: input.max } };
    const [count, most] = [value.replace(/0+$/, "").split(".")[1]?.length ?? 0, input.decimals ?? 0];
    if (count > most) return most ? { text: "wrongDecimals", slots: { count: most } } : { text: "wrongWhole" };
  },
  money: (input, value) => kinds.number(input, value),
  code(input, value) {
    const fits = !input.pattern || (value.length === input.pattern.length &&
      [...input.pattern].every((p, i) => (p === "A" ? /[A-Z]/ : p === "9" ? /\d/ : { test: (c) => c === p }).test(value[i])));
    return fits ? undefined : { text: "wrongPattern", slots: { pattern: example(input.pattern) } };
  },
  date(input, value, today) {
    const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
    const day = m && new Date(Number(m[1]), m[2] - 1, Number(m[3]));
    if (!day || day.getDate() !== Number(m[3])) return { text: "wrongDate" };
    const now = new Date(today.getFullYear(), today.getMonth(), today.getDate());
    if (input.when === "past" && day > now) return { text: "needPast" };
    if (input.when === "future" && day < now) return { text: "needFuture" };
  },
};

function long(input, value) {
  const max = input.max_length;
  return max && [...value].length > max ? { text: "tooLong", slots: { max } } : undefined;
}

/** example is a pattern with letters and digits in it. */
export function example(pattern) {
  return pattern.replace(/9/g, "1");
}
