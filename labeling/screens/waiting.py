"""The text of a screen whose figure is not available yet."""

from dataclasses import dataclass

from labeling.evidence import gathering
from labeling.loop.session import Session


@dataclass(frozen=True)
class Missing:
    """Why there is no evidence yet: it `passes` by itself, is an `error`, or needs labels."""

    text: str
    passes: bool = False
    error: bool = False


def missing(session: Session) -> Missing:
    """The text while there is no evidence: what is going on, or what to do."""
    status, medium = session.status(), session.project.medium
    known = {one.id for one in session.store.classes.all()} & status.per_class.keys()
    if status.error:
        return Missing(f"There is no model: {status.error}", error=True)
    if len(known) < 2:
        return Missing(f"There is no model yet. Label a few {medium.many} of two classes first.")
    begin = f"{medium.amount(status.labels)} labeled. "
    ingest = status.ingest
    if ingest.stage == "scanning":
        return Missing(f"{begin}Hone is looking through your files …", passes=True)
    if ingest.stage == "loading":
        return Missing(f"{begin}Hone is loading the pretrained model …", passes=True)
    if ingest.stage == "embedding":
        return Missing(
            f"{begin}The model starts once these {medium.many} are prepared: {ingest.done:,} of "
            f"{ingest.total:,} are …",
            passes=True,
        )
    return Missing(f"{begin}The model is learning from them …", passes=True)


def until_checked(session: Session, checks: int, needed: int) -> str:
    """The remaining blind checks until a figure is shown, and the labels that they take."""
    share = session.project.settings().audit_share
    text = f"after {needed} blind checks; {checks} so far. "
    more = gathering.until_checked(checks, needed, share)
    if more is None:
        return text + "They are switched off: choose a share of them under Setup."
    return text + (
        f"A blind check is one {session.project.medium.one} drawn at random and shown without a "
        f"guess, about {share:.0%} of those that you label: some {more} more labels from here, "
        "fewer if you raise that share under Setup."
    )
