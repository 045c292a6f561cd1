// A text as elements. What it says is always in text nodes, so nothing in it can become markup.

import { el } from "../../dom.js";

const LONGEST = 4000; // characters of a line: a browser lays out each at once, which takes time
const TOGETHER = 4000; // … of lines that are laid out, or left out of sight, together

// `marks` are {begin, end, strength, against} in order, in positions of the string.
export function linesOf(text, marks = []) {
  const parts = [];
  let [part, room, at] = [null, 0, 0];
  for (const [begin, end] of ranges(text)) {
    while (at < marks.length && marks[at].end <= begin) at += 1;
    const line = text.slice(begin, end);
    const node = el("div.line", { dir: "auto" }, ...(line ? pieces(text, begin, end, marks, at) : [el("br")]));
    if (room <= 0) {
      parts.push((part = el("div.part")));
      room = TOGETHER;
    }
    part.append(node);
    room -= Math.max(line.length, 80);
  }
  return parts;
}

// The begin and the end of each line; one that is far too long is divided at a blank.
function* ranges(text) {
  for (let begin = 0; begin <= text.length; ) {
    const newline = text.indexOf("\n", begin);
    const end = newline < 0 ? text.length : newline;
    while (end - begin > LONGEST) {
      const blank = text.lastIndexOf(" ", begin + LONGEST);
      const cut = blank > begin ? blank + 1 : whole(text, begin + LONGEST);
      yield [begin, cut];
      begin = cut;
    }
    yield [begin, end];
    begin = end + 1;
  }
}

// A position that does not divide a character.
function whole(text, at) {
  return text.codePointAt(at - 1) > 0xffff ? at + 1 : at;
}

function pieces(text, begin, end, marks, at) {
  const found = [];
  let done = begin;
  for (let next = at; next < marks.length && marks[next].begin < end; next += 1) {
    const mark = marks[next];
    const [from, to] = [Math.max(mark.begin, done), Math.min(mark.end, end)];
    if (to <= from) continue;
    found.push(text.slice(done, from));
    found.push(el(`mark.${mark.against ? "against" : "for"}`, { style: `--strength: ${mark.strength}%` }, text.slice(from, to)));
    done = to;
  }
  return [...found, text.slice(done, end)].filter(Boolean);
}
