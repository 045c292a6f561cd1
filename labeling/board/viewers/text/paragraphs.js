// A text as elements. What it says is always in text nodes, so nothing in it can become markup.

import { el } from "../../dom.js";

const TOGETHER = 40; // lines that the browser lays out, or leaves out of sight, as one

// `marks` are {begin, end, strength, against} in order, in positions of the string.
export function paragraphs(text, marks = []) {
  let [begin, at] = [0, 0];
  const lines = text.split("\n").map((line) => {
    const [first, end] = [begin, begin + line.length];
    const here = [];
    while (at < marks.length && marks[at].begin < end) {
      here.push(marks[at]);
      if (marks[at].end > end) break; // it goes on in the next line
      at += 1;
    }
    begin = end + 1;
    return el("p", { dir: "auto" }, ...(line ? pieces(text, first, end, here) : [el("br")]));
  });
  const parts = [];
  for (let from = 0; from < lines.length; from += TOGETHER) parts.push(el("div.part", {}, ...lines.slice(from, from + TOGETHER)));
  return parts;
}

function pieces(text, first, end, marks) {
  const found = [];
  let done = first;
  for (const mark of marks) {
    const [from, to] = [Math.max(mark.begin, done), Math.min(mark.end, end)];
    if (to <= from) continue;
    found.push(text.slice(done, from));
    found.push(el(`mark.${mark.against ? "against" : "for"}`, { style: `--strength: ${mark.strength}%` }, text.slice(from, to)));
    done = to;
  }
  return [...found, text.slice(done, end)].filter(Boolean);
}
