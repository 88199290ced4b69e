// The phone's own key, which never leaves it, and what it signs: requests by HTTP
// Message Signatures (RFC 9421) with ECDSA on P-256.

import * as store from "./store.js";

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const utf8 = new TextEncoder();

/** known is the phone as it is confirmed for a number: {id, number, key}; undefined if it is not. */
export const known = () => store.get("memo", "phone");

/** make makes a key that is not yet confirmed for the number. */
export async function make(number) {
  const pair = await crypto.subtle.generateKey(algorithm, false, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const id = base64url(await sha256(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`)); // RFC 7638
  return { id, number, key: pair.privateKey, jwk: { kty, crv, x, y } };
}

/** keep takes the phone as confirmed. */
export const keep = ({ id, number, key }) => store.put("memo", { id, number, key }, "phone");

/** forget throws the key away. */
export const forget = () => store.remove("memo", "phone");

/** sign adds to the headers of a request what proves that this phone sends it; now is Unix time in seconds. */
export async function sign(phone, { method, url, headers, body }, now) {
  if (body) headers["Content-Digest"] = `sha-256=:${base64(await sha256(body))}:`;
  const parts = [["@method", method], ["@authority", url.host], ["@path", url.pathname], ["@query", url.search || "?"]];
  for (const name of ["Content-Type", "Content-Digest", "Idempotency-Key"]) {
    if (headers[name]) parts.push([name.toLowerCase(), headers[name]]);
  }
  const params = `(${parts.map(([name]) => `"${name}"`).join(" ")});created=${Math.floor(now)};nonce="${crypto.randomUUID()}"` +
    `;keyid="${phone.id}";alg="ecdsa-p256-sha256";tag="setu-app"`;
  const base = [...parts, ["@signature-params", params]].map(([name, value]) => `"${name}": ${value}`).join("\n");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, phone.key, utf8.encode(base));
  headers["Signature-Input"] = `phone=${params}`;
  headers.Signature = `phone=:${base64(signature)}:`;
}

const sha256 = (text) => crypto.subtle.digest("SHA-256", utf8.encode(text));
const base64 = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)));
const base64url = (octets) => base64(octets).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
