"""The memo of small tables: never older than what this process wrote, nor than a second."""

from labeling.store.sql.memo import SECONDS, Memo


def test_a_value_is_read_once_within_a_second() -> None:
    now, reads = [10.0], iter(range(9))
    memo = Memo(clock=lambda: now[0])
    assert [memo.get("a", lambda: next(reads)) for _ in range(3)] == [0, 0, 0]
    assert memo.get("b", lambda: next(reads)) == 1
    now[0] += SECONDS
    assert memo.get("a", lambda: next(reads)) == 2


def test_after_a_write_everything_is_read_anew() -> None:
    reads = iter(range(9))
    memo = Memo(clock=lambda: 0.0)
    assert memo.get("a", lambda: next(reads)) == 0
    memo.forget()
    assert memo.get("a", lambda: next(reads)) == 1


def test_what_was_read_while_a_write_came_is_not_kept() -> None:
    memo = Memo(clock=lambda: 0.0)

    def read() -> str:
        memo.forget()
        return "from before the write"

    assert memo.get("a", read) == "from before the write"
    assert memo.get("a", lambda: "new") == "new"
