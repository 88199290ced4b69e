/** hashOf is the SHA-256 of a file as hexadecimal digits. The file is not sent. */
export async function hashOf(file) {
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
