// The copies of an image: for the stage, a tile of the grid, and an enlarged tile.

import { el } from "../../dom.js";

// A promise of the image for the stage, loaded but not decoded yet.
export function load(api, card) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    Object.assign(image, { alt: card.name, draggable: false });
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(card.name));
    image.src = api.content(card.sample_id, "view");
  });
}

export function large(api, card) {
  return el("img", { src: api.content(card.sample_id, "view"), alt: card.name, draggable: "false" });
}

export class Picture {
  constructor(api, card) {
    this.node = new Image();
    this.said = card.name;
    Object.assign(this.node, { alt: card.name, draggable: false });
    this.node.decoding = "sync"; // all images of a page appear together
    this.address = () => api.content(card.sample_id, "thumb");
    this.loaded = new Promise((resolve, reject) => Object.assign(this.node, { onload: resolve, onerror: reject }));
    this.loaded.catch(() => {}); // a tile says it
  }

  get begun() {
    return Boolean(this.node.src);
  }

  // Whether it can be seen.
  get seen() {
    return this.node.complete && this.node.naturalWidth > 0;
  }

  begin() {
    this.node.src = this.address();
  }
}
