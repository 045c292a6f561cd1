// What the keys do while one sample is reviewed: by the actions of keys.js, whose keys a person can
// change, and by fixed keys, as far as they are no class's.

export function actsOf(form) {
  const { mode, viewer } = form;
  const later = () => form.later();
  return {
    s: later,
    ArrowRight: later,
    ArrowLeft: () => form.back(),
    PageDown: () => mode.lists.step(1),
    PageUp: () => mode.lists.step(-1),
    accept: () => form.keep(),
    skip: () => form.why.toggle(form.deck.current),
    unsure: later,
    undo: () => mode.undo(),
    find: () => form.classes.find(),
    history: () => form.strip.focus(),
    ...viewer.acts,
    help: () => mode.board.toggleHelp(),
  };
}

export const help = ({ words, brief }) => [
  ["Enter", "keep the label"],
  ["1 … 9, 0, then letters", "give it another class"],
  ["Shift 1 … 5", "the likeliest classes, if there are many"],
  ["Space", `why: the most similar labeled ${words.many}, and ${words.evidence}`],
  ["S, U, →", "later: put it behind the others"],
  ["←", "bring back what was put off"],
  ["Z", "undo the last decision, or the last page"],
  ["↓", "go to the last decisions, to change one"],
  ["Page down, Page up", "next, previous list or pair"],
  ...brief,
  ["/", "find a class by name, or create one"],
  ["On a page: arrows, Space, click", "move; mark what is labeled right"],
  ["On a page: Delete", `leave the marked ${words.many} for later`],
  ["?", "show or hide this help"],
];
