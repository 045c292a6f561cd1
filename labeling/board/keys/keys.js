// The default keys, in one place for all modes.

const LETTERS = "qwertyiopasdfghjklxcvbnm"; // without U and Z, which are actions
export const CLASS_KEYS = [..."1234567890", ...LETTERS];

export function keyOf(index) {
  return CLASS_KEYS[index] ?? "";
}

// Actions of the one-image mode: name -> [key, what it does]. A person can change the keys.
export const ACTIONS = {
  accept: ["Enter", "accept the model’s guess"],
  skip: [" ", "skip; it comes back at the end"],
  unsure: ["u", "unsure; leave it for a second opinion"],
  undo: ["z", "undo, as often as you like"],
  find: ["/", "find a class by name, or create one"],
  history: ["ArrowDown", "go to your last answers, to change one"],
  bigger: ["+", "zoom in"],
  smaller: ["-", "zoom out"],
  fit: [".", "whole image, or one pixel to one pixel"],
  darker: ["[", "darker"],
  brighter: ["]", "brighter"],
  flatter: ["{", "less contrast"],
  harder: ["}", "more contrast"],
  plain: ["\\", "reset brightness and contrast"],
  help: ["?", "show or hide this help"],
};

// Keys that cannot be changed, for the help.
export const FIXED_HELP = [
  ["Shift 1 … 5", "the likeliest classes, if there are many"],
  ["wheel, pinch", "zoom at the pointer"],
  ["double click", "whole image, or one pixel to one pixel"],
  ["drag, arrows", "move the image while it is zoomed in"],
  ["Esc", "leave the field, the answers, or a change"],
];

// The name of the pressed key: a sign in lower case, or a name such as "Enter". Class keys
// are found by position if a layout has other signs there (Cyrillic, French digits).
export function keyName(event) {
  const { key, code = "", shiftKey } = event;
  if (key.length > 1) return key;
  if (/^Digit\d$/.test(code) && !shiftKey) return code.at(-1);
  if (/^Key[A-Z]$/.test(code) && key > "\u007f") return code.at(-1).toLowerCase();
  return key.toLowerCase();
}

// The text of a key on screen.
export function keyText(key) {
  const names = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
  return names[key] ?? (key?.length === 1 ? key.toUpperCase() : key);
}

// Listens on the whole document, before Streamlit's own shortcuts, and ignores held keys.
export class Keys {
  constructor(handle) {
    this.listener = (event) => {
      const sign = event.getModifierState("AltGraph"); // how some layouts type [ ] { } \
      if (event.isComposing || event.metaKey) return;
      if ((event.ctrlKey || event.altKey) && !sign) return;
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
