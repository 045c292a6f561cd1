"""The parts of the Model screen that prove: certificates, and accepting many at once."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from labeling.evidence.certificates import Standing
from labeling.evidence.gathering import Evidence, pool_accuracy
from labeling.evidence.planning import acceptable, certificate_length, expected
from labeling.loop.decisions import accept, take_back
from labeling.loop.session import Session
from labeling.screens.history import zone
from labeling.screens.shell import annotator, attempt, refreshed
from labeling.store import Certificate, Role
from labeling.store.certificates import ACCEPT, ACCEPTED, ACCURACY, PROVEN, TAKEN_BACK
from labeling.wording import chance, plain

if TYPE_CHECKING:  # torch, which is slow to import
    from models.evidence.certificate import Length

REFRESH_SECONDS = 3
WORTHWHILE = 0.5  # share of a set; with more checks than that, little is left to accept


def certify(session: Session, evidence: Evidence) -> None:
    """Prove an accuracy of the present model."""
    st.markdown(
        "A certificate freezes the present model. Fresh blind checks, drawn one after another, "
        f"prove that it gets at least a given share of the {session.project.medium.many} without "
        "a label right. You may look as often as you like; the confidence stays 95%."
    )
    if session.certifier.running is not None:
        refreshed(session, _running, REFRESH_SECONDS, Role.REVIEWER)
    else:
        _begin_accuracy(session, evidence)
    _history(session, ACCURACY)


def _begin_accuracy(session: Session, evidence: Evidence) -> None:
    known = pool_accuracy(evidence)
    guess = max(50, min(98, int(100 * (known.low if known else 0.8))))
    share = _share("Right at least", 50, 99, guess, "certified-share")
    length = certificate_length(session.certifier, evidence, share)
    if length.middle is None:
        st.warning(
            f"By present knowledge, “at least {share:.0%}” will probably not be proven (chance "
            f"{chance(length.chance)}). Go on labeling first, or choose a lower share.",
            icon=":material/hourglass_disabled:",
        )
    else:
        st.markdown(
            f"It will probably take **{_draws(length)}**, at the median {length.middle}; "
            f"chance of success {chance(length.chance)}."
        )
    if st.button("Freeze the model and begin", type="primary", icon=":material/verified:"):
        right, wrong = expected(evidence)
        attempt(
            lambda: session.certifier.begin_accuracy(
                session.round, share, right / max(right + wrong, 1e-9)
            ),
            again=True,
        )


def _share(name: str, least: int, most: int, value: int, key: str) -> float:
    """A slider over percents, narrow enough to set it precisely."""
    with st.container(width=640):
        return st.slider(name, least, most, value, format="%d%%", key=key) / 100


def accept_many(session: Session, evidence: Evidence) -> None:
    """Accept a proven set of pre-labels at once."""
    st.markdown(
        "Choose how many wrong labels you can accept. Hone takes the largest set of pre-labels "
        "that will probably pass, shows you a random part of it blind, and accepts the rest only "
        "after that proves the bound. Accepted labels carry the certificate, do not train the "
        "model, and can be taken back together. Not reviewed does not mean correct."
    )
    proven = [
        one
        for one in session.store.certificates.all()
        if one.kind == ACCEPT and one.end == PROVEN and one.voided is None
    ]
    if session.certifier.running is not None:
        refreshed(session, _running, REFRESH_SECONDS, Role.REVIEWER)
    elif proven:
        _accept(session, proven[-1])
    else:
        _begin_accept(session, evidence)
    _history(session, ACCEPT)


def _begin_accept(session: Session, evidence: Evidence) -> None:
    bound = _share("Wrong at most", 1, 20, 5, "bound")
    assert session.round is not None  # there is evidence
    offered = acceptable(session.certifier, session.round, evidence, bound)
    size, length = len(offered.proposal.rows), offered.length
    if length is None:
        st.info(
            "No set of pre-labels is sure enough for that bound yet. Go on labeling, or allow "
            "more.",
            icon=":material/hourglass_empty:",
        )
        return
    text = (
        f"**{size:,} pre-labels** are in the set; about {offered.proposal.error:.1%} of them are "
        "expected to be wrong. "
    )
    if length.middle is None:
        text += f"But a set of this size will probably not pass (chance {chance(length.chance)})."
    else:
        text += f"It will probably take **{_draws(length)}** until the rest can be accepted."
    if length.middle is None or length.middle > WORTHWHILE * size:
        text += " So many checks are nearly the whole set: go on labeling first, or allow more."
    st.markdown(text)
    if st.button("Freeze the set and begin", type="primary", icon=":material/done_all:"):
        attempt(
            lambda: session.certifier.begin_accept(session.round, offered.proposal, bound),
            again=True,
        )


def _accept(session: Session, certificate: Certificate) -> None:
    left, value = certificate.result["left"], certificate.result["value"]
    st.success(
        f"Proven after {certificate.result['drawn']} blind checks: of the remaining "
        f"**{left:,} pre-labels**, at most **{value:.1%}** are wrong at 95% confidence.",
        icon=":material/verified:",
    )
    if st.button(f"Accept {left:,} pre-labels", type="primary", icon=":material/done_all:"):
        with st.spinner("Accepting …"):
            attempt(lambda: accept(session, certificate, annotator(session)), again=True)


def _running(session: Session) -> None:
    running = session.certifier.running
    if running is None:
        st.rerun()
        return
    standing = session.certifier.standing(running)
    st.info(_sentence(standing), icon=":material/pending:")
    total = len(session.certifier.draws(running))
    st.progress(
        min(1.0, standing.drawn / max(1, total)),
        text=f"{standing.drawn} checked, {standing.right} right. They come first on **Label**.",
    )
    if ahead := session.certifier.ahead(running):
        st.caption(
            f"{ahead} more {'is' if ahead == 1 else 'are'} answered and will count after the "
            "earlier checks: those are open in another browser, and go to another person "
            "after 20 seconds without an answer there."
        )
    if st.button("Give up", icon=":material/close:", help="Your labels stay."):
        session.certifier.give_up()
        st.rerun()


def _sentence(standing: Standing) -> str:
    one = standing.certificate
    if one.kind == ACCURACY:
        return (
            f"Certificate {one.id} is running: at least {one.claim:.0%} of {one.size:,} "
            f"right. Proven so far: at least **{standing.value:.1%}**."
        )
    return (
        f"Certificate {one.id} is running: at most {one.claim:.0%} of {one.size:,} pre-labels "
        f"wrong. Proven so far: at most **{standing.value:.1%}**."
    )


def _history(session: Session, kind: str) -> None:
    found = [one for one in session.store.certificates.all() if one.kind == kind and one.end]
    if not found:
        return
    st.subheader("Certificates")
    for one in reversed(found):
        _ended(session, one)


def _ended(session: Session, one: Certificate) -> None:
    """A certificate in a sentence that also fits on a phone, with its action."""
    if one.voided is None:
        st.markdown(_outcome(one))
    else:
        st.warning(_void(session, one), icon=":material/unpublished:")
    if drawn := one.result.get("drawn"):
        begun = datetime.fromtimestamp(one.at, zone())
        right = one.result.get("right", 0)
        st.caption(f"{right} of {drawn} right · begun {begun:%Y-%m-%d %H\\:%M}")
    if one.end == ACCEPTED and st.button(
        f"Take back the {one.result.get('accepted', 0):,} labels of certificate {one.id}",
        icon=":material/undo:",
        key=f"take-back-{one.id}",
    ):
        with st.spinner("Taking back …"):
            attempt(partial(take_back, session, one, annotator(session)), again=True)


def _void(session: Session, one: Certificate) -> str:
    """Why a certificate is void."""
    entry = session.store.log.get(one.voided or 0)
    reason = plain(entry.text) if entry is not None else "what counts was changed"
    if one.kind == ACCURACY:
        claim = f"at least {one.claim:.0%} right"
    else:
        claim = f"at most {one.claim:.0%} wrong"
    text = f"**Certificate {one.id} ({claim}) is void**, since its meaning has changed: {reason}."
    if one.end == ACCEPTED:
        text += " The accepted labels stay, but the certificate no longer vouches for them."
    return text


def _outcome(one: Certificate) -> str:
    """The result of a certificate, in a sentence."""
    drawn, value, left = (one.result.get(name, 0) for name in ("drawn", "value", "left"))
    checks = f"{drawn} blind check" + ("" if drawn == 1 else "s")
    if drawn == 0:
        return f"Certificate {one.id} was given up before the first blind check."
    if one.kind == ACCURACY and one.end == PROVEN:
        return (
            f"**Certificate {one.id} is proven:** after {checks}, the model of round "
            f"{one.round_id} gets at least {one.claim:.0%} of {one.size:,} right, at "
            f"{1 - one.alpha:.1%} confidence."
        )
    if one.kind == ACCURACY:
        return (
            f"Certificate {one.id} ended without a proof after {checks}: they prove "
            f"{value:.1%}, not {one.claim:.0%}."
        )
    if one.end == ACCEPTED:
        return (
            f"**Certificate {one.id}:** {one.result.get('accepted', 0):,} pre-labels are accepted; "
            f"at most {value:.1%} of them are wrong, proven by {checks}."
        )
    if one.end == TAKEN_BACK:
        return f"Certificate {one.id}: its pre-labels were taken back; those are open again."
    if one.end == PROVEN:
        return f"Certificate {one.id} is proven by {checks}; {left:,} pre-labels can be accepted."
    return (
        f"Certificate {one.id} ended without a proof after {checks}: up to {value:.1%} of the "
        f"pre-labels may be wrong, not {one.claim:.0%}."
    )


def _draws(length: "Length") -> str:
    """The number of blind checks; the upper end is open if all of them may not be enough."""
    if length.high is None:
        return f"{length.low} blind checks or more"
    return f"{length.low} to {length.high} blind checks"
