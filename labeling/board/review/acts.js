// What the keys do while one sample is reviewed: by the actions of keys.js, whose keys a person can
// change, and by fixed keys, as far as they are no class's.

import { viewingActs } from "../viewers/acts.js";

export function actsOf(form) {
  const { mode, viewer, light } = form;
  const acts = {
    keep: () => form.keep(),
    why: () => form.why.toggle(form.deck.current),
    later: () => form.later(),
    undo: () => mode.undo(),
    find: () => form.classes.find(),
    history: () => form.strip.focus(),
    ...viewingActs(viewer, light),
    help: () => mode.board.toggleHelp(),
  };
  const fixed = {
    s: acts.later,
    ArrowRight: acts.later,
    ArrowLeft: () => form.back(),
    PageDown: () => mode.lists.step(1),
    PageUp: () => mode.lists.step(-1),
  };
  return { ...fixed, ...acts, accept: acts.keep, skip: acts.why, unsure: acts.later };
}

export const HELP = [
  ["Enter", "keep the label"],
  ["1 … 9, 0, then letters", "give it another class"],
  ["Shift 1 … 5", "the likeliest classes, if there are many"],
  ["Space", "why: the most similar labeled images, and where the model looks"],
  ["S, U, →", "later: put it behind the others"],
  ["←", "bring back what was put off"],
  ["Z", "undo the last decision, or the last page"],
  ["↓", "go to the last decisions, to change one"],
  ["Page down, Page up", "next, previous list or pair"],
  ["+ − .", "zoom in, zoom out, whole image or one to one"],
  ["[ ] { } \\", "brightness, contrast, reset"],
  ["/", "find a class by name, or create one"],
  ["On a page: arrows, Space, click", "move; mark what is labeled right"],
  ["On a page: Delete", "leave the marked images for later"],
  ["?", "show or hide this help"],
];
