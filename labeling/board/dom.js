// Elements made by function calls. Texts are always text nodes, so no name can become markup.

export function el(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-")) node.setAttribute(name, value); // "false" has a meaning
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Change texts and children only where they differ: setting the same text again costs a layout,
// which is most of a page's work during fast labeling.

export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  for (const [at, node] of nodes.entries())
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
}

export function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

export function percent(value) {
  if (value > 0.99 && value < 1) return "99%"; // a model is never certain
  return `${Math.round(value * 100)}%`;
}

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only on https and localhost
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The target of a key press, through shadow roots.
export function target(event) {
  return event.composedPath()[0];
}

// Whether a key press belongs to a field. A slider needs only its arrow keys.
export function isTyping(event) {
  const node = target(event);
  if (node.type === "range") return /^(Arrow|Page|Home|End)/.test(event.key);
  return node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName ?? "");
}

// Whether a key press belongs to a button or link that has the focus.
export function isPress(event) {
  return /^(BUTTON|A)$/.test(target(event).tagName ?? "") && (event.key === "Enter" || event.key === " ");
}

// Let the arrow keys move the focus along a row of buttons; up and Escape leave the row.
export function walk(event, leave) {
  const step = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
  if (step) target(event)[step]?.focus();
  else if (event.key === "ArrowUp" || event.key === "Escape") leave();
}
