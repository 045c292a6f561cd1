"""What a session does when others have written: only what has changed."""

from collections import Counter

import pytest

from labeling.loop.fellows import heard
from labeling.loop.peers import News
from tests.conftest import OpenSession, label


def test_a_look_that_finds_nothing_new_does_nothing(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session()
    done: Counter[str] = Counter()
    monkeypatch.setattr(session.current, "reload", lambda *_: done.update(["reload"]))
    monkeypatch.setattr(session.worker, "request", lambda: done.update(["request"]))
    monkeypatch.setattr(session.notifier, "bump", lambda **_: done.update(["bump"]))
    cat = session.store.classes.create("cat").id
    key = session.store.samples.ids()[0]
    session.answer("ann", [label(key, cat)])
    done.clear()
    known = session.current.last_answer
    heard(session, News(through=known, rounds=True, rules=False, pool=False))  # all by itself
    assert not done
    (last,) = session.store.answers.append("bob", [label(key, cat, "b")])  # as another would
    heard(session, News(through=last, rounds=False, rules=False, pool=False))
    assert done == {"bump": 1, "request": 1}
    heard(session, News(through=last, rounds=False, rules=False, pool=True))
    assert done["reload"] == 1
