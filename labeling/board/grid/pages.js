// Pages of one predicted class each. While one is on screen, the next one and its contents are
// loaded, so that it shows at once.

const LOADING = 4; // contents loading at once; answers need connections too
const CALM = 1500; // ms between two requests for the page ahead

export class Pages {
  // `rated()` is called when the error rate of the class on screen may have changed.
  constructor(board, rated) {
    this.board = board;
    this.rated = rated;
    this.classId = null;
    this.confident = true;
    this.cut = {}; // the confidence of the guesses to show
    this.rates = new Map(); // class id -> {rate, counting}: its error rate in this cut
    this.size = 24;
    this.counts = {}; // class id -> its predicted samples without an answer
    this.passed = new Set(); // left out here: they stay leased to this tab and are not sent again
    this.contents = new Map(); // sample id -> what its tile shows
    this.queue = [];
    this.loading = 0;
    this.next = null; // {classId, cards}
    this.asking = null; // the request for it
    this.asked = -CALM;
    this.turns = 0;
  }

  // Of the class on screen.
  get rate() {
    return this.rates.get(this.classId) ?? {};
  }

  // Another class, order, size or cut: drop the page loaded ahead.
  turnTo(change) {
    Object.assign(this, change);
    if (change.cut) this.rates.clear();
    this.turns += 1;
    this.next = null;
    this.asked = -CALM;
  }

  // The next page: {classId, cards}. Of another class if this one has no more; empty if all are done.
  async turn() {
    clearTimeout(this.timer);
    let [page, turns] = [null, -1];
    while (turns !== this.turns) { // a choice made meanwhile counts
      turns = this.turns;
      await this.asking;
      page = this.next ?? (await this.#find([]));
    }
    this.next = null;
    this.asked = -CALM;
    this.classId = page.classId;
    return page;
  }

  // Load the page that comes after the one on screen, ranked by the newest round.
  ahead(shown) {
    if (this.closed || this.asking) return;
    clearTimeout(this.timer);
    const wait = this.asked + CALM - performance.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.ahead(shown), wait);
      return;
    }
    this.asked = performance.now();
    const { turns } = this;
    this.asking = this.#find(shown)
      .then((page) => {
        if (turns !== this.turns) return;
        this.next = page;
        this.#load(shown, page.cards);
      })
      .catch(() => {}) // offline: requested again when the page is turned
      .finally(() => {
        this.asking = null;
        if (turns !== this.turns) return;
        this.rated();
        if (this.rate.counting) this.ahead(shown);
      });
  }

  // What the tile of a card shows, made once while its page is near.
  content(card) {
    const known = this.contents.get(card.sample_id) ?? new this.board.medium.Tile(this.board.api, card);
    this.contents.set(card.sample_id, known);
    return known;
  }

  show(cards) {
    this.#load(cards, this.next?.cards ?? []);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.queue = [];
  }

  // A page of this class, else of the next class that has samples.
  async #find(shown) {
    const start = this.classId ?? this.board.classes[0]?.id ?? 0;
    let classId = start;
    const tried = new Set();
    for (;;) {
      const cards = await this.#ask(classId, shown);
      tried.add(classId);
      if (cards.length) return { classId, cards };
      const left = this.#order(start).filter((id) => this.counts[id] > 0 && !tried.has(id));
      if (!left.length) return { classId: start, cards: [] };
      [classId] = left;
    }
  }

  // Class ids, starting with those after `start`.
  #order(start) {
    const ids = this.board.classes.map(({ id }) => id);
    const at = ids.indexOf(start) + 1;
    return [...ids.slice(at), ...ids.slice(0, at)];
  }

  async #ask(classId, shown) {
    const { api, holder, outbox } = this.board;
    await outbox.flushed(); // so that the counts are right
    const keep = [...shown.map((card) => card.sample_id), ...outbox.pending(), ...this.passed];
    const { turns } = this;
    const reply = await api.page(holder, classId, this.size, this.confident, keep, this.cut);
    if (turns === this.turns) {
      this.counts = reply.counts;
      this.rates.set(classId, { rate: reply.error_rate, counting: reply.counting });
    }
    return reply.cards;
  }

  // Load the contents of two pages, the first page's first; drop all others.
  #load(...pages) {
    const near = new Set(pages.flat().map((card) => card.sample_id));
    for (const id of this.contents.keys()) if (!near.has(id)) this.contents.delete(id);
    this.queue = pages.flat().filter((card) => !this.content(card).begun);
    this.#work();
  }

  #work() {
    while (this.loading < LOADING && this.queue.length) {
      const content = this.content(this.queue.shift());
      const done = () => {
        this.loading -= 1;
        this.#work();
      };
      this.loading += 1;
      content.loaded.then(done, done);
      content.begin();
    }
  }
}
