// The buttons beside and below the image, each with its key.

import { el, put } from "../dom.js";
import { keyText } from "../keys/keys.js";
import { viewingActs } from "../viewers/acts.js";

export class Controls {
  // `acts` maps action names to functions; `done()` gives the focus back to the image.
  constructor(acts, done) {
    Object.assign(this, { acts, done });
    this.buttons = {};
    const action = (name) => this.#button("button.action", name, {}, el("span", {}, name), el("kbd"));
    const tool = (name, sign, label) => this.#button("button.tool", name, { "aria-label": label }, sign);
    this.actions = el("div.actions", {}, ...["accept", "skip", "unsure", "undo"].map(action));
    this.tools = el(
      "div.tools",
      {},
      tool("smaller", "−", "zoom out"),
      tool("fit", "fit", "whole image, or one to one"),
      tool("bigger", "+", "zoom in"),
      tool("keep", "keep", "keep the zoom for the next images"),
      tool("help", "?", "keys"),
    );
  }

  showKeys(hotkeys) {
    for (const [name, button] of Object.entries(this.buttons)) {
      const key = keyText(hotkeys.actionKey(name));
      const kbd = button.querySelector("kbd");
      if (kbd) kbd.textContent = key;
      else button.title = `${button.getAttribute("aria-label")} ( ${key} )`;
    }
  }

  showAccept(enabled, text) {
    this.buttons.accept.disabled = !enabled;
    put(this.buttons.accept.firstElementChild, text);
    this.buttons.accept.title = text; // a long name is cut off in the button
  }

  showZoom(viewer) {
    put(this.buttons.fit, viewer.text);
    this.buttons.fit.classList.toggle("on", viewer.zoomed);
    this.buttons.keep.classList.toggle("on", viewer.keeps);
    this.buttons.keep.setAttribute("aria-pressed", viewer.keeps);
  }

  #button(spec, name, attributes, ...children) {
    const onclick = () => {
      this.acts[name]();
      if (name !== "help") this.done();
    };
    this.buttons[name] = el(spec, { type: "button", "data-act": name, ...attributes, onclick }, ...children);
    return this.buttons[name];
  }
}

// What each action of keys.js does in the one-image mode.
export function actsOf(mode) {
  const { board, history, viewer, light, classes } = mode;
  return {
    accept: () => mode.acceptGuess(),
    skip: () => mode.answer("skip"),
    unsure: () => mode.answer("unsure"),
    undo: () => mode.undo(),
    find: () => classes.find(),
    history: () => history.focus(),
    ...viewingActs(viewer, light),
    keep: () => viewer.toggleKeep(),
    help: () => board.toggleHelp(),
  };
}
