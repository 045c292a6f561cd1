"""Fellows: other processes with the same project open, and what a session does about them."""

from typing import TYPE_CHECKING

from labeling.loop.peers import News
from labeling.store.log import COUNTING

if TYPE_CHECKING:
    from labeling.loop.session import Session


def led(session: "Session", leads: bool) -> None:
    """This process is the one that embeds and trains from now on, or is it no more."""
    if not leads:
        session.ingest.stop()  # another one may write embeddings now
    elif not session.ingest.is_whole():
        session.ingest.start(session.patience)
    session.trainer.request()


def heard(session: "Session", news: News) -> bool:
    """See what others have changed, tell the boards, and rank anew where that matters.

    Whether others have changed anything.
    """
    leads, grown = session.follower.leads, False
    if news.rules:
        _look_at_rules(session)
    if news.pool:
        session.ledger.reload()
    answered = session.ledger.refresh(news.through)
    if leads and session.ingest.cut_off:
        session.ingest.start()
    if not leads:
        grown = session.ingest.follow() and session.learner.grown()
    changed = news.rules or news.pool or answered or grown
    if changed:
        session.changes.bump()
    if news.rules or news.back or grown or (answered if leads else news.rounds):
        session.trainer.request()
    return changed


def _look_at_rules(session: "Session") -> None:
    """Classes, people, settings or certificates are others now."""
    session.store.look_again()
    session.follow()
    session.certifier.reload()
    settings = session.project.settings()
    if settings.overlap != session.ledger.panel.overlap:
        session.ledger.reload(settings.overlap)
    if session.follower.leads and not session.ingest.is_of(settings):
        session.ingest.stop()
        session.ingest.start()


def take_in(session: "Session") -> None:
    """Classes were changed: read anew what counts, if that is another now, and tell the boards."""
    log = session.store.log
    with session.ledger.lock:
        session.changed = log.version()
        counts = log.version(COUNTING) != session.ledger.changed
        if counts:
            session.ledger.recount()
            session.certifier.reload()
    session.changes.bump(ranked=True)  # boards are told at once
    if counts:
        session.trainer.request()
