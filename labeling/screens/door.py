"""The page for visitors without access: how to get in, and how to set a team up."""

import streamlit as st

from labeling.loop.session import Session
from labeling.screens.shell import has_provider
from labeling.wording import plain

SETTING_UP = """\
This Hone can be reached from other machines, so it shows nothing without a login, and no login is
set up yet. On the server, in Hone's folder, the owner creates an invitation link:

```
python -m labeling invite --name "Your name" --role owner
```

and opens it here. Then the owner invites the others under **Setup → People**. For an identity
provider, put its `[auth]` section into `.streamlit/secrets.toml`, and add `--email` to the
invitation."""


def show(session: Session) -> None:
    """Ask for an invitation or a login; nothing of the project is shown."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Hone")
        if has_provider():
            _provider()
        elif session.store.people.all():
            st.info(
                "Open the invitation link from the owner of this project. After a log-out, the "
                "same link lets you in again. If it does not, your invitation has ended or was "
                "revoked.",
                icon=":material/key:",
            )
        else:
            st.markdown(SETTING_UP)


def show_closed() -> None:
    """The project cannot be opened; only the server's log says why."""
    st.title("Hone")
    st.error("The project cannot be opened. The server's log says why.", icon=":material/error:")


def _provider() -> None:
    if not st.user.get("is_logged_in"):
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        st.caption("Or open your invitation link.")
        return
    who = st.user.get("email") or "without an address"
    st.warning(
        f"You are logged in as {plain(who)}. This address is not invited; ask the project's owner.",
        icon=":material/person_off:",
    )
    st.button("Log out", icon=":material/logout:", on_click=st.logout)
