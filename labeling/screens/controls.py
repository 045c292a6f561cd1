"""Controls that show a setting of the project, and change it when a person does."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from labeling.loop.session import Session


def bound(
    session: Session,
    setting: str,
    shown: Callable[[Any], Any] = lambda value: value,
    stored: Callable[[Any], Any] = lambda value: value,
) -> dict[str, Any]:
    """The arguments that tie a control to a setting.

    `shown` turns the setting into the control's value, `stored` back. The control stays the same
    one whatever its value, so it keeps the focus and obeys the next arrow key. It follows what
    another owner changes, and writes nothing that this person has not chosen.
    """
    key = f"{setting}-{session.project.key}"
    seen, now = f"{key}-seen", shown(getattr(session.project.settings(), setting))
    # Set only where it changed elsewhere: to set it again would undo a press on its way here.
    if key not in st.session_state or st.session_state.get(seen) != now:
        st.session_state[key] = now
    st.session_state[seen] = now

    def save() -> None:
        st.session_state[seen] = st.session_state[key]
        session.change(**{setting: stored(st.session_state[key])})

    return {"key": key, "on_change": save}


def percents(share: float) -> int:
    """A share as whole percents."""
    return round(100 * share)


def share(percent: int) -> float:
    """Percents as a share."""
    return percent / 100
