// A small picture of a sample. If it fails to load, the larger one from the browser's cache is
// shown instead; if that fails too, both are tried again a few times.

import { el } from "../../dom.js";

const TRIES = 10;
const FIRST = 500; // ms; grows with each try

export function thumb(api, sampleId) {
  const image = el("img.thumb", { src: api.small(sampleId), alt: "", draggable: "false" });
  let tries = 0;
  image.addEventListener("load", () => image.classList.remove("missing"));
  image.addEventListener("error", () => {
    image.classList.add("missing");
    tries += 1;
    if (tries > TRIES) return;
    const [size, wait] = tries % 2 ? ["view", 0] : ["thumb", FIRST * tries];
    setTimeout(() => (image.src = api.content(sampleId, size)), wait);
  });
  return image;
}
