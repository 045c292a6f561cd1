// The layout of a page of texts: a list in columns, each text with as many lines as there is room for.

const GAP = 6;
const LINE = 21; // px, as in text.css
const REST = 28; // px of a tile beside its lines
const WIDTH = 320; // px, a comfortable column
const COMFORTABLE = 3; // lines, if the window decides the count
const [FEWEST, MOST] = [2, 6]; // lines

export const LIST = { kind: "list", scrolls: true, comfortable, arrange };

// The number of texts that fit; `height` is 0 if the page scrolls.
function comfortable({ width, height }) {
  const down = Math.floor((height + GAP) / (COMFORTABLE * LINE + REST + GAP));
  return columnsOf(width, height) * (height ? Math.max(1, down) : 24);
}

function arrange(count, { width, height }) {
  const columns = columnsOf(width, height);
  const rows = Math.ceil(count / columns);
  const high = height ? (height - GAP * (rows - 1)) / rows : COMFORTABLE * LINE + REST;
  const lines = Math.floor((high - REST) / LINE);
  return { columns, lines: Math.min(MOST, Math.max(FEWEST, lines)) };
}

function columnsOf(width, height) {
  const columns = Math.floor((width + GAP) / (WIDTH + GAP));
  return Math.min(4, Math.max(height ? 2 : 1, columns));
}
