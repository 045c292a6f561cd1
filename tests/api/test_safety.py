"""The threat model: each attack of it over the network, tried against the server as it runs.

One server listens on this machine alone, as `make run` has it; what comes with a proxy's header is
treated as from elsewhere, so that both of its faces are tried.
"""

import http.client
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from labeling.api import LARGEST_BODY, OPERATIONS
from labeling.api.operation import Operation
from labeling.cli.main import main
from labeling.exchange.formats import FORMATS
from labeling.media.worker import MEMORY
from labeling.paths import project_key
from labeling.people.attempts import MOST_WRONG, MOST_WRONG_OF_ALL
from labeling.people.tokens import Person, cookie_name, for_member, issue, local_secret
from labeling.project.project import open_project
from labeling.store import Role
from labeling.store.people import People
from tests import hostile
from tests.children import child_peaks, peak_bytes
from tests.conftest import contents, fill
from tests.journeys.serving import Forked, Server

ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}
SECRET_NAME = "<script>secret-name</script>"


@dataclass
class Target:
    """The server that is attacked, with what its owner knows."""

    server: Server
    folder: Path
    people: People
    sample: str
    file: str  # the path of that sample's image

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        token: str = "",
        timeout: float = 20,
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body); the path goes out as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body, bearer | (headers or {}))
            reply = connection.getresponse()
            told = {name.lower(): value for name, value in reply.getheaders()}
            return reply.status, told, reply.read()
        finally:
            connection.close()

    def local(self, project: str = "", secret: str = "", days: int = 1) -> str:
        """The token of the person at this machine, as far as it is not asked for otherwise."""
        person = Person(project or self.key, "ann")
        return issue(person, secret or self.secret, days)

    def member(self, name: str, role: Role = Role.ANNOTATOR) -> tuple[str, str, int]:
        """(token, secret of the invitation, id) of a new member."""
        member, secret = self.people.invite(f"{name} {uuid.uuid4().hex[:6]}", role, 1)
        return issue(for_member(self.folder, member), self.secret), secret, member.id

    @property
    def secret(self) -> str:
        return local_secret(self.server.home)

    @property
    def key(self) -> str:
        return project_key(self.folder)

    def skip(self) -> bytes:
        """A well-formed answer."""
        one = {"client_id": str(uuid.uuid4()), "sample_id": self.sample, "kind": "skip"}
        return json.dumps({"answers": [one]}).encode()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    place = tmp_path_factory.mktemp("attacked")
    pool = fill(place / SECRET_NAME.replace("/", "-"), 6)
    server = Forked(place / "home", pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_HOME", str(server.home))
        patch.setenv("STREAMLIT_LOGGER_LEVEL", "debug")  # all that a log may ever hold
        server.start()
        project = open_project(pool)
    project.store.people.invite("owner", Role.OWNER, 1)
    deadline = time.monotonic() + 20
    while not project.store.samples.ids() and time.monotonic() < deadline:
        time.sleep(0.05)
    (sample, *_) = project.store.samples.ids()
    (file,) = project.store.samples.many([sample])[sample].paths
    yield Target(server, project.folder, project.store.people, sample, file)
    project.close()
    server.kill()


# -- a stranger on the network -----------------------------------------------------------------


def test_a_right_token_lets_in(target: Target) -> None:
    assert target.ask("/api/status", token=target.local())[0] == 200
    token, _, _ = target.member("ann")
    assert target.ask("/api/status", headers=ELSEWHERE, token=token)[0] == 200


@pytest.mark.parametrize("attack", ["none", "tampered", "expired", "other key", "unsigned", "name"])
def test_a_token_that_is_not_the_persons_own_is_refused(target: Target, attack: str) -> None:
    token, _, _ = target.member("ann")
    forged = {
        "none": "",
        "tampered": token[:10] + ("A" if token[10] != "A" else "B") + token[11:],
        "expired": target.local(days=-3),
        "other key": target.local(secret="0" * 64),
        "unsigned": token.rpartition(".")[0],
        "name": target.local(),  # a name alone, from elsewhere
    }[attack]
    headers = ELSEWHERE if attack == "name" else {}
    for method, path, body in (("GET", "/api/status", None), ("POST", "/api/answers", b"{}")):
        status, _, text = target.ask(path, method, body, headers, forged)
        assert (status, list(json.loads(text))) == (401, ["error"]), path


def test_a_token_of_another_project_is_refused(target: Target) -> None:
    assert target.ask("/api/status", token=target.local("0123456789ab"))[0] == 403


def test_a_token_in_the_address_opens_images_and_nothing_else(target: Target) -> None:
    token = target.local()
    assert target.ask(f"/api/samples/{target.sample}/thumb?token={token}")[0] == 200
    assert target.ask(f"/api/status?token={token}")[0] == 401
    assert target.ask(f"/api/answers?token={token}", "POST", target.skip())[0] == 401


def test_a_revoked_person_is_out_within_a_second(target: Target) -> None:
    token, secret, member = target.member("eve")
    assert target.ask("/api/status", headers=ELSEWHERE, token=token)[0] == 200
    target.people.revoke(member)
    time.sleep(1.1)  # another process has revoked
    assert target.ask("/api/status", headers=ELSEWHERE, token=token)[0] == 401
    assert target.ask(f"/join/{secret}")[0] == 403


def test_nothing_of_the_project_is_told_to_a_stranger(target: Target) -> None:
    open_to_all = ("/", "/api/health", "/api/docs", "/api/openapi.json", "/_stcore/health")
    closed = ("/api/history", f"/api/samples/{target.sample}/view", "/_stcore/metrics", "/nothing")
    for path in (*open_to_all, *closed):
        _, _, text = target.ask(path, headers=ELSEWHERE)
        for known in (b"secret-name", target.file.encode(), str(target.folder).encode()):
            assert known not in text, path
    assert b"secret-name" not in seen(target, ELSEWHERE)


def test_links_cannot_be_guessed_in_numbers(target: Target) -> None:
    guesser = {"X-Forwarded-For": "198.51.100.7"}
    statuses = [target.ask(f"/join/{n}", headers=guesser)[0] for n in range(MOST_WRONG + 3)]
    assert statuses == [403] * MOST_WRONG + [429] * 3
    status, headers, _ = target.ask("/join/x", headers=guesser)
    assert status == 429 and 0 < int(headers["retry-after"]) <= 60
    _, secret, _ = target.member("ann")  # nobody else has to wait
    assert target.ask(f"/join/{secret}", headers=ELSEWHERE)[0] == 303


def test_links_cannot_be_guessed_from_many_addresses_and_the_honest_still_come_in(
    target: Target,
) -> None:
    """A proxy adds the address of whoever asks to those that the request names itself."""
    _, secret, _ = target.member("honest")
    names = [{"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.77"} for n in range(MOST_WRONG + 1)]
    statuses = [target.ask(f"/join/{n}", headers=one)[0] for n, one in enumerate(names)]
    assert statuses == [403] * MOST_WRONG + [429]  # made-up addresses before it do not count
    many = ({"X-Forwarded-For": f"10.9.{n // 250}.{n % 250}"} for n in range(MOST_WRONG_OF_ALL))
    statuses = [target.ask(f"/join/{n}", headers=one)[0] for n, one in enumerate(many)]
    assert statuses[0] == 403 and set(statuses[-MOST_WRONG:]) == {429}
    assert target.ask("/join/wrong", headers=ELSEWHERE)[0] == 429
    assert target.ask(f"/join/{secret}", headers=ELSEWHERE)[0] == 303


# -- a page of another site in the person's browser --------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_foreign_page_cannot_send_what_changes_something(target: Target, origin: str) -> None:
    token, secret, _ = target.member("ann")
    cookie = {"Cookie": f"{cookie_name(target.key)}={token}", "Origin": origin}
    body = target.skip()
    assert target.ask("/api/answers", "POST", body, cookie, target.local())[0] == 403
    assert target.ask(f"/join/{secret}", "POST", b"", cookie)[0] == 403
    assert target.ask("/_stcore/upload_file/a/b", "PUT", b"x", cookie)[0] == 403
    assert target.ask("/_stcore/agent/interact", "POST", b"{}", cookie)[0] == 403


def test_a_cookie_alone_changes_nothing(target: Target) -> None:
    token, _, _ = target.member("ann")
    cookie = {"Cookie": f"{cookie_name(target.key)}={token}"}
    assert target.ask("/api/answers", "POST", target.skip(), cookie)[0] == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_foreign_page_cannot_open_a_socket(target: Target, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        socket(target, {}, origin).close()
    assert refused.value.response.status_code == 403


def test_a_foreign_name_that_leads_here_is_not_the_person_at_this_machine(target: Target) -> None:
    """DNS rebinding: the browser takes the hostile page and Hone for one origin."""
    rebound = {"Host": f"evil.example:{target.server.port}"}
    assert target.ask("/api/status", headers=rebound, token=target.local())[0] == 401
    assert b"secret-name" in seen(target, {})
    assert b"secret-name" not in seen(target, rebound, f"http://{rebound['Host']}")


def test_nobody_becomes_another_by_a_link_alone(target: Target) -> None:
    """Who is made to follow a link of another's would label in that one's name, unnoticed."""
    ann, _, _ = target.member("<b>ann")
    _, eves, _ = target.member("eve")
    cookie = {"Cookie": f"{cookie_name(target.key)}={ann}"} | ELSEWHERE
    status, headers, text = target.ask(f"/join/{eves}", headers=cookie)
    assert (status, headers.get("set-cookie")) == (200, None)
    assert b"&lt;b&gt;ann" in text and b"<b>" not in text
    own = cookie | {"Origin": target.server.url}
    status, headers, _ = target.ask(f"/join/{eves}", "POST", b"", own)
    assert status == 303 and "HttpOnly" in headers["set-cookie"]


def test_every_reply_forbids_what_hone_does_not_need(target: Target) -> None:
    paths = ("/", "/review", "/api/status", "/api/docs", "/api/board/x/board.js", "/join/x")
    for path in (*paths, "/_stcore/health", "/_stcore/host-config", "/media/x", "/%00", "/a/b.js"):
        _, headers, _ = target.ask(path, headers={"X-Forwarded-For": "198.51.100.8"})
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "default-src" in policy, path
        assert "unsafe-eval" not in policy and "http" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "access-control-allow-origin" not in headers


def test_answers_and_statuses_are_kept_by_no_cache(target: Target) -> None:
    for path in ("/api/status", "/api/history", "/join/x"):
        _, headers, _ = target.ask(path, token=target.local())
        assert headers["cache-control"] == "no-store", path


# -- requests that are too much ----------------------------------------------------------------


def test_what_is_too_much_for_one_request_is_refused(target: Target) -> None:
    token = target.local()
    for path in ("/api/next", "/api/page", "/api/hold", "/api/answers", "/api/classes"):
        assert target.ask(path, "POST", b" " * (LARGEST_BODY + 1), token=token)[0] == 413, path
        assert target.ask(path, "POST", b'{"a":' * 200_000, token=token)[0] == 422, path
    one = {"client_id": "c", "sample_id": "s", "kind": "skip"}
    many = json.dumps({"answers": [one] * 501}).encode()
    assert target.ask("/api/answers", "POST", many, token=token)[0] == 413
    keys = json.dumps({"holder": "h", "sample_ids": ["s"] * 5001}).encode()
    assert target.ask("/api/hold", "POST", keys, token=token)[0] == 413


def test_no_file_can_be_uploaded(target: Target) -> None:
    status, _, _ = target.ask("/_stcore/upload_file/a/b", "PUT", b"x" * 100)
    assert status in (400, 403)


# -- images that are too much ------------------------------------------------------------------

LARGE = 2  # images at once


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up as Linux tells it")
def test_no_image_fills_the_memory_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, one such file took 3.4 GB of the server, and four at once 9.4 GB."""
    pool = fill(tmp_path / "pool", 2)
    (pool / "strip.png").write_bytes(hostile.solid_png(1, 119_000_000))
    (pool / "deep.png").write_bytes(hostile.solid_png(11_900, 10_000, 16, 6))
    (pool / "tile.tif").write_bytes(hostile.tiled_tiff(60_000))
    for number in range(LARGE):
        (pool / f"large{number}.png").write_bytes(hostile.solid_png(10_000 + number, 9_000, 8, 6))
    server = Forked(tmp_path / "home", pool)
    monkeypatch.setenv("HONE_HOME", str(server.home))
    server.start()
    project = open_project(pool)
    try:
        samples = project.store.samples
        wait_until(lambda: len(samples.files()) == LARGE + 5)
        told = Target(server, project.folder, project.store.people, "", "")
        named = {sample.paths[0]: key for key, sample in samples.many().items() if sample.paths}
        # No test of memory if a scan refuses all of it.
        assert {*named} >= {"tile.tif", *(f"large{number}.png" for number in range(LARGE))}

        def shown(name: str) -> tuple[int, bytes]:
            path = f"/api/samples/{named[name]}/view"
            status, _, content = told.ask(path, token=told.local(), timeout=300)
            return status, content

        with ThreadPoolExecutor(LARGE + 1) as threads:
            asked = threads.map(shown, [f"large{n}.png" for n in range(LARGE)] + ["tile.tif"])
            *large, (status, content) = asked
        assert [found for found, _ in large] == [200] * LARGE
        assert status == 410 and b"it needs more than 1.5 GB of memory to decode" in content
        assert shown("img0.png")[0] == 200
        problems = " ".join(str(one) for one in samples.problems())
        assert "no side may have more than" in problems and "takes 1.4 GB" in problems
        assert peak_bytes(server.pid) < 2_000_000_000  # half of it is torch
        decoding = child_peaks(server.pid)
        assert 300_000_000 < max(decoding) < MEMORY
    finally:
        project.close()
        server.kill()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# -- paths -------------------------------------------------------------------------------------

CLIMBS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "..%c0%af", "....//")


@pytest.mark.parametrize("climb", CLIMBS)
def test_no_address_leads_to_another_file(target: Target, climb: str) -> None:
    up = climb * 6
    for path in (
        f"/api/samples/{up}etc%2fpasswd/view",
        f"/api/samples/{target.sample}/{up}etc/passwd",
        f"/api/board/v/{up}etc/passwd",
        f"/api/board/v/{up}labeling%2fcli%2fmain.py",
        f"/static/{up}etc/passwd",
        f"/media/{up}etc/passwd",
        f"/component/{up}etc/passwd",
        f"/{up}etc/passwd",
    ):
        status, _, text = target.ask(path, token=target.local())
        assert status in (200, 400, 403, 404), path
        assert b"root:" not in text and b"argparse" not in text and b"Traceback" not in text
        assert status != 200 or b"<title>Streamlit</title>" in text  # the page of any screen


@pytest.mark.parametrize("path", ["/api/samples/%00/view", "/api/board/v/%00", "/join/%00", "/%ff"])
def test_odd_bytes_in_an_address_are_no_error_of_the_server(target: Target, path: str) -> None:
    status, _, text = target.ask(path, headers=ELSEWHERE, token=target.local())
    assert status < 500
    assert b"Traceback" not in text


# -- requests that nobody would think of -------------------------------------------------------

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))  # for each operation and way of making them


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_reply_is_as_described_whatever_is_asked(
    target: Target, operation: Operation
) -> None:
    """Requests made from the description, as it allows and as it forbids, tell no surprise."""
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import load_all_checks, not_a_server_error
    from schemathesis.specs.openapi import checks

    load_all_checks()
    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
    ]
    described = schemathesis.openapi.from_url(f"{target.server.url}/api/openapi.json")
    one = described[operation.path][operation.method]
    gives = operation.gives and Draft202012Validator(msgspec.json.schema(operation.gives))
    headers = {"Authorization": f"Bearer {target.local()}"}
    for mode in GenerationMode:

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 100)
        @given(case=one.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.query.pop("wait", None)  # else it takes as long as it says
            reply = case.call(base_url=target.server.url, headers=headers, timeout=20)
            case.validate_response(reply, checks=wanted)
            if reply.status_code == 200 and gives is not None:
                gives.validate(reply.json())

        ask()


# -- secrets -----------------------------------------------------------------------------------


def test_no_secret_stands_in_the_log_or_in_a_refusal(target: Target) -> None:
    token, secret, _ = target.member("ann")
    target.ask(f"/join/{secret}", headers=ELSEWHERE)
    target.ask(f"/api/samples/{target.sample}/thumb?token={token}", headers=ELSEWHERE)
    replies = [target.ask(path, token=token)[2] for path in ("/api/status", "/api/samples/x/y")]
    replies.append(target.ask("/api/status", token=token + "x")[2])
    log = target.server.log.read_bytes()
    assert b"Runtime state" in log  # which is told at that level alone
    for hidden in (token, secret, target.secret):
        assert hidden.encode() not in log
        assert not any(hidden.encode() in reply for reply in replies)


def test_no_secret_stands_in_what_is_kept_exported_or_shown_of_a_process(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, secret, _ = target.member("ann")
    target.ask(f"/join/{secret}", headers=ELSEWHERE)
    place = ["--pool", str(target.server.pool), "--project", str(target.folder)]
    for name in FORMATS:
        assert main(["export", name, "--to", str(tmp_path / name), *place]) == 0
    assert main(["report", "--to", str(tmp_path / "report.html"), *place]) == 0
    assert main(["backup", "--to", str(tmp_path / "backup.zip"), *place]) == 0
    for command in ("status", "people", "log"):
        assert main([command, *place]) == 0
    shown = capsys.readouterr()
    told = [shown.out.encode(), shown.err.encode(), *processes(target.server.pid)]
    files = [*tmp_path.rglob("*"), *target.server.home.rglob("*")]
    files = [file for file in files if file.is_file() and file != target.server.home / "secret"]
    assert {"backup.zip", "report.html", "labels.csv", "hone.sqlite"} <= {one.name for one in files}
    told += [content for file in files for content in contents(file)]
    for hidden in (token, secret, target.secret):
        assert not any(hidden.encode() in one for one in told)


def processes(pid: int) -> list[bytes]:
    """What a list of processes shows of one and of all that it has started."""
    place = Path(f"/proc/{pid}")
    if not place.exists():
        return []  # not on Linux
    children = [one for task in place.glob("task/*/children") for one in task.read_text().split()]
    shown = (place / "cmdline").read_bytes() + (place / "comm").read_bytes()
    return [shown, *(one for child in children for one in processes(int(child)))]


def test_what_hone_keeps_is_for_its_owner_alone(target: Target) -> None:
    for place in (target.server.home, target.folder):
        assert place.stat().st_mode & 0o077 == 0, place
    assert (target.server.home / "secret").stat().st_mode & 0o177 == 0


# -- the screens, over their socket ------------------------------------------------------------


def socket(
    target: Target, headers: dict[str, str], origin: str | None = None, xsrf: str | None = None
) -> Any:
    """A socket as a browser would open it; a header `Host` is what the browser believes.

    Cookies count only with `xsrf`, which a page reads from one of them.
    """
    here = {"Host": f"127.0.0.1:{target.server.port}"} | headers
    return connect(
        f"ws://{here.pop('Host')}/_stcore/stream",
        origin=origin,  # type: ignore[arg-type]
        additional_headers=here,
        subprotocols=["streamlit", *([xsrf] if xsrf else [])],  # type: ignore[list-item]
        sock=create_connection(("127.0.0.1", target.server.port)),
        proxy=None,
        max_size=None,
    )


def seen(
    target: Target, headers: dict[str, str], origin: str | None = None, xsrf: str | None = None
) -> bytes:
    """All that the first screen sends to a browser."""
    told = b""
    with socket(target, headers, origin, xsrf) as opened:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        opened.send(ask.SerializeToString())
        while True:
            message = opened.recv(timeout=20)
            assert isinstance(message, bytes)
            told += message
            if ForwardMsg.FromString(message).WhichOneof("type") == "script_finished":
                return told
