// Selecting tiles by pointer: click, shift-click, a rectangle by dragging, and a long press, which
// enlarges a tile until it is released.

import { el } from "../dom.js";

const FAR = 6; // px that make a press a drag
const LONG = 450; // ms that make a press a long one

export class Lasso {
  constructor(sheet) {
    this.sheet = sheet;
    this.box = el("div.lasso", { hidden: true });
    sheet.node.append(this.box);
    this.press = null; // {x, y, at, before}
    sheet.node.addEventListener("pointerdown", (event) => this.#down(event));
    sheet.node.addEventListener("click", (event) => this.#click(event));
    this.move = (event) => this.#move(event);
    this.up = () => this.#up();
    window.addEventListener("pointermove", this.move);
    window.addEventListener("pointerup", this.up);
    window.addEventListener("pointercancel", this.up);
  }

  close() {
    clearTimeout(this.timer);
    window.removeEventListener("pointermove", this.move);
    window.removeEventListener("pointerup", this.up);
    window.removeEventListener("pointercancel", this.up);
  }

  #down(event) {
    if (event.button !== 0) return;
    if (!this.sheet.lens.hidden) {
      this.used = true; // this press does nothing but close the enlarged tile
      return this.sheet.shrink();
    }
    const at = this.#tile(event);
    const { clientX: x, clientY: y, pointerType } = event;
    this.press = { x, y, at, drags: pointerType !== "touch", before: this.sheet.selected };
    this.used = false; // whether the press was more than a click
    clearTimeout(this.timer);
    if (at >= 0) this.timer = setTimeout(() => this.#long(), LONG);
  }

  #long() {
    this.used = true;
    this.sheet.enlarge(this.sheet.tiles[this.press.at]);
  }

  #move({ clientX, clientY }) {
    const { press } = this;
    if (!press) return;
    const drags = Math.hypot(clientX - press.x, clientY - press.y) > FAR;
    if (drags) clearTimeout(this.timer);
    if (!press.drags || (!drags && this.box.hidden) || !this.sheet.lens.hidden) return;
    this.used = true;
    const [left, right] = [press.x, clientX].sort((a, b) => a - b);
    const [top, bottom] = [press.y, clientY].sort((a, b) => a - b);
    Object.assign(this.box.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    this.box.hidden = false;
    const inside = this.sheet.tiles.filter((tile) => {
      const place = tile.node.getBoundingClientRect();
      return place.left < right && place.right > left && place.top < bottom && place.bottom > top;
    });
    this.sheet.select([...press.before, ...inside]);
  }

  #up() {
    if (!this.press) return;
    clearTimeout(this.timer);
    if (this.used && this.box.hidden) this.sheet.shrink();
    this.press = null;
    this.box.hidden = true;
  }

  #click(event) {
    const at = this.#tile(event);
    if (this.used || at < 0) return;
    if (event.shiftKey) this.sheet.reach(at);
    else this.sheet.toggle(at);
    this.sheet.tiles[at].node.focus({ preventScroll: true });
  }

  #tile(event) {
    const node = event.composedPath().find((one) => one.classList?.contains("tile"));
    return node ? this.sheet.at(node) : -1;
  }
}
