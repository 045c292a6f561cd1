// The default keys, in one place for all modes.

const LETTERS = "qwertyiopasdfghjklxcvbnm"; // without U and Z, which are actions
export const CLASS_KEYS = [..."1234567890", ...LETTERS];

export function keyOf(index) {
  return CLASS_KEYS[index] ?? "";
}

// Actions while one sample is shown: name -> [key, what it does]; each medium adds its own. A person
// can change the keys.
export const ACTIONS = {
  accept: ["Enter", "accept the model’s guess"],
  skip: [" ", "skip; it comes back at the end"],
  unsure: ["u", "unsure; leave it for a second opinion"],
  undo: ["z", "undo, as often as you like"],
  find: ["/", "find a class by name, or create one"],
  history: ["ArrowDown", "go to your last answers, to change one"],
  help: ["?", "show or hide this help"],
};

// Keys that cannot be changed, for the help, around what the pointer does to the sample on the stage.
export const fixedHelp = (gestures) => [
  ["Shift 1 … 5", "the likeliest classes, if there are many"],
  ...gestures,
  ["Esc", "leave the field, the answers, or a change"],
];

// What a US keyboard types at the other keys, without and with Shift.
const SIGNS = {
  Minus: "-_",
  Equal: "=+",
  BracketLeft: "[{",
  BracketRight: "]}",
  Backslash: "\\|",
  Semicolon: ";:",
  Quote: "'\"",
  Comma: ",<",
  Period: ".>",
  Slash: "/?",
};
// Letter keys at which a layout without Latin letters types a sign: Hebrew, Greek, Bulgarian.
const SIGN_KEYS = { KeyQ: "/;:,", KeyW: "'" };
const NAMELESS = new Set(["Dead", "Process", "Compose", "Unidentified"]); // half of a sign, or a word in the making
const TURKISH = { ı: "i", İ: "i" }; // both are printed like the I that is shown

// What a key press means: a sign in lower case, a name such as "Enter", or "" for nothing. What
// the layout types comes first. A key that types no Latin letter and no digit counts by its place,
// so that the key shown beside a class is there on every layout.
export function keyName(event) {
  const { key, code = "", shiftKey } = event;
  if (event.isComposing || event.keyCode === 229 || event.metaKey || NAMELESS.has(key)) return "";
  const thirdLevel = isThirdLevel(event);
  const modified = thirdLevel || event.ctrlKey || event.altKey;
  if (/^[A-Z][A-Za-z0-9]+$/.test(key)) return modified ? "" : key;
  if (modified) return thirdLevel && /^[!-/:-@[-`{-~]$/.test(key) ? key : "";
  if (key in TURKISH) return TURKISH[key];
  if (/^[A-Za-z0-9]$/.test(key)) return key.toLowerCase();
  const [, digit] = /^Digit(\d)$/.exec(code) ?? [];
  if (digit) return shiftKey || /[[\]{}]/.test(key) ? key : digit; // French: & é " ' ( - è _ ç à
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  const isForeign = /^[\p{L}\p{M}]+$/u.test(key) && !/\p{Script=Latin}/u.test(key);
  if (letter) return isForeign || SIGN_KEYS[code]?.includes(key) ? letter.toLowerCase() : key.toLowerCase();
  if (isForeign) return SIGNS[code]?.[Number(shiftKey)] ?? key;
  if (code === "Minus" && key === ")") return "-"; // French: the key of the minus is a digit
  return key.toLowerCase();
}

// Whether AltGr is held, which types [ ] { } \ on many layouts. Some browsers on Windows say Ctrl
// and Alt for it; on a Mac it is the Option key.
function isThirdLevel(event) {
  const { ctrlKey, altKey } = event;
  if (/^Mac/.test(navigator.platform)) return altKey && !ctrlKey;
  return altKey ? ctrlKey : event.getModifierState("AltGraph") && !ctrlKey;
}

// The text of a key on screen.
export function keyText(key) {
  const names = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
  return names[key] ?? (key?.length === 1 ? key.toUpperCase() : key);
}

// Listens on the whole document, before Streamlit's own shortcuts. A press that means nothing here
// stays with the browser.
export class Keys {
  constructor(handle) {
    this.listener = (event) => {
      if (keyName(event) === "" || !handle(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    document.addEventListener("keydown", this.listener, true);
  }

  close() {
    document.removeEventListener("keydown", this.listener, true);
  }
}
