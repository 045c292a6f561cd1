"""What somebody sees who may not come in: how to be let in, and how to set a team up."""

import streamlit as st

from labeling.loop.session import Session
from labeling.screens.shell import has_provider
from labeling.wording import plain

SETTING_UP = """\
This Hone can be reached from other machines, so it shows nothing without a login, and none is set
up yet. On the server, in Hone's folder, the owner makes an invitation link:

```
python -m labeling invite --name "Your name" --role owner
```

and opens it here. Everybody else is then invited under **Setup → People**. With an identity
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
                "Open the invitation link that the owner of this project has given you. If you "
                "have done so before, your invitation has ended or was revoked.",
                icon=":material/key:",
            )
        else:
            st.markdown(SETTING_UP)


def show_closed() -> None:
    """The project cannot be opened; what is wrong is for the one at the server alone."""
    st.title("Hone")
    st.error("The images cannot be opened. The server's log says why.", icon=":material/error:")


def _provider() -> None:
    if not st.user.get("is_logged_in"):
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        st.caption("Or open the invitation link that you were given.")
        return
    who = st.user.get("email") or "without an address"
    st.warning(
        f"You are logged in as {plain(who)}, who is not invited to this project; ask its owner.",
        icon=":material/person_off:",
    )
    st.button("Log out", icon=":material/logout:", on_click=st.logout)
