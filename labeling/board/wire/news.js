// News of the server. Of all tabs of this browser that show a project, one that can be seen waits
// for them and passes them on: a browser grants a host six connections, and images need them.
// A tab that is hidden waits for nothing. Where a waiting request fails, plain ones are made until
// one gets through.

const WAIT = 25; // seconds that the server may take
const GAP = 30; // ms between two requests while this tab answers
const CALM = 500; // … and while only others do
const LULL = 2000; // … between the answers of this tab, whose replies are news as well
const ACTIVE = 5000; // ms for which a tab that has answered is about to answer again
const SOONEST = 1000;
const LATEST = 5000;

export class Watch {
  // `version` gives that of the last status, `news(version, seconds, signal)` waits for more.
  constructor(api, project, version, news) {
    Object.assign(this, { api, version, news, last: -ACTIVE });
    this.name = `hone-watch:${project}`;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => document.hidden || api.heard(data);
    this.seen = () => (document.hidden ? this.#leave() : this.#enter());
    document.addEventListener("visibilitychange", this.seen);
    this.seen();
  }

  // An answer is given here: the round that it brings about is wanted at once.
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
    this.api.status().catch(() => {}); // one that only listens has to know where things stand
    const lead = () => this.#lead(signal);
    if (!navigator.locks) lead(); // only on https and localhost
    else navigator.locks.request(this.name, { signal }, lead).catch(() => {}); // hidden meanwhile
  }

  // For a while, or until there is a hurry; a dead line is not hurried.
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

  // Wait and tell, until the signal. The lock is held as long.
  async #lead(signal) {
    let pause = 0;
    while (!signal.aborted) {
      try {
        const { cards, ...news } = await this.news(this.version(), pause ? 0 : WAIT, signal);
        const { status } = news;
        if (!signal.aborted) this.channel.postMessage(news); // the cards are this tab's own
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
