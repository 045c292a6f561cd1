"""Links of invitations: the address that others can reach, the served port, and what to warn of."""

import json
import socket
from pathlib import Path

import pytest

from labeling.people import reach
from labeling.people.reach import (
    FILE,
    NO_NETWORK,
    ONLY_HERE,
    PLAIN,
    Serving,
    announce,
    found,
    own_address,
    withdraw,
)


@pytest.fixture(autouse=True)
def in_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reach, "own_address", lambda: "192.168.1.5")
    monkeypatch.delenv("STREAMLIT_SERVER_PORT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


HERE, ALL = "127.0.0.1", "0.0.0.0"


@pytest.mark.parametrize(
    ("serving", "page", "base", "caution"),
    [
        (Serving(ALL, 8600), "http://127.0.0.1:8600", "http://192.168.1.5:8600/", PLAIN),
        (Serving(ALL, 8600), "http://localhost:9000/", "http://192.168.1.5:8600/", PLAIN),
        (Serving("", 8600), "http://[::1]:8600", "http://192.168.1.5:8600/", PLAIN),
        (Serving(ALL, 8600), "http://lab-7:8600", "http://lab-7:8600/", PLAIN),
        (Serving(ALL, 8600), "", "http://192.168.1.5:8600/", PLAIN),
        (Serving("10.0.0.9", 80), "", "http://10.0.0.9:80/", PLAIN),
        (Serving("fd00::7", 80), "", "http://[fd00::7]:80/", PLAIN),
        (Serving(ALL, 8600, "https", "x"), "https://localhost:8600/x",
         "https://192.168.1.5:8600/x/", None),
        (Serving(HERE, 8600), "https://hone.example/lab", "https://hone.example/lab/", None),
        (Serving(HERE, 8600), "http://hone.example.org", "http://hone.example.org/", PLAIN),
        (Serving(HERE, 8600), "http://localhost:8600", "http://localhost:8600/", ONLY_HERE),
        (Serving("localhost", 8600), "", "http://localhost:8600/", ONLY_HERE),
        (Serving("::1", 8600), "", "http://[::1]:8600/", ONLY_HERE),
    ],
)  # fmt: skip
def test_the_link_has_the_address_that_others_reach_and_its_caution(
    serving: Serving, page: str, base: str, caution: str | None
) -> None:
    link = serving.link("s3cret", page)
    assert link == f"{base}join/s3cret"
    assert serving.caution(link) == caution


@pytest.mark.parametrize("page", ["", "http://127.0.0.1:8600"])
def test_a_machine_in_no_network_says_that_the_link_leads_nowhere(
    monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(reach, "own_address", lambda: None)
    link = Serving(ALL, 8600).link("s3cret", page)
    assert link == "http://127.0.0.1:8600/join/s3cret"
    assert Serving(ALL, 8600).caution(link) == NO_NETWORK


def test_the_own_address_is_one_of_this_machine() -> None:
    address = own_address()
    if address is not None:  # a machine in no network has no such address
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as listener:
            listener.bind((address, 0))
        assert not address.startswith("127.")


def test_the_command_line_finds_the_running_server_and_forgets_one_that_ended(
    tmp_path: Path,
) -> None:
    with socket.create_server((HERE, 0)) as listener:
        served = Serving(HERE, listener.getsockname()[1], "https", "lab")
        announce(tmp_path, served)
        assert found(tmp_path) == served
        withdraw(tmp_path, Serving(HERE, 1))  # another server of the same project ends
        assert found(tmp_path) == served
    assert found(tmp_path) == Serving(port=8501)  # it was killed: nobody listens any more
    withdraw(tmp_path, served)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", ["", "[]", "null", '{"port": 1, "more": 2}', "\0"])
def test_a_damaged_file_counts_as_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert found(tmp_path) == Serving(port=8501)


def test_without_a_server_the_port_is_that_of_streamlits_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "hone", tmp_path / "home"
    for place, port in ((home, 8700), (folder, 8800)):
        (place / ".streamlit").mkdir(parents=True)
        (place / ".streamlit" / "config.toml").write_text(f"[server]\nport = {port}\n")
    monkeypatch.setenv("HOME", str(home))
    assert found(tmp_path).port == 8700
    monkeypatch.chdir(folder)
    assert found(tmp_path).port == 8800
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8900")
    assert found(tmp_path).port == 8900
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "many")
    (folder / ".streamlit" / "config.toml").write_text("not TOML")
    assert found(tmp_path).port == 8700


def test_what_is_announced_can_be_read_by_other_programs(tmp_path: Path) -> None:
    announce(tmp_path, Serving(ALL, 8600))
    assert json.loads((tmp_path / FILE).read_text()) == {
        "address": ALL,
        "port": 8600,
        "scheme": "http",
        "path": "",
    }
