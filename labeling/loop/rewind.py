"""Going back: undo a change of classes, or rewind answers to a moment."""

from labeling.loop.effect import Effect, voided
from labeling.loop.session import Session
from labeling.store import Entry, Moment, Taken
from labeling.wording import amount


def undo(session: Session, entry_id: int, by: str) -> Entry:
    """Undo a change of the classes, or a rewind; returns the entry that was undone."""
    with session.reshaping():
        return session.store.history.undo(entry_id, by)


def rewind(session: Session, moment: Moment, by: str, said: str = "") -> Taken:
    """Go back to a moment: later answers and changes do not count any more."""
    with session.reshaping():
        return session.store.history.rewind(moment, by, said)


def rewind_effect(taken: Taken) -> Effect:
    """The effect of going back to a moment."""
    if not taken.answers and not taken.changes:
        return Effect(("Nothing was answered or changed since that moment.",))
    people = [f"{name} {count:,}" for name, count in taken.people.items()]
    sentences = [
        f"Takes back {amount(taken.answers, 'answer')} by {amount(len(people), 'person', 'people')}"
        + (f" ({', '.join(people)})." if people else "."),
        f"Takes back {amount(len(taken.changes), 'change')}: "
        f"{'; '.join(one.text for one in taken.changes)}."
        if taken.changes
        else "",
        voided(taken.certificates),
        "Nothing is deleted: it can be undone.",
    ]
    return Effect(tuple(filter(None, sentences)), taken.answers, taken.certificates)
