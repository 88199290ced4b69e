import { h } from "./dom.js";

/** code draws a text as a QR code (ISO/IEC 18004), with error correction M. */
export async function code(app, text, label) {
  const { qrcode } = await import("../vendor/qrcode.mjs");
  const qr = qrcode(0, "M");
  qr.addData(text);
  qr.make();
  const n = qr.getModuleCount();
  let dark = "";
  for (let row = 0; row < n; row++) for (let col = 0; col < n; col++) if (qr.isDark(row, col)) dark += `M${col} ${row}h1v1h-1z`;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${n} ${n}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${app.say("receipt")} ${label}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", dark);
  svg.append(path);
  return h("div", { className: "qr" }, svg);
}

/** receiptIn finds the receipt number in what a code says. */
export function receiptIn(text) {
  return /(?:^|\/)(\d{12})$/.exec(text.replace(/(\d{4})-(\d{4})-(\d{4})$/, "$1$2$3"))?.[1];
}

/** canScan says that the browser reads codes by itself. */
export const canScan = () => "BarcodeDetector" in globalThis && Boolean(navigator.mediaDevices);

/** scan looks through the camera until a receipt is seen or signal ends it; it gives the number, or nothing. */
export async function scan(video, signal) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    while (!signal.aborted) {
      for (const found of await detector.detect(video)) {
        const receipt = receiptIn(found.rawValue);
        if (receipt) return receipt;
      }
      await new Promise((done) => setTimeout(done, 200));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
  return undefined;
}
