// The gateway as the app sees it: a few questions, each one round trip.

/** Problem is an answer of RFC 9457: its title is for the citizen, in her language. */
export class Problem extends Error {
  constructor(body) {
    super(body.title);
    Object.assign(this, body);
    this.name = "Problem";
  }

  /** passing says that the same request may succeed later. */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.code === "busy";
  }
}

/** Unreachable says that there was no answer at all. */
export class Unreachable extends Error {}

const patience = 20_000;

async function ask(method, path, { lang, body, key } = {}) {
  const headers = { "Accept-Language": lang ?? "" };
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = `"${key}"`;
  let response;
  try {
    response = await fetch(`/v1${path}`, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(patience) });
  } catch (cause) {
    throw new Unreachable("no answer", { cause });
  }
  const json = response.status === 204 ? undefined : await response.json().catch(() => ({ status: response.status, title: "" }));
  if (!response.ok) throw new Problem({ status: response.status, ...json });
  return json;
}

export const gateway = {
  services: (lang) => ask("GET", `/services?lang=${lang}`),
  talk: (lang, body, key) => ask("POST", "/dialogue", { lang, body, key }),
  known: async () => undefined,
  operation: (lang, receipt) => ask("GET", `/operations/${receipt}?lang=${lang}`),
};
