"""The worker: newest request wins, errors are kept until a run succeeds, it waits and stops."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from labeling.learning.worker import CALM, REST, Newer, Report, State, Work, Worker

LONG = 20.0  # a limit for a hang, not a measure


@pytest.fixture
def start() -> Iterator[Callable[[Work], Worker]]:
    trainers: list[Worker] = []

    def make(work: Work) -> Worker:
        trainers.append(Worker(work))
        return trainers[-1]

    yield make
    for worker in trainers:
        worker.stop()


def test_requests_during_a_run_become_one_run_that_sees_the_newest_state(start) -> None:
    entered, go = threading.Event(), threading.Event()
    facts = [0]
    seen: list[int] = []

    def work(_report: Report, _newer: Newer) -> State:
        seen.append(facts[-1])
        entered.set()
        go.wait(LONG)
        return State.IDLE

    worker = start(work)
    worker.request()
    assert entered.wait(LONG)
    for fact in range(1, 51):
        facts.append(fact)
        worker.request()
    go.set()
    assert worker.wait(LONG)
    assert seen == [0, 50]


def test_every_request_after_a_quiet_moment_runs(start) -> None:
    runs: list[int] = []

    def work(_report: Report, _newer: Newer) -> State:
        runs.append(1)
        return State.IDLE

    worker = start(work)
    for _ in range(5):
        worker.request()
        assert worker.wait(LONG)
    assert len(runs) == 5


def test_an_error_is_kept_with_its_reason_and_a_later_run_clears_it(start) -> None:
    broken = [True]

    def work(_report: Report, _newer: Newer) -> State:
        if broken[0]:
            raise ValueError("the matrix is singular")
        return State.WAITING_FOR_LABELS

    worker = start(work)
    worker.request()
    assert worker.wait(LONG)
    assert worker.state is State.FAILED
    assert "the matrix is singular" in str(worker.error)
    broken[0] = False
    worker.request()
    assert worker.wait(LONG)
    assert (worker.state, worker.error) == (State.WAITING_FOR_LABELS, None)


def test_the_stages_that_work_reports_are_visible_while_it_runs(start) -> None:
    fitting, go = threading.Event(), threading.Event()

    def work(report: Report, _newer: Newer) -> State:
        report(State.FITTING)
        fitting.set()
        go.wait(LONG)
        return State.IDLE

    worker = start(work)
    worker.request()
    assert fitting.wait(LONG)
    assert worker.state is State.FITTING
    assert not worker.wait(0.01)
    go.set()
    assert worker.wait(LONG)
    assert worker.state is State.IDLE


def test_stop_lets_the_current_run_finish_and_drops_what_was_only_requested(start) -> None:
    entered, go = threading.Event(), threading.Event()
    finished: list[int] = []

    def work(_report: Report, _newer: Newer) -> State:
        entered.set()
        go.wait(LONG)
        finished.append(1)
        return State.IDLE

    worker = start(work)
    worker.request()
    assert entered.wait(LONG)
    worker.request()
    threading.Timer(0.05, go.set).start()
    worker.stop(LONG)
    assert finished == [1]


def test_a_request_after_stop_does_nothing_and_wait_does_not_hang(start) -> None:
    runs: list[int] = []

    def work(_report: Report, _newer: Newer) -> State:
        runs.append(1)
        return State.IDLE

    worker = start(work)
    worker.stop()
    worker.request()
    assert worker.wait(LONG)
    assert runs == []


def test_a_trainer_that_was_never_asked_waits_and_stops_at_once(start) -> None:
    worker = start(lambda _report, _newer: State.IDLE)
    assert worker.wait(0)
    worker.stop()
    worker.stop()


def test_work_can_ask_whether_a_newer_request_waits(start) -> None:
    entered, go = threading.Event(), threading.Event()
    told: list[bool] = []

    def work(_report: Report, newer: Newer) -> State:
        entered.set()
        go.wait(LONG)
        told.append(newer())
        return State.IDLE

    worker = start(work)
    worker.request()
    assert entered.wait(LONG)
    worker.request()
    go.set()
    assert worker.wait(LONG)
    assert told == [True, False]


def test_every_end_of_a_run_is_told_after_its_state_is_set() -> None:
    told: list[tuple[State, bool]] = []
    worker = Worker(
        lambda _report, _newer: State(""),  # raises: there is no such state
        lambda: told.append((worker.state, worker.error is not None)),
    )
    worker.request()
    assert worker.wait(LONG)
    assert told == [(State.FAILED, True)]
    worker.stop()


def test_a_flood_of_requests_leaves_the_cores_a_rest_between_runs(start) -> None:
    begun: list[float] = []

    def work(_report: Report, _newer: Newer) -> State:
        begun.append(time.monotonic())
        if len(begun) < 4:
            worker.request()
        return State.IDLE

    worker = start(work)
    worker.request()
    assert worker.wait(LONG)
    assert len(begun) == 4
    assert all(later - earlier >= REST for earlier, later in pairwise(begun))


@pytest.mark.parametrize(("requests", "rests"), [(1, False), (3, True)])
def test_runs_that_cannot_keep_up_with_many_people_take_a_share_of_the_time(
    start, requests: int, rests: bool
) -> None:
    took, begun = 0.1, []

    def work(_report: Report, _newer: Newer) -> State:
        begun.append(time.monotonic())
        for _ in range(requests if len(begun) == 1 else 0):
            worker.request()
        time.sleep(took)
        return State.IDLE

    worker = start(work)
    worker.request()
    assert worker.wait(LONG)
    first, second = begun
    assert (second - first >= (1 + CALM) * took) is rests


@pytest.mark.parametrize(
    ("requests", "expected"),
    [(1, [True, False, True, False, False]), (2, [True, False, False, False, False])],
    ids=["never_twice_in_succession", "not_where_several_come_during_each"],
)
def test_a_run_gives_way_to_a_newer_request(start, requests: int, expected: list[bool]) -> None:
    told: list[bool] = []

    def work(_report: Report, _newer: Newer) -> State:
        for _ in range(requests if len(told) < 4 else 0):  # nothing newer comes during the last
            worker.request()
        told.append(worker.gives_way())
        return State.IDLE

    worker = start(work)
    worker.request()
    assert worker.wait(LONG)
    assert told == expected


def test_a_run_gives_way_to_the_end_of_all(start) -> None:
    entered, go = threading.Event(), threading.Event()
    told: list[bool] = []

    def work(_report: Report, _newer: Newer) -> State:
        entered.set()
        go.wait(LONG)
        told.append(worker.gives_way())
        return State.IDLE

    worker = start(work)
    worker.request()
    assert entered.wait(LONG)
    threading.Timer(0.1, go.set).start()
    worker.stop()
    assert told == [True]
