"""What asks much of the machine waits for a moment in which nobody waits for images."""

import threading
import time

import pytest

from labeling.embedding import idle
from labeling.embedding.idle import Lookers


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def seconds(wait: threading.Thread) -> float:
    """How long a thread that begins now takes."""
    begin = time.monotonic()
    wait.start()
    wait.join(20.0)
    return time.monotonic() - begin


def looking(people: Lookers, until: threading.Event) -> threading.Thread:
    """Somebody who gets images all the time."""

    def look() -> None:
        while not until.wait(0.01):
            people.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    return thread


def test_a_crowd_that_comes_back_is_let_pass_for_a_while_and_no_longer(
    monkeypatch: pytest.MonkeyPatch, stop: threading.Event
) -> None:
    monkeypatch.setattr(idle, "LONGEST_QUEUE", 0.6)
    people, gone = Lookers(), threading.Event()
    people.look()
    crowd = looking(people, gone)
    took = seconds(threading.Thread(target=people.let_pass, args=(5.0, stop)))
    gone.set()
    crowd.join()
    assert 0.5 < took < 5.0


def test_one_person_alone_is_let_pass_in_a_moment(stop: threading.Event) -> None:
    people = Lookers()
    people.look()
    assert seconds(threading.Thread(target=people.let_pass, args=(5.0, stop))) < 1.4


def test_where_nobody_comes_the_patience_ends(stop: threading.Event) -> None:
    took = seconds(threading.Thread(target=Lookers().let_pass, args=(0.3, stop)))
    assert 0.25 < took < 5.0


def test_a_stop_ends_every_wait(stop: threading.Event) -> None:
    people, gone = Lookers(), threading.Event()
    people.look()
    crowd = looking(people, gone)
    threading.Timer(0.2, stop.set).start()
    took = seconds(threading.Thread(target=people.wait_for_quiet, args=(stop,)))
    gone.set()
    crowd.join()
    assert 0.1 < took < 10.0
