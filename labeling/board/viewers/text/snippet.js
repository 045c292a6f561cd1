// The beginning of a text: in strips and lists, and as a tile of the grid.

import { el } from "../../dom.js";
import { read } from "./reading.js";

const TRIES = 10;
const FIRST = 500; // ms; grows with each try
const LENGTH = 300; // of what the server sends for lists

// It is asked for again a few times if it does not come.
export function thumb(api, sampleId) {
  const node = el("span.thumb.snippet", { dir: "auto" });
  fill(node, () => api.small(sampleId), 1);
  return node;
}

export class Snippet {
  constructor(api, card) {
    this.node = el("span.snippet", { dir: "auto" });
    this.said = card.name;
    this.seen = this.begun = false;
    this.address = () => api.content(card.sample_id, "thumb");
    this.loaded = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.loaded.catch(() => {}); // a tile says it
  }

  begin() {
    this.begun = true;
    const come = (content) => {
      this.said = show(this.node, content);
      this.seen = true;
    };
    read(this.address()).then(come).then(this.resolve, this.reject);
  }
}

async function fill(node, address, tries) {
  try {
    node.title = show(node, await read(address()));
  } catch {
    if (tries <= TRIES) setTimeout(() => fill(node, address, tries + 1), FIRST * tries);
  }
}

function show(node, { text, whole }) {
  const short = text.slice(0, LENGTH).replace(/\s+/g, " ");
  node.textContent = whole && text.length <= LENGTH ? short : `${short} …`;
  return node.textContent;
}
