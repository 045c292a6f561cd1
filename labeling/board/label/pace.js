// How long and how fast this person has been labeling. The clock stops while nobody is active.

const IDLE = 60_000; // ms without a key press or a pointer movement
const RECENT = 200; // answers for the median
const LATELY = 20; // … and for the present pace
const FEWEST = 5;

export class Pace {
  constructor(project) {
    this.place = `hone-pace:${project}`;
    const { active = 0, seconds = [] } = this.#read();
    Object.assign(this, { active, seconds }); // active: ms until `mark`
    this.mark = this.touched = performance.now();
    this.touch = () => this.#touch();
    for (const name of ["keydown", "pointermove", "pointerdown"])
      window.addEventListener(name, this.touch, { capture: true, passive: true });
  }

  close() {
    for (const name of ["keydown", "pointermove", "pointerdown"])
      window.removeEventListener(name, this.touch, { capture: true });
  }

  get idle() {
    return performance.now() - this.touched > IDLE;
  }

  // Milliseconds at work, without idle time.
  clock() {
    const end = Math.min(performance.now(), this.touched + IDLE);
    return this.active + Math.max(0, end - this.mark);
  }

  answered(seconds) {
    this.seconds = [...this.seconds.slice(1 - RECENT), seconds];
    try {
      sessionStorage.setItem(this.place, JSON.stringify({ active: this.clock(), seconds: this.seconds }));
    } catch {
      /* storage can be forbidden; then the figures start again after a reload */
    }
  }

  undone() {
    this.seconds = this.seconds.slice(0, -1);
  }

  // Seconds for each of the last answers, or null as long as there are too few.
  get each() {
    const lately = this.seconds.slice(-LATELY);
    return lately.length < FEWEST ? null : lately.reduce((sum, one) => sum + one, 0) / lately.length;
  }

  // This session in figures: [name, text].
  get rows() {
    const minutes = this.clock() / 60_000;
    const found = [["your time at work", time(minutes)]];
    if (this.each === null) return found;
    const sorted = [...this.seconds].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    found.push([`your answers a minute, latest ${LATELY}`, `${Math.round(60 / this.each)}`]);
    return [...found, ["your time for each, median", `${median.toFixed(1)} s`]];
  }

  #touch() {
    const now = performance.now();
    if (this.idle) {
      this.active = this.clock();
      this.mark = now;
    }
    this.touched = now;
  }

  #read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.place)) ?? {};
    } catch {
      return {};
    }
  }
}

function time(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), Math.floor(minutes % 60)];
  if (hours) return `${hours} h ${rest} min`;
  return minutes < 1 ? "< 1 min" : `${rest} min`;
}
