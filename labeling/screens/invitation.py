"""The dialogs of an invitation: whom to invite, and the link with its QR code."""

from functools import cache
from typing import Any

import segno
import streamlit as st

from labeling.loop.session import Session
from labeling.screens.shell import annotator, attempt, has_provider
from labeling.store import Member, Role
from labeling.store.people import LONGEST_DAYS, LONGEST_NAME
from labeling.wording import plain
from labeling.workspace import WORKSPACE

ROLES = {
    Role.ANNOTATOR: "annotator: labels and sees their own progress",
    Role.REVIEWER: "reviewer: also Review, the model’s figures and everybody's progress",
    Role.OWNER: "owner: everything, also settings and people",
}
KEY = "invitation"  # of the link that is shown

HTML = """
<div class="row"><input readonly aria-label="Invitation link"><button>Copy link</button></div>
<div class="code" role="img" aria-label="QR code of the link"></div>
"""
CSS = """
.row { display: flex; gap: .5rem; }
input {
  flex: 1; min-width: 0; padding: .5rem .6rem; font: .875rem ui-monospace, monospace;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: 8px;
}
button {
  padding: .5rem .9rem; font: inherit; white-space: nowrap; cursor: pointer;
  color: var(--st-text-color); background: none;
  border: 1px solid var(--st-border-color); border-radius: 8px;
}
button:hover { color: var(--st-primary-color); border-color: currentColor; }
.code { margin: 1rem auto 0; width: min(100%, 15rem); }
.code svg { display: block; width: 100%; border-radius: 8px; }
"""
# Browsers offer the clipboard only on HTTPS and on the server's own machine; the older way works
# everywhere.
JS = """
export default function ({ data, parentElement }) {
  const field = parentElement.querySelector("input");
  const button = parentElement.querySelector("button");
  field.value = data.link;
  parentElement.querySelector(".code").innerHTML = data.code;
  field.onfocus = () => field.select();
  button.onclick = async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(data.link);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 2000);
  };
}
"""


def ask(session: Session) -> None:
    """A button that opens the form of an invitation; then its link is shown."""
    wanted = st.button("Invite a person", type="primary", icon=":material/person_add:")
    if KEY in st.session_state:
        _show_link()
    elif wanted:
        _form(session)


def keep(member: Member, secret: str) -> None:
    """Show a link until its dialog is closed."""
    link = WORKSPACE.serving.link(secret, st.context.url or "")
    st.session_state[KEY] = (member.name, link)
    st.rerun()


@st.dialog("Invite a person")
def _form(session: Session) -> None:
    with st.form("invite", border=False):
        name = st.text_input("Name", max_chars=LONGEST_NAME)
        role = st.selectbox("Role", list(ROLES), format_func=ROLES.__getitem__)
        days = st.number_input("Days until the invitation ends", 1, LONGEST_DAYS, 14)
        email = st.text_input("E-mail, for the log-in") if has_provider() else None
        if st.form_submit_button("Invite", type="primary"):
            attempt(lambda: _invited(session, name, role, int(days), email))


def _invited(session: Session, name: str, role: Role, days: int, email: str | None) -> None:
    keep(*session.store.people.invite(name, role, days, email, annotator(session)))


def _forget() -> None:
    st.session_state.pop(KEY, None)


@st.dialog("Invitation", on_dismiss=_forget)
def _show_link() -> None:
    name, link = st.session_state[KEY]
    st.markdown(
        f"**The link for {plain(name)}**, shown only once. Anybody who has it can log in as "
        f"{plain(name)}: send it to nobody else."
    )
    if caution := WORKSPACE.serving.caution(link):
        st.warning(plain(caution), icon=":material/warning:")
    _component()(key="invitation-link", data={"link": link, "code": qr_code(link)})
    if st.button("Done", type="primary"):
        _forget()
        st.rerun()


def qr_code(text: str) -> str:
    """A QR code as SVG, black on white in both themes, since not every camera reads the reverse."""
    code = segno.make(text, micro=False)
    return str(code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True))


@cache
def _component() -> Any:
    return st.components.v2.component("hone_invitation", html=HTML, css=CSS, js=JS)
