// The image on the stage: fitted, zoomed at the pointer, moved by dragging.

import { el } from "../../dom.js";
import { Light } from "./light.js";

const LARGEST_FIT = 8; // small images are enlarged up to this factor
const VIEW = 1600; // the longer side of a view copy (SIZES in images.py); longer images have more detail
const STEP = 1.25; // zoom factor of one key press
const PAN = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
const MAPS = 2; // classes with a heat map

export class ImageViewer {
  constructor(api) {
    this.api = api;
    this.changed = () => {}; // called at each new zoom
    this.stage = el("div.stage", { tabindex: -1, role: "group", "aria-label": "image" });
    this.light = new Light(this.stage);
    this.aside = this.light.node;
    this.acts = this.#acts();
    this.image = null;
    this.keeps = false; // whether the next image is shown with the same zoom
    this.kept = null; // the zoom in parts of the fitted image, null while it is fitted
    this.scale = null; // screen pixels per image pixel; null while the image is fitted
    this.pointers = new Map();
    this.room = { width: 0, height: 0 }; // the stage's size, kept because reading it forces a layout
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      this.room = contentRect;
      this.#layout();
    });
    this.observer.observe(this.stage);
    this.#listen();
  }

  close() {
    this.observer.disconnect();
  }

  get zoomed() {
    return this.image !== null && this.scale !== null;
  }

  // "fit", "1:1", or the factor against the fitted size.
  get text() {
    if (!this.zoomed) return "fit";
    if (this.exact) return "1:1";
    return `${(this.scale / this.#fit).toFixed(1)}×`;
  }

  // Which tools are switched on.
  get switches() {
    return { fit: this.zoomed, keep: this.keeps };
  }

  place(image, card) {
    Object.assign(this, { image, card });
    this.largest = Math.max(image.naturalWidth, image.naturalHeight) < VIEW;
    this.stage.replaceChildren(image);
    if (this.keeps && this.kept) this.#zoomAsBefore(this.kept);
    else this.fit();
  }

  // Show something other than an image.
  say(...nodes) {
    this.image = null;
    this.stage.classList.remove("zoomed");
    this.stage.replaceChildren(...nodes);
    this.changed();
  }

  fit() {
    [this.scale, this.x, this.y, this.exact] = [null, 0, 0, false];
    this.#layout();
  }

  // Switch between the whole image and one image pixel per screen pixel, at `point` of the stage.
  toggle(point = { x: 0, y: 0 }) {
    if (this.zoomed) this.fit();
    else this.#zoom(this.#one, point, true);
  }

  step(direction) {
    this.#zoom((this.scale ?? this.#fit) * STEP ** direction);
  }

  // Whether this key moves the image, which it then does.
  pan(key) {
    if (!this.zoomed || !PAN[key]) return false;
    this.#move(...PAN[key]);
    return true;
  }

  // Whether there was a panel to close, or a zoom to leave.
  closePanel() {
    if (!this.light.open) return false;
    this.light.toggle(false);
    return true;
  }

  reset() {
    if (!this.zoomed) return false;
    this.fit();
    return true;
  }

  // Where the model sees evidence for a class, for the likeliest ones; `fail(text)` says why not.
  evidence(card, { id, name }, place, fail) {
    if (place >= MAPS) return null;
    const image = el("img.heat", { alt: `evidence for ${name}`, hidden: true });
    this.#map(card, id, image).catch((error) => fail(error.message));
    return image;
  }

  async #map(card, id, image) {
    const response = await this.api.heat(card.sample_id, id);
    const content = URL.createObjectURL(await response.blob());
    Object.assign(image, { src: content, hidden: false, onload: () => URL.revokeObjectURL(content) });
  }

  #acts() {
    const { light } = this;
    const keep = () => {
      this.keeps = !this.keeps;
      this.changed();
    };
    return {
      bigger: () => this.step(1),
      smaller: () => this.step(-1),
      fit: () => this.toggle(),
      keep,
      darker: () => light.change("brightness", -1),
      brighter: () => light.change("brightness", 1),
      flatter: () => light.change("contrast", -1),
      harder: () => light.change("contrast", 1),
      plain: () => light.plain(),
    };
  }

  get #fit() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    return Math.min(this.room.width / width, this.room.height / height, LARGEST_FIT);
  }

  get #one() {
    return 1 / devicePixelRatio;
  }

  #zoom(wanted, point = { x: 0, y: 0 }, exact = false) {
    if (!this.image) return;
    const [fit, before] = [this.#fit, this.scale ?? this.#fit];
    const [low, high] = [Math.min(fit, this.#one), Math.max(fit * 4, this.#one * 16)];
    const scale = Math.min(high, Math.max(low, wanted));
    if (!exact && Math.abs(scale / fit - 1) < 0.02) return this.fit();
    this.x = point.x - ((point.x - this.x) * scale) / before;
    this.y = point.y - ((point.y - this.y) * scale) / before;
    this.scale = scale;
    this.exact = exact;
    this.#layout();
    if (exact || scale > this.#one) this.#enlarge(point);
  }

  #zoomAsBefore({ factor, x, y, exact }) {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    this.scale = exact ? this.#one : this.#fit * factor;
    Object.assign(this, { exact, x: x * width * this.scale, y: y * height * this.scale });
    this.#layout();
    if (exact || this.scale > this.#one) this.#enlarge({ x: 0, y: 0 });
  }

  #move(x, y) {
    this.x += x;
    this.y += y;
    this.#layout();
  }

  // Place the image by scale, x and y, but keep its edges at the stage.
  #layout() {
    const { image, stage } = this;
    if (!image) return;
    const scale = this.scale ?? this.#fit;
    const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
    const { width: roomX, height: roomY } = this.room;
    const [mostX, mostY] = [Math.max(0, width - roomX) / 2, Math.max(0, height - roomY) / 2];
    this.x = Math.min(mostX, Math.max(-mostX, this.x));
    this.y = Math.min(mostY, Math.max(-mostY, this.y));
    const parts = { factor: scale / this.#fit, x: this.x / width, y: this.y / height, exact: this.exact };
    this.kept = this.zoomed ? parts : null;
    Object.assign(image.style, {
      width: `${width}px`,
      height: `${height}px`,
      left: `${(roomX - width) / 2 + this.x}px`,
      top: `${(roomY - height) / 2 + this.y}px`,
    });
    stage.classList.toggle("zoomed", this.zoomed && mostX + mostY > 0);
    image.classList.toggle("pixels", this.zoomed && scale > 4 * this.#one);
    this.changed();
  }

  // The view copy has no more detail: replace it by the largest copy, at the same place.
  async #enlarge(point) {
    if (this.largest) return;
    this.largest = true;
    const small = this.image;
    this.stage.classList.add("loading");
    const image = new Image();
    Object.assign(image, { alt: small.alt, draggable: false, src: this.api.content(this.card.sample_id, "full") });
    const loaded = await image.decode().then(() => true, () => false);
    this.stage.classList.remove("loading");
    if (this.image !== small) return;
    if (!loaded) return (this.largest = false);
    const [exact, ratio] = [this.exact, image.naturalWidth / small.naturalWidth];
    this.image = image;
    this.stage.replaceChildren(image);
    if (this.zoomed) this.scale /= ratio;
    this.#layout();
    if (this.zoomed && exact) this.#zoom(this.#one, point, true);
  }

  // The pointer's position, relative to the middle of the stage.
  #point(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.x - box.width / 2, y: event.clientY - box.y - box.height / 2 };
  }

  #listen() {
    const on = (name, act) => this.stage.addEventListener(name, act);
    on("dblclick", (event) => this.toggle(this.#point(event)));
    on("wheel", (event) => {
      if (!this.image) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      const pace = event.ctrlKey ? 0.01 : 0.0015; // browsers report a touchpad pinch as ctrl + wheel
      const factor = Math.exp(-event.deltaY * lines * pace);
      this.#zoom((this.scale ?? this.#fit) * factor, this.#point(event));
    });
    on("pointerdown", (event) => {
      if (event.button !== 0 || !this.image) return;
      this.pointers.set(event.pointerId, this.#point(event));
      if (this.zoomed || this.pointers.size > 1) this.stage.setPointerCapture(event.pointerId);
    });
    on("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"])
      on(name, (event) => this.pointers.delete(event.pointerId));
  }

  #drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.image) return;
    const now = this.#point(event);
    this.pointers.set(event.pointerId, now);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const spread = (a) => Math.hypot(a.x - other.x, a.y - other.y);
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      const factor = spread(now) / Math.max(1, spread(before));
      this.#zoom((this.scale ?? this.#fit) * factor, middle);
      if (this.zoomed) this.#move((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (this.zoomed) this.#move(now.x - before.x, now.y - before.y);
  }
}
