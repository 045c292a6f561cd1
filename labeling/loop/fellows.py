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
    session.worker.request()


def heard(session: "Session", news: News) -> bool:
    """See what others have changed, tell the boards, and rank anew where that matters.

    Whether others have changed anything.
    """
    leads, grown = session.peers.leads, False
    if news.rules:
        _look_at_rules(session)
    if news.pool:
        session.current.reload()
    answered = session.current.refresh(news.through)
    if leads and session.ingest.cut_off:
        session.ingest.start()
    if not leads:
        grown = session.ingest.follow() and session.learner.grown()
    changed = news.rules or news.pool or answered or grown
    if changed:
        session.notifier.bump()
    if news.rules or news.back or grown or (answered if leads else news.rounds):
        session.worker.request()
    return changed


def _look_at_rules(session: "Session") -> None:
    """Classes, people, settings or certificates are others now."""
    session.store.look_again()
    session.follow()
    session.certifier.reload()
    settings = session.project.settings()
    if settings.overlap != session.current.consensus.overlap:
        session.current.reload(settings.overlap)
    if session.peers.leads and not session.ingest.is_of(settings):
        session.ingest.stop()
        session.ingest.start()


def take_in(session: "Session") -> None:
    """Classes were changed: read anew what counts, if that is another now, and tell the boards."""
    log = session.store.log
    with session.current.lock:
        session.changed = log.version()
        counts = log.version(COUNTING) != session.current.changed
        if counts:
            session.current.recount()
            session.certifier.reload()
    session.notifier.bump(ranked=True)  # boards are told at once
    if counts:
        session.worker.request()
