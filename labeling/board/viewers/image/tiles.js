// The layout of a page of images: as large as the window lets them be.

const GAP = 6;
const FOOT = 20; // the line below each image
const COMFORTABLE = 148; // px, the side of a tile if the window decides the count
const LARGEST = 256; // px, the size of a thumbnail
const PHONE = 130; // px, the least width of a tile where the page scrolls

export const TILES = { kind: "pictures", scrolls: false, comfortable, arrange };

// The number of comfortable tiles that fit; `height` is 0 if the page scrolls.
function comfortable({ width, height }) {
  const across = Math.floor((width + GAP) / (COMFORTABLE + GAP));
  const down = Math.floor((height + GAP) / (COMFORTABLE + FOOT + GAP));
  return across * (height ? Math.max(1, down) : 8);
}

// The number of columns with the largest images of `count` that all fit.
function arrange(count, { width, height }) {
  if (!height) return { columns: Math.max(3, Math.floor(width / PHONE)) };
  let best = { columns: 1, side: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - GAP * (columns - 1)) / columns;
    const down = (height - GAP * (rows - 1)) / rows - FOOT;
    const side = Math.min(across, down);
    if (side > best.side) best = { columns, side };
  }
  return { columns: best.side > LARGEST ? Math.ceil((width + GAP) / (LARGEST + GAP)) : best.columns };
}
