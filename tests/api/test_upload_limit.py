"""What uploads hold in memory together stays below a limit, on the server as it runs."""

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from labeling.paths import default_folder
from labeling.project.project import open_project
from tests.api.test_safety import ELSEWHERE, Target, socket
from tests.conftest import fill
from tests.journeys.serving import Forked

LARGEST = 2**20  # of one file; all together may be twice as large
BOUNDARY = "its-end"


@dataclass
class Uploader:
    """A visitor whose page is open, and who uploads past it."""

    target: Target
    session: str
    xsrf: str

    def put(
        self,
        name: str,
        size: int,
        headers: dict[str, str] | None = None,
        *,
        chunked: bool = False,
        method: str = "PUT",
    ) -> int:
        """The status of one upload."""
        part = 'Content-Disposition: form-data; name="file"; filename="a.png"'
        head, tail = f"--{BOUNDARY}\r\n{part}\r\n\r\n".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
        parts = [head, *[b"x" * 50_000] * (size // 50_000), tail]
        body = iter(parts) if chunked else b"".join(parts)
        told = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        told |= {"Cookie": f"_streamlit_xsrf={self.xsrf}", "X-Xsrftoken": self.xsrf}
        told |= {"Transfer-Encoding": "chunked"} if chunked else {}
        path = f"/_stcore/upload_file/{self.session}/{name}"
        connection = http.client.HTTPConnection("127.0.0.1", self.target.server.port, timeout=20)
        try:
            connection.request(method, path, body, told | (headers or {}), encode_chunked=chunked)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    place = tmp_path_factory.mktemp("filled")
    pool = fill(place / "pool", 2)
    server = Forked(place / "home", pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_HOME", str(server.home))
        patch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "1")
        server.start()
        project = open_project(pool)
    yield Target(server, default_folder(pool, server.home), project.store.people, "", "")
    project.close()
    server.kill()


@pytest.fixture
def uploader(target: Target) -> Iterator[Uploader]:
    _, headers, _ = target.ask("/_stcore/health")
    found = re.search(r"_streamlit_xsrf=([^;]+)", headers["set-cookie"])
    assert found is not None
    ask = BackMsg()
    ask.rerun_script.query_string = ""
    with socket(target, {}) as opened:
        opened.send(ask.SerializeToString())
        message = ForwardMsg()
        while message.WhichOneof("type") != "new_session":
            message = ForwardMsg.FromString(opened.recv(timeout=30))
        yield Uploader(target, message.new_session.initialize.session_id, found[1])


@pytest.mark.parametrize("chunked", [False, True])
def test_one_file_and_all_files_together_are_limited(uploader: Uploader, chunked: bool) -> None:
    assert uploader.put("huge", 3 * LARGEST, chunked=chunked) == 413
    names = ["a", "b", "c"]
    assert [uploader.put(one, 900_000, chunked=chunked) for one in names] == [204, 204, 413]
    assert uploader.put("c", 0, method="DELETE") == 204
    assert uploader.put("c", 900_000, chunked=chunked) == 413
    assert uploader.put("a", 0, method="DELETE") == 204
    assert uploader.put("c", 900_000, chunked=chunked) == 204
    for one in names:
        uploader.put(one, 0, method="DELETE")


def test_uploads_that_were_refused_do_not_count(uploader: Uploader) -> None:
    assert [uploader.put("a", 3 * LARGEST, chunked=True) for _ in range(4)] == [413] * 4
    assert uploader.put("a", 900_000) == 204


@pytest.mark.parametrize("chunked", [False, True])
def test_a_stranger_uploads_nothing(uploader: Uploader, chunked: bool) -> None:
    for size in (100_000, 3 * LARGEST):
        assert uploader.put("a", size, ELSEWHERE, chunked=chunked) == 403
