import { h } from "./dom.js";

/** speaker is a button that reads a text aloud, where the phone has a voice for its language. */
export function speaker(app, text, lang) {
  const voice = globalThis.speechSynthesis?.getVoices().find((v) => v.lang.slice(0, 2) === lang);
  if (!voice) return undefined;
  const read = () => {
    speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(text.replace(/(\d{4})-(\d{4})-(\d{4})/g, (n) => [...n.replace(/-/g, "")].join(" ")));
    words.voice = voice;
    words.lang = `${lang}-IN`;
    speechSynthesis.speak(words);
  };
  return h("button", { className: "button plain", type: "button", onclick: read }, app.say("listen"));
}
