"""What asks much of the machine waits for a moment in which nobody waits for images."""

import threading
import time
from collections.abc import Callable

import pytest

from labeling.embedding.idle import GAP, LONGEST_QUEUE, LONGEST_RUSH, QUIET, Lookers


class Hours(threading.Event):
    """A stop whose waits take no time: its clock is put on, and then something happens."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self._begin = 1000.0
        self.then: Callable[[], None] = lambda: None

    @property
    def passed(self) -> float:
        return self.now - self._begin

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout
        self.now += timeout
        self.then()
        return self.is_set()


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def people(hours: Hours) -> Lookers:
    """One who has got images a moment ago."""
    people = Lookers(lambda: hours.now)
    people.look()
    return people


def test_a_crowd_that_comes_back_is_let_pass_for_a_while_and_no_longer(
    people: Lookers, hours: Hours
) -> None:
    hours.then = people.look
    people.let_pass(5.0, hours)
    assert hours.passed == pytest.approx(LONGEST_QUEUE, abs=GAP / 5)


def test_one_person_alone_is_let_pass_in_a_moment(people: Lookers, hours: Hours) -> None:
    people.let_pass(5.0, hours)
    assert hours.passed == pytest.approx(GAP, abs=GAP / 5)


def test_where_nobody_comes_the_patience_ends(hours: Hours) -> None:
    begin = time.monotonic()
    Lookers(lambda: hours.now).let_pass(0.1, hours)
    assert time.monotonic() - begin >= 0.1
    assert hours.passed == 0  # nobody is there who could be let pass


def test_heavy_work_waits_until_nobody_has_got_images_for_a_while(
    people: Lookers, hours: Hours
) -> None:
    hours.then = lambda: people.look() if hours.passed < 9 else None
    people.wait_for_quiet(hours)
    assert hours.passed == pytest.approx(9 + QUIET, abs=QUIET / 5)


def test_heavy_work_waits_for_a_rush_no_longer_than_a_minute(people: Lookers, hours: Hours) -> None:
    hours.then = people.look
    people.wait_for_quiet(hours)
    assert hours.passed == pytest.approx(LONGEST_RUSH, abs=QUIET / 5)


def test_a_stop_ends_every_wait(people: Lookers, hours: Hours) -> None:
    def then() -> None:
        people.look()
        if hours.passed > 0.2:
            hours.set()

    hours.then = then
    people.wait_for_quiet(hours)
    assert hours.passed < 0.2 + QUIET / 5
