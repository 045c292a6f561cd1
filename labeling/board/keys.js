// Which key means which class, and what the keys do, in one place for all modes.

const LETTERS = "qwertyiopasdfghjklxcvbnm"; // without U, Z: they act
export const CLASS_KEYS = [..."1234567890", ...LETTERS];

export function keyOf(index) {
  return CLASS_KEYS[index] ?? "";
}

export const LABEL_HELP = [
  ["1 … 9, 0, then letters", "choose that class and go on"],
  ["Enter", "accept the model’s guess"],
  ["Space", "skip; it comes back at the end"],
  ["U", "unsure; leave it for a second opinion"],
  ["Z", "undo, as often as you like"],
  ["/", "find a class by name, or create one"],
  ["?", "show or hide this help"],
];

export const GRID_HELP = [
  ["click, shift-click", "select images that are wrong"],
  ["arrows, Space", "move and select by keyboard"],
  ["1 … 9, 0, then letters", "give the selected images that class"],
  ["X", "leave the selected images out of this page"],
  ["Enter", "accept all the others and go on"],
  ["Z", "undo the whole last page"],
  ["?", "show or hide this help"],
];

// Listens on the whole document, before Streamlit's own shortcuts, and ignores held keys.
export class Keys {
  constructor(handle) {
    this.listener = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (handle(event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    };
    document.addEventListener("keydown", this.listener, true);
  }

  close() {
    document.removeEventListener("keydown", this.listener, true);
  }
}
