"""Tokens: whom they speak for, until when, and who else's are refused."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from labeling.errors import ProjectError, TokenError
from labeling.paths import project_key
from labeling.people import tokens
from labeling.people.tokens import DAY, Person, check, for_script, issue, local_secret

PERSON = Person("0123456789ab", "Zoë <b>")
SECRET = "s" * 64


def test_a_token_speaks_for_its_person() -> None:
    assert check(issue(PERSON, SECRET), SECRET) == PERSON


def test_a_token_is_the_same_all_day_so_that_images_can_be_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens.time, "time", lambda: 10 * DAY + 1)
    morning = issue(PERSON, SECRET)
    monkeypatch.setattr(tokens.time, "time", lambda: 11 * DAY - 1)
    assert issue(PERSON, SECRET) == morning
    monkeypatch.setattr(tokens.time, "time", lambda: 11 * DAY)
    assert issue(PERSON, SECRET) != morning


def test_a_token_is_good_for_at_least_a_day_and_at_most_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens.time, "time", lambda: 11 * DAY - 1)
    token = issue(PERSON, SECRET)
    monkeypatch.setattr(tokens.time, "time", lambda: 12 * DAY - 1)
    assert check(token, SECRET) == PERSON
    monkeypatch.setattr(tokens.time, "time", lambda: 12 * DAY + 1)
    with pytest.raises(TokenError, match="has expired; reload the page"):
        check(token, SECRET)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "ü", "\ud800", "x" * 10_000, "null"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(TokenError, match="not valid; reload the page"):
        check(token, SECRET)


def test_a_token_of_another_installation_or_use_is_refused() -> None:
    other_salt = URLSafeSerializer(SECRET, salt="other").dumps(["p", "a", 9e9])
    for token in (issue(PERSON, "t" * 64), other_salt):
        with pytest.raises(TokenError):
            check(str(token), SECRET)


def test_every_changed_character_spoils_a_token() -> None:
    token = issue(PERSON, SECRET)
    for place in range(len(token) - 1):  # the last one holds bits that are not read
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenError):
            check(changed, SECRET)


@pytest.mark.parametrize("payload", [None, 3, "abc", ["p"], ["p", "a", "soon"], {"a": 1}])
def test_a_signed_payload_of_another_form_is_refused(payload: object) -> None:
    signed = URLSafeSerializer(SECRET, salt="hone-person").dumps(payload)
    with pytest.raises(TokenError):
        check(str(signed), SECRET)


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    secret = local_secret(tmp_path / "new")
    assert len(secret) == 64
    assert local_secret(tmp_path / "new") == secret
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


def test_eight_threads_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(local_secret, [tmp_path / "new"] * 8))) == 1


def test_a_secret_that_was_cut_off_by_a_crash_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE", 2)
    (tmp_path / "secret").write_text("abc")
    secret = local_secret(tmp_path)
    assert len(secret) == 64
    assert (tmp_path / "secret").read_text() == secret


def test_a_home_that_cannot_be_written_to_is_named_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match=r"file cannot be used .*set HONE_HOME"):
        local_secret(tmp_path / "file")


def test_a_script_gets_a_token_for_a_persons_name_and_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens.time, "time", lambda: 10 * DAY + 1)
    token = for_script(tmp_path, "Zoë", days=3)
    assert check(token, local_secret()) == Person(project_key(tmp_path), "Zoë")
    monkeypatch.setattr(tokens.time, "time", lambda: 14 * DAY - 1)
    check(token, local_secret())
    monkeypatch.setattr(tokens.time, "time", lambda: 14 * DAY + 1)
    with pytest.raises(TokenError, match="expired"):
        check(token, local_secret())


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_is_not_made_for_ever_nor_for_no_time(tmp_path: Path, days: int) -> None:
    with pytest.raises(ProjectError, match="1 to 366 days"):
        for_script(tmp_path, "ann", days)
