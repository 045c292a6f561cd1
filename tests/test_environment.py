"""Every variable of Hone's environment: what is not understood is refused at the start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from labeling.cli.main import main
from labeling.environment import LOGIN, OF_SCRIPTS, VARIABLES, check_environment
from labeling.errors import SettingError
from labeling.paths import default_folder, project_key
from labeling.people.tokens import Person, issue, local_secret
from tests.conftest import fill
from tests.journeys.serving import Forked, free_port

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "app.py", *ROOT.glob("labeling/**/*.py"), *ROOT.glob("models/**/*.py")]

UNDERSTOOD = {
    "HONE_POOL": ["images", "~/images", ""],
    "HONE_PROJECT": ["work", "{tmp}", " "],
    "HONE_HOME": ["{tmp}", "{tmp}/new/one", ""],
    "HONE_DATABASE_URL": ["postgresql://a:b@host/c", "postgres:///c?host=/run", " "],
    "HONE_LOGIN": ["1", "0", "true", "FALSE", "Yes", "no", "on", "OFF", " on ", "True\t"],
    "HONE_IMAGE_ROOTS": ["{tmp}", f"{{tmp}}{os.pathsep}{{tmp}}", os.pathsep, ""],
    "HONE_DEVICE": ["cpu", "cuda", "cuda:1", "mps", " cpu ", ""],
}
MISTAKEN = {
    "HONE_POOL": ["~nobody-of-this-name/images"],
    "HONE_PROJECT": ["{tmp}/file", "{tmp}/file/work"],
    "HONE_HOME": ["{tmp}/file", "~nobody-of-this-name"],
    "HONE_DATABASE_URL": ["mysql://a:b@host/c", "hone", "postgresql://a:b@c@host/d"],
    "HONE_LOGIN": ["enabled", "y", "2", "", " ", "yes please", "1;", "１"],
    "HONE_IMAGE_ROOTS": ["{tmp}/missing", f"{{tmp}}{os.pathsep}{{tmp}}/missing", "{tmp}/file"],
    "HONE_DEVICE": ["gpu", "CPU", "cuda:", "cuda:x"],
}


def table(rows: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in rows.items() for text in texts]


@pytest.fixture(autouse=True)
def a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()


def test_every_variable_is_in_both_tables_and_in_the_docs() -> None:
    assert set(VARIABLES) == set(UNDERSTOOD) == set(MISTAKEN)
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(HONE_\w+)`", page, re.MULTILINE)) == set(VARIABLES)


def test_every_variable_that_is_named_anywhere_is_known() -> None:
    places = [*SOURCES, ROOT / "Makefile", ROOT / "README.md", *ROOT.glob("docs/*.md")]
    places += [*ROOT.glob(".ci/*"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py")]
    own = Path(__file__)
    named = {
        name
        for file in places
        if file != own
        for name in re.findall(r"\bHONE_[A-Z_]+\b", file.read_text(encoding="utf-8"))
    }
    assert named == {*VARIABLES, *OF_SCRIPTS}


def test_the_environment_is_read_in_one_place() -> None:
    """But for the device, which the numeric half reads too, and what other programs define."""
    others = re.compile(r"environ(?:\.get\(|\[)[^)\]]*?(HONE_\w+|VARIABLE|name)")
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in SOURCES
        if others.search(file.read_text(encoding="utf-8"))
    }
    assert readers == {"labeling/environment.py", "models/encoders/device.py"}


@pytest.mark.parametrize(("name", "text"), table(UNDERSTOOD))
def test_what_is_understood_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text.format(tmp=tmp_path))
    check_environment()


@pytest.mark.parametrize(("name", "text"), table(MISTAKEN))
def test_what_is_not_understood_is_refused_with_its_name_its_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str
) -> None:
    value = text.format(tmp=tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"^{name} ") as refused:
        check_environment()
    assert VARIABLES[name].allowed in str(refused.value)
    assert (repr(value) in str(refused.value)) == (name != "HONE_DATABASE_URL")  # a password


@pytest.mark.parametrize("text", UNDERSTOOD["HONE_LOGIN"])
def test_yes_and_no_are_understood_in_every_ordinary_spelling(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HONE_LOGIN", text)
    assert LOGIN.value() == (text.strip().lower() in ("1", "true", "yes", "on"))


def test_without_the_variable_no_login_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HONE_LOGIN", raising=False)
    assert LOGIN.value() is False


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("HONE_LOGN", "HONE_LOGIN"),
        ("HONE_DATABASE", "HONE_DATABASE_URL"),
        ("Hone_Pool", "HONE_POOL"),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, typo: str, meant: str
) -> None:
    monkeypatch.setenv(typo, "1")
    with pytest.raises(SettingError, match=f"^{typo} is no setting of Hone.*{meant}"):
        check_environment()


def test_a_name_that_is_like_no_other_is_refused_with_all_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HONE_XXXXXXXXXXXX", "1")
    with pytest.raises(SettingError) as refused:
        check_environment()
    assert all(name in str(refused.value) for name in VARIABLES)


def test_names_of_other_programs_and_of_scripts_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HONEY", "1")
    monkeypatch.setenv("HONE_TOKEN", "1")
    monkeypatch.setenv("PHONE_POOL", "1")
    check_environment()


def test_the_command_line_refuses_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HONE_LOGIN", "enabled")
    assert main(["choices"]) == 2
    assert capsys.readouterr().err.startswith("error: HONE_LOGIN is 'enabled'")


@pytest.mark.parametrize(("name", "text"), [("HONE_LOGIN", "enabled"), ("HONE_LOGN", "1")])
def test_a_server_that_does_not_understand_a_setting_does_not_start(
    tmp_path: Path, name: str, text: str
) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.headless", "true", "--server.port", str(free_port())]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"HONE_HOME": str(tmp_path), name: text.format(tmp=tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1
    assert f"Hone: {name} is " in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize(("text", "needed"), [(" On ", True), ("off", False)])
def test_a_server_asks_for_a_login_exactly_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, needed: bool
) -> None:
    monkeypatch.setenv("HONE_LOGIN", text)
    server = Forked(tmp_path / "home", fill(tmp_path / "pool", 2))
    server.start()
    try:
        here = Person(project_key(default_folder(tmp_path / "pool", server.home)), "ann")
        bearer = {"Authorization": f"Bearer {issue(here, local_secret(server.home))}"}
        status = httpx.get(f"{server.url}/api/status", headers=bearer).status_code
        assert status == (401 if needed else 200)
    finally:
        server.kill()
