"""The people's part of the Setup screen: the team, the roles, and the invitations."""

import time

import pandas as pd
import streamlit as st

from labeling.loop.session import Session
from labeling.screens import invitation
from labeling.screens.controls import bound, percents, share
from labeling.screens.invitation import ROLES
from labeling.screens.shell import (
    annotator,
    attempt,
    has_provider,
    needs_login,
    show_table,
    visitor,
)
from labeling.store import Member
from labeling.store.people import DAY, LONGEST_DAYS
from labeling.wording import duration


def show(session: Session) -> None:
    """The team, invitations, changes of each member, and the distribution of work."""
    st.subheader("People")
    if not needs_login():
        st.write(
            "For a team, start Hone with `make run ADDRESS=0.0.0.0`: then everybody needs an "
            "invitation link, also you. On this machine alone, nobody needs one."
        )
    members = session.store.people.all()
    if members:
        _table(session, members)
    invitation.ask(session)
    left, right = st.columns(2, gap="large")
    if members:
        with left:
            _change(session, members)
    with right if members else left:
        _work(session)


def _table(session: Session, members: list[Member]) -> None:
    shares = session.store.answers.shares()
    rows = []
    for one in members:
        share = shares.get(one.name)
        seen = max(one.seen or 0.0, share.last if share else 0.0)
        rows.append(
            {
                "name": one.name,
                "role": str(one.role),
                "labels": share.labels if share else 0,
                "last seen": f"{duration(time.time() - seen)} ago" if seen else "never",
                "invitation": _state(one),
                "e-mail": one.email or "",
            }
        )
    table = pd.DataFrame(rows)
    if not has_provider() and not table["e-mail"].any():
        del table["e-mail"]
    show_table(table)


def _state(one: Member) -> str:
    if one.revoked is not None:
        return "revoked"
    if not one.is_active:
        return "has ended"
    return f"until {pd.Timestamp(one.expires, unit='s', tz='UTC'):%Y-%m-%d}"


def _change(session: Session, members: list[Member]) -> None:
    with st.container(border=True):
        found, by, team = visitor(session), annotator(session), session.store.people
        by_id = {one.id: one for one in members}
        chosen = by_id[st.selectbox("Member", list(by_id), format_func=lambda key: by_id[key].name)]
        role = st.selectbox(
            "Role now", list(ROLES), list(ROLES).index(chosen.role), format_func=ROLES.__getitem__
        )
        if role != chosen.role:
            attempt(lambda: team.change_role(chosen.id, role, by), again=True)
        with st.container(horizontal=True):
            if st.button(
                "New link",
                icon=":material/link:",
                help="The earlier link stops working, also for browsers that have used it.",
            ):
                days = max(1, round((chosen.expires - chosen.created) / DAY))
                attempt(lambda: _renew(session, chosen, min(days, LONGEST_DAYS)))
            if st.button(
                "Revoke",
                icon=":material/person_off:",
                disabled=chosen.revoked is not None
                or (found is not None and found.member == chosen.id),
                help="Loses access at once; every answer stays.",
            ):
                attempt(lambda: team.revoke(chosen.id, by), again=True)


def _renew(session: Session, member: Member, days: int) -> None:
    invitation.keep(member, session.store.people.renew(member.id, days, annotator(session)))


def _work(session: Session) -> None:
    """How many people answer an image, and the goals in labels."""
    with st.container(border=True):
        st.slider(
            "Images that several people answer",
            0,
            100,
            format="%d %%",
            help="Each person answers without seeing a guess or others’ answers. **Review** then "
            "shows how well people agree, and what has to be decided.",
            **bound(session, "overlap_share", percents, share),
        )
        st.slider("People on each of these", 2, 5, **bound(session, "overlap_people"))
        each, team = st.columns(2)
        each.number_input("Goal of each, in labels", 0, **bound(session, "goal_person"))
        team.number_input("Goal of the team", 0, **bound(session, "goal_team"))
