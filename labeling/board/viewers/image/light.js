// Brightness and contrast of the image on the stage; they stay for the next images until reset.

import { el } from "../../dom.js";

const STEP = 10;
const RANGES = { brightness: [20, 300], contrast: [20, 300] };

export class Light {
  constructor(stage) {
    this.stage = stage;
    this.values = { brightness: 100, contrast: 100 };
    this.sliders = {};
    this.button = el(
      "button.tool",
      { type: "button", "aria-label": "brightness and contrast", "aria-expanded": "false", onclick: () => this.toggle() },
      "◐",
    );
    const rows = Object.keys(RANGES).map((name) => this.#row(name));
    this.reset = el("button.tool", { type: "button", onclick: () => this.plain() }, "reset");
    this.panel = el("div.light", { hidden: true, role: "group", "aria-label": "brightness and contrast" }, ...rows, this.reset);
    this.node = el("div.light-tool", {}, this.button, this.panel);
    this.#apply();
  }

  get open() {
    return !this.panel.hidden;
  }

  toggle(open = !this.open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", open);
  }

  change(name, direction) {
    this.#set(name, this.values[name] + direction * STEP);
  }

  plain() {
    for (const name of Object.keys(RANGES)) this.#set(name, 100);
  }

  get text() {
    return `brightness ${this.values.brightness}%, contrast ${this.values.contrast}%`;
  }

  #row(name) {
    const [min, max] = RANGES[name];
    const slider = el("input", {
      type: "range",
      min,
      max,
      step: STEP / 2,
      oninput: () => this.#set(name, Number(slider.value)),
      onpointerup: () => this.stage.focus({ preventScroll: true }),
    });
    const output = el("output");
    this.sliders[name] = { slider, output };
    return el("label", {}, el("span", {}, name), slider, output);
  }

  #set(name, value) {
    const [min, max] = RANGES[name];
    this.values[name] = Math.min(max, Math.max(min, value));
    this.#apply();
  }

  #apply() {
    for (const [name, { slider, output }] of Object.entries(this.sliders)) {
      slider.value = this.values[name];
      output.textContent = `${this.values[name]}%`;
    }
    const { brightness, contrast } = this.values;
    const changed = brightness !== 100 || contrast !== 100;
    const filter = `brightness(${brightness}%) contrast(${contrast}%)`;
    this.stage.style.setProperty("--light", changed ? filter : "none");
    this.button.classList.toggle("on", changed);
    this.button.title = this.text;
    this.reset.disabled = !changed;
  }
}
