// News from the server. Of all tabs in this browser that show a project, one visible tab waits for
// them and passes them on: a browser allows six connections per host, and samples need them.
// A hidden tab does not wait. If a waiting request fails, plain ones are sent until one
// succeeds.

const WAIT = 25; // seconds that the server may wait
const GAP = 30; // ms between two requests while this tab answers
const CALM = 500; // … and while only other people answer
const LULL = 2000; // … between the answers of this tab, whose replies carry the status too
const ACTIVE = 5000; // ms after an answer in which the next one is likely
const SOONEST = 1000;
const LATEST = 5000;

export class Watch {
  // `version` is that of the last status, `news(version, seconds, signal)` waits for a newer one.
  constructor(api, project, version, news) {
    Object.assign(this, { api, version, news, last: -ACTIVE });
    this.name = `hone-watch:${project}`;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => document.hidden || api.heard(data);
    this.seen = () => (document.hidden ? this.#leave() : this.#enter());
    document.addEventListener("visibilitychange", this.seen);
    this.seen();
  }

  // An answer was given here: its round is wanted at once.
  hurry() {
    this.own = true;
    this.last = performance.now();
    this.wake?.();
  }

  close() {
    document.removeEventListener("visibilitychange", this.seen);
    this.#leave();
    this.channel.close();
  }

  #enter() {
    if (this.stop) return;
    const { signal } = (this.stop = new AbortController());
    this.api.status().catch(() => {}); // a tab that only listens needs the present status first
    const lead = () => this.#lead(signal);
    if (!navigator.locks) lead(); // only on https and localhost
    else navigator.locks.request(this.name, { signal }, lead).catch(() => {}); // hidden meanwhile
  }

  // Pause, but stop when it becomes urgent; a lost connection is never urgent.
  async #rest(pause) {
    const calm = performance.now() < this.last + ACTIVE ? LULL : CALM;
    await new Promise((go) => {
      setTimeout(go, pause || (this.own ? GAP : calm));
      if (!pause) this.wake = () => setTimeout(go, GAP);
    });
    this.wake = null;
  }

  #leave() {
    this.stop?.abort();
    this.stop = null;
  }

  // Wait and pass on news until the signal; the lock is held for that time.
  async #lead(signal) {
    let pause = 0;
    while (!signal.aborted) {
      try {
        const { cards, ...news } = await this.news(this.version(), pause ? 0 : WAIT, signal);
        const { status } = news;
        if (!signal.aborted) this.channel.postMessage(news); // without the cards, which are this tab's own
        if (status.seen !== this.told) this.own = false;
        this.told = status.seen;
        pause = 0;
      } catch {
        pause = Math.min(pause * 2 || SOONEST, LATEST);
      }
      if (!signal.aborted) await this.#rest(pause);
    }
  }
}
