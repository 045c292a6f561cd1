"""What a screen says while a figure is not there yet."""

from dataclasses import dataclass

from labeling.loop.session import Session


@dataclass(frozen=True)
class Missing:
    """Why there is no evidence yet; `passes` by itself, or is an `error`, or waits for labels."""

    text: str
    passes: bool = False
    error: bool = False


def missing(session: Session) -> Missing:
    """What the screen says while there is no evidence: what goes on, or what to do."""
    status = session.status()
    known = {one.id for one in session.store.classes.all()} & status.per_class.keys()
    if status.error:
        return Missing(f"There is no model: {status.error}", error=True)
    if len(known) < 2:
        return Missing("There is no model yet. Label a few images of two classes first.")
    begin = f"{status.labels:,} images are labeled. "
    ingest = status.ingest
    if ingest.stage == "scanning":
        return Missing(f"{begin}Hone is looking through your files …", passes=True)
    if ingest.stage == "loading":
        return Missing(f"{begin}Hone is loading the pretrained model …", passes=True)
    if ingest.stage == "embedding":
        return Missing(
            f"{begin}The model begins once these images are prepared: {ingest.done:,} of "
            f"{ingest.total:,} are …",
            passes=True,
        )
    return Missing(f"{begin}The model is learning from them …", passes=True)


def until_checked(session: Session, checks: int, needed: int) -> str:
    """What it takes from so many blind checks to the number that a figure needs."""
    share = session.project.settings().audit_share
    text = f"after {needed} blind checks; {checks} so far. "
    if share == 0:
        return text + "They are switched off: choose a share of them under Setup."
    more = max(1, needed - checks) / share
    return text + (
        f"A blind check is an image drawn at random and shown without a guess, about {share:.0%} "
        f"of those that you label: some {more:.0f} more labels from here, fewer if you raise that "
        "share under Setup."
    )
