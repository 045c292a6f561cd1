// The buttons beside the sample, each with its key.

import { el, put } from "../dom.js";
import { keyText } from "../keys/keys.js";

export class Controls {
  // `acts` maps action names to functions; `done()` gives the focus back to the stage.
  constructor(acts, done) {
    Object.assign(this, { acts, done });
    this.buttons = {};
    this.node = el("div.actions", {}, ...["accept", "skip", "unsure", "undo"].map((name) => this.#button(name)));
  }

  showKeys(hotkeys) {
    for (const [name, button] of Object.entries(this.buttons)) put(button.lastElementChild, keyText(hotkeys.actionKey(name)));
  }

  showAccept(enabled, text) {
    this.buttons.accept.disabled = !enabled;
    put(this.buttons.accept.firstElementChild, text);
    this.buttons.accept.title = text; // a long name is cut off in the button
  }

  #button(name) {
    const onclick = () => {
      this.acts[name]();
      this.done();
    };
    this.buttons[name] = el("button.action", { type: "button", "data-act": name, onclick }, el("span", {}, name), el("kbd"));
    return this.buttons[name];
  }
}

// What each action of keys.js does here.
export function actsOf(mode) {
  const { board, history, viewer, classes } = mode;
  return {
    accept: () => mode.acceptGuess(),
    skip: () => mode.answer("skip"),
    unsure: () => mode.answer("unsure"),
    undo: () => mode.undo(),
    find: () => classes.find(),
    history: () => history.focus(),
    ...viewer.acts,
    help: () => board.toggleHelp(),
  };
}
