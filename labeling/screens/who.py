"""Who uses this page, in the header of every screen, and the way to log out."""

from functools import cache
from typing import Any

import streamlit as st

from labeling.loop.session import Session
from labeling.people.access import Visitor

# The header keeps its right end free, so that its links fold away before they lie below the name.
STYLE = """
<style>
.stAppHeader { --hone-who: 15rem; }
.stAppToolbar { padding-right: var(--hone-who); }
.st-key-who { position: fixed; z-index: 999991; top: .75rem; right: 1rem; width: auto;
  max-width: 15rem; }
.st-key-who > div { width: auto; }
/* It takes no room in the page, which a board fills to the last pixel. */
div:has(> .st-key-who) { position: absolute; }
@media (max-width: 640px) {
  .stAppToolbar { padding-right: 0; }
  .st-key-who { max-width: calc(100vw - 5rem); }
}
</style>
"""
HTML = """
<form method="post" action="leave">
<span><strong></strong> <i></i></span><button hidden>Log out</button>
</form>
"""
CSS = """
form { display: flex; gap: .6rem; align-items: center; justify-content: flex-end;
  height: 2.25rem; margin: 0; font-size: .875rem; color: var(--st-text-color); }
span { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
strong { font-weight: 600; }
i { font-style: normal; opacity: .75; }
button { padding: .3rem .6rem; font: inherit; white-space: nowrap; cursor: pointer;
  color: inherit; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 8px; }
button:hover { color: var(--st-primary-color); border-color: currentColor; }
button[hidden] { display: none; }
"""
# Answers that wait in this browser would go out under the name of the person who logs in next. On a
# phone the links fold into a menu, which Streamlit leaves open over the screen that was chosen.
JS = """
const LINK = "[data-testid=stSidebarNavLink]";
const FOLD = "[data-testid=stSidebarCollapseButton] button";
export default function ({ data, parentElement }) {
  const get = (name) => parentElement.querySelector(name);
  const form = get("form");
  get("strong").textContent = data.name;
  get("i").textContent = data.role;
  get("span").title = `${data.name}, ${data.role}`;
  get("button").hidden = !data.leaves;
  const tabs = form.tabs ??= new BroadcastChannel(`hone-who-${data.project}`);
  tabs.onmessage = () => location.reload();
  form.menu ??= ({ target }) => target.closest(LINK) && document.querySelector(FOLD)?.click();
  document.addEventListener("click", form.menu);
  form.onsubmit = (event) => {
    const waiting = Object.keys(localStorage).filter((one) => one.startsWith(data.waiting)).length;
    const text = "Some answers are not on the server yet. If another person logs in here next, "
      + "they count as that person's. Log out nevertheless?";
    if (waiting && !confirm(text)) event.preventDefault();
    else addEventListener("pagehide", () => tabs.postMessage("left"), { once: true });
  };
  return () => {
    tabs.close();
    delete form.tabs;
    document.removeEventListener("click", form.menu);
  };
}
"""


def show(session: Session, found: Visitor) -> None:
    """Name and role of the visitor; a member can log out."""
    st.html(STYLE)
    key = session.project.key
    with st.container(key="who"):
        _component()(
            key="who-card",
            data={
                "name": found.name,
                "role": str(found.role),
                "leaves": found.member is not None,
                "project": key,
                "waiting": f"hone:{key}:",
            },
        )


@cache
def _component() -> Any:
    return st.components.v2.component("hone_who", html=HTML, css=CSS, js=JS)
