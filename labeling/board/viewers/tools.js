// The buttons below the stage, which act on how the sample is shown.

import { el, put } from "../dom.js";
import { keyText } from "../keys/keys.js";

export class Tools {
  // `help()` shows all keys, `done()` gives the focus back to the stage.
  constructor(medium, viewer, help, done) {
    this.viewer = viewer;
    this.buttons = Object.fromEntries(
      medium.tools.map(([name, sign, label]) => [name, this.#button(name, sign, label, () => (viewer.acts[name](), done()))]),
    );
    this.buttons.help = this.#button("help", "?", "keys", help);
    this.node = el("div.tools", {}, viewer.aside, ...Object.values(this.buttons));
    viewer.changed = () => this.#show();
    this.#show();
  }

  showKeys(hotkeys) {
    for (const [name, button] of Object.entries(this.buttons))
      button.title = `${button.getAttribute("aria-label")} ( ${keyText(hotkeys.actionKey(name))} )`;
  }

  #show() {
    put(this.buttons.fit, this.viewer.text);
    for (const [name, isOn] of Object.entries(this.viewer.switches)) {
      this.buttons[name].classList.toggle("on", isOn);
      if (name !== "fit") this.buttons[name].setAttribute("aria-pressed", isOn);
    }
  }

  #button(name, sign, label, onclick) {
    return el("button.tool", { type: "button", "data-tool": name, "aria-label": label, onclick }, sign);
  }
}
