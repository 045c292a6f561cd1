// The order of many classes, and their groups: classes named “a/b” and “a/c” stand under “a”.

const PLACE = "hone-class-order"; // of this browser
const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export const ORDERS = { project: "own order", name: "A–Z", count: "most used" };

export function readOrder() {
  try {
    const order = localStorage.getItem(PLACE);
    return order in ORDERS ? order : "project";
  } catch {
    return "project";
  }
}

export function storeOrder(order) {
  try {
    localStorage.setItem(PLACE, order);
  } catch {
    /* storage can be full or forbidden; then the order lasts until the page is left */
  }
}

// [{name, items: [[class, text]]}], without a name for classes outside of groups, which come
// first. `counts` maps class ids to labels.
export function sections(classes, order, counts) {
  const sizes = new Map();
  for (const one of classes) if (groupOf(one)) sizes.set(groupOf(one), (sizes.get(groupOf(one)) ?? 0) + 1);
  const found = new Map([["", []]]);
  for (const one of sorted(classes, order, counts)) {
    const group = sizes.get(groupOf(one)) > 1 ? groupOf(one) : "";
    if (!found.has(group)) found.set(group, []);
    found.get(group).push([one, group ? one.name.slice(group.length + 1).trim() : one.name]);
  }
  return [...found].map(([name, items]) => ({ name: name.trim(), items })).filter(({ items }) => items.length);
}

// What is before the last slash of a name, if there is something on both sides.
function groupOf({ name }) {
  const at = name.lastIndexOf("/");
  return at > 0 && name.slice(0, at).trim() && name.slice(at + 1).trim() ? name.slice(0, at) : "";
}

function sorted(classes, order, counts) {
  if (order === "name") return classes.toSorted((a, b) => compare(a.name, b.name));
  if (order === "count") return classes.toSorted((a, b) => (counts[b.id] ?? 0) - (counts[a.id] ?? 0));
  return classes;
}
