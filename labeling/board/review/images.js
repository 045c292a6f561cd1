// The images of the next cards, loaded and decoded ahead, so that the next one shows at once.

const AHEAD = 4;
const KEPT = 12;

export class Images {
  constructor(api) {
    this.api = api;
    this.found = new Map(); // sample id -> promise of a decoded image
  }

  get(card) {
    const id = card.sample_id;
    const known = this.found.get(id);
    if (known) return known;
    const image = new Image();
    Object.assign(image, { alt: card.name, draggable: false, src: this.api.image(id, "view") });
    const made = image.decode().then(() => image);
    made.catch(() => this.found.delete(id)); // tried again when it is shown
    this.found.set(id, made);
    for (const old of [...this.found.keys()].slice(0, -KEPT)) this.found.delete(old);
    return made;
  }

  ahead(cards) {
    for (const card of cards.slice(0, AHEAD)) this.get(card);
  }
}
