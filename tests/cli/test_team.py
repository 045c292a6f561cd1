"""Inviting on the command line, as the owner of a server does first."""

import socket
from pathlib import Path

import pytest

from labeling.cli.main import main
from labeling.paths import default_folder, project_key
from labeling.people.reach import Serving, announce
from labeling.people.tokens import Person, check, for_member, local_secret
from labeling.project.project import open_project
from labeling.store import Member
from tests.conftest import fill, label


@pytest.fixture
def images(tmp_path: Path) -> str:
    return str(fill(tmp_path / "images", 2))


def members(pool: str) -> list[Member]:
    project = open_project(pool)
    try:
        return project.store.people.all()
    finally:
        project.close()


def test_people_are_invited_listed_renewed_and_revoked(
    images: str, capsys: pytest.CaptureFixture[str]
) -> None:
    invite = ["invite", "--pool", images, "--url", "https://hone.example/x/", "--name"]
    assert main([*invite, "Zoë", "--role", "owner"]) == 0
    first = capsys.readouterr().out.strip()
    assert first.startswith("https://hone.example/x/join/")
    assert main([*invite, "zoë"]) == 2
    assert "renew that invitation" in capsys.readouterr().err
    assert main([*invite, "zoë", "--renew"]) == 0
    assert capsys.readouterr().out.strip() not in ("", first)
    assert main([*invite, "Bob", "--days", "3"]) == 0
    assert main(["revoke", "--pool", images, "--name", "bob"]) == 0
    capsys.readouterr()
    assert main(["people", "--pool", images]) == 0
    zoe, bob = capsys.readouterr().out.splitlines()
    assert zoe.split()[:2] == ["Zoë", "owner"] and "invited until" in zoe
    assert bob.split()[:2] == ["Bob", "annotator"] and "revoked" in bob
    assert main(["revoke", "--pool", images, "--name", "eve"]) == 2


def test_the_link_carries_the_port_that_is_served_unless_an_address_is_given(
    images: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    invite = ["invite", "--pool", images, "--name"]
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8777")
    assert main([*invite, "Ann"]) == 0
    assert ":8777/join/" in capsys.readouterr().out
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        announce(default_folder(Path(images).resolve()), Serving("127.0.0.1", port))
        assert main([*invite, "Bob"]) == 0
        shown = capsys.readouterr()
        assert shown.out.startswith(f"http://127.0.0.1:{port}/join/")
        assert "serves only its own machine" in shown.err
        assert main([*invite, "Eve", "--url", "https://hone.example"]) == 0
        shown = capsys.readouterr()
        assert shown.out.startswith("https://hone.example/join/") and not shown.err


def test_a_script_of_a_member_gets_the_members_token(
    images: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["invite", "--pool", images, "--name", "Bob"]) == 0
    capsys.readouterr()
    assert main(["token", "--pool", images, "--name", "bob"]) == 0
    person = check(capsys.readouterr().out.strip(), local_secret())
    (bob,) = members(images)
    project = open_project(images)
    assert person == for_member(project.folder, bob)
    assert main(["token", "--pool", images, "--name", "nobody"]) == 0
    local = check(capsys.readouterr().out.strip(), local_secret())
    assert local == Person(project.key, "nobody")
    project.close()


def test_an_export_can_leave_people_unnamed_and_calls_each_the_same_every_time(
    images: str, tmp_path: Path
) -> None:
    project = open_project(images)
    from labeling.store.samples import FileRecord

    ids = [f"{n:064x}" for n in (1, 2)]
    project.store.samples.add([FileRecord(f"{key[-3:]}.png", key, 1, 1) for key in ids])
    cat = project.store.classes.create("cat").id
    project.store.answers.append("Zoë", [label(ids[1], cat)])
    project.store.answers.append("Bob", [label(ids[0], cat)])
    for name in ("jsonl", "csv"):
        for more in ([], ["--history"]):
            target = tmp_path / f"{name}{len(more)}"
            asked = ["export", name, "--pool", images, "--to", str(target), "--pseudonyms", *more]
            assert main(asked) == 0
            text = "\n".join(file.read_text() for file in target.iterdir() if file.is_file())
            assert "Zoë" not in text and "Bob" not in text
            rows = [row for row in text.splitlines() if ids[1] in row]
            assert rows and all("annotator-1" in row for row in rows)
    project.close()


def test_a_token_lets_a_script_in_as_the_named_person(
    pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embed", "--pool", str(pool)]) == 0
    capsys.readouterr()
    assert main(["token", "--pool", str(pool), "--name", "robot", "--days", "2"]) == 0
    person = check(capsys.readouterr().out.strip(), local_secret())
    assert person == Person(project_key(default_folder(pool.resolve())), "robot")
    assert main(["token", "--pool", str(pool), "--days", "0"]) == 2
    assert "1 to 366 days" in capsys.readouterr().err
