// A lease lasts 15 minutes after the last request. It is renewed while the person is active. After
// a long break, samples that others have got meanwhile are removed from the screen.

const EVERY = 5 * 60_000;
const LONGEST = 60 * 60_000; // ms without a key press or pointer movement: the person has left

export class Hold {
  // `held()` returns the ids that the mode holds, `lost(ids)` removes those whose lease was lost.
  constructor(api, holder, held, lost) {
    Object.assign(this, { api, holder, held, lost });
    this.renewed = this.touched = performance.now();
    this.timer = setInterval(() => this.#look(), EVERY);
    this.touch = () => this.#touch();
    for (const name of ["keydown", "pointermove"])
      window.addEventListener(name, this.touch, { capture: true, passive: true });
  }

  close() {
    clearInterval(this.timer);
    for (const name of ["keydown", "pointermove"])
      window.removeEventListener(name, this.touch, { capture: true });
  }

  async renew() {
    this.renewed = performance.now();
    const ids = this.held();
    if (!ids.length) return;
    try {
      const kept = new Set((await this.api.hold(this.holder, ids)).held);
      const gone = ids.filter((id) => !kept.has(id));
      if (gone.length) this.lost(new Set(gone));
    } catch {
      this.renewed = -Infinity; // offline: renewed at the next check or input
    }
  }

  #look() {
    if (performance.now() - this.touched < LONGEST) this.renew();
  }

  #touch() {
    this.touched = performance.now();
    if (this.touched - this.renewed > 2 * EVERY) this.renew();
  }
}
