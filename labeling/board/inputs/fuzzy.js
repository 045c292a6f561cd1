// Find names by a few of their letters.

const START = 8; // at the start of the name
const WORD = 6; // at the start of a word
const NEXT = 5; // right after the letter before
const GAP = 0.2; // for each letter in between

const BETWEEN = /[\s_\-./]/; // words; a typed space finds any of them

// How well `name` contains the letters of `typed` in order: {score, at: positions}, else null.
export function match(typed, name) {
  const [wanted, text] = [[...typed.toLowerCase()], [...name.toLowerCase()]];
  if (!wanted.length || wanted.length > text.length) return null;
  // best[j]: the best match of the letters so far, with the last of them at position j; `before` is
  // that of the letter before.
  let best = [];
  for (const [i, letter] of wanted.entries()) {
    const row = text.map(() => null);
    for (let j = i; j < text.length; j += 1) {
      if (text[j] !== letter && !(letter === " " && BETWEEN.test(text[j]))) continue;
      const here = j === 0 ? START : BETWEEN.test(text[j - 1]) ? WORD : 0;
      if (i === 0) row[j] = { score: here - GAP * j, j, before: null };
      for (let k = i - 1; i > 0 && k < j; k += 1) {
        if (!best[k]) continue;
        const step = k === j - 1 ? NEXT : -GAP * (j - k);
        const score = best[k].score + here + step;
        if (!row[j] || score > row[j].score) row[j] = { score, j, before: best[k] };
      }
    }
    best = row;
    if (!best.some(Boolean)) return null;
  }
  const found = best.filter(Boolean).reduce((a, b) => (a.score >= b.score ? a : b));
  const at = [];
  for (let one = found; one; one = one.before) at.unshift(one.j);
  const whole = wanted.length === text.length ? 100 : 0;
  return { score: found.score + whole - text.length / 100, at };
}

// The items whose name matches, best first; equal scores keep their order.
export function search(typed, items) {
  return items
    .map((item) => ({ item, found: match(typed, item.name) }))
    .filter(({ found }) => found)
    .sort((a, b) => b.found.score - a.found.score);
}
