// The contents of the next cards, made ready ahead, so that the next one shows at once.

const AHEAD = 4;
const KEPT = 12;

export class Ahead {
  constructor(api, medium) {
    Object.assign(this, { api, medium });
    this.found = new Map(); // sample id -> promise of a content that can be shown at once
  }

  get(card) {
    const id = card.sample_id;
    const known = this.found.get(id);
    if (known) return known;
    const made = this.medium.load(this.api, card).then(async (content) => {
      await this.medium.ready(content);
      return content;
    });
    made.catch(() => this.found.delete(id)); // tried again when it is shown
    this.found.set(id, made);
    for (const old of [...this.found.keys()].slice(0, -KEPT)) this.found.delete(old);
    return made;
  }

  load(cards) {
    for (const card of cards.slice(0, AHEAD)) this.get(card);
  }
}
