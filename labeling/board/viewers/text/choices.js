// How this person likes to read, kept in this browser for all projects.

const PLACE = "hone-reading"; // {size, context, marks}

export function choice(name) {
  return all()[name];
}

export function choose(name, value) {
  chosen = { ...all(), [name]: value };
  try {
    localStorage.setItem(PLACE, JSON.stringify(chosen));
  } catch {
    /* storage can be full or forbidden; then the choice lasts until the page is left */
  }
}

let chosen = null;

function all() {
  if (chosen) return chosen;
  try {
    chosen = { ...JSON.parse(localStorage.getItem(PLACE)) };
  } catch {
    chosen = {};
  }
  return chosen;
}
