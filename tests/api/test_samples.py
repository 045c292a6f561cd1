"""Images over HTTP."""

import io

import pytest
from PIL import Image
from starlette.testclient import TestClient

from labeling.loop.session import Session
from labeling.media.decoders import Decoders


@pytest.mark.parametrize("size", ["thumb", "view"])
def test_an_image_is_served_once_and_then_never_again(
    anonymous: TestClient, session: Session, token: str, size: str
) -> None:
    url = f"/api/samples/{session.store.samples.ids()[0]}/{size}?token={token}"
    reply = anonymous.get(url)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/webp"
    assert "immutable" in reply.headers["cache-control"]
    assert "private" in reply.headers["cache-control"]
    with Image.open(io.BytesIO(reply.content)) as image:
        assert image.size == (32, 32)
    again = anonymous.get(url, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]


@pytest.mark.parametrize(
    "path", ["f" * 64 + "/thumb", "../../etc/passwd/thumb", "..%2f..%2fetc%2fpasswd/thumb"]
)
def test_only_samples_of_the_project_have_images(
    anonymous: TestClient, token: str, path: str
) -> None:
    assert anonymous.get(f"/api/samples/{path}?token={token}").status_code == 404


@pytest.mark.parametrize("size", ["huge", "..", "%2e%2e", "thumb.webp"])
def test_only_known_sizes_have_images(
    anonymous: TestClient, session: Session, token: str, size: str
) -> None:
    key = session.store.samples.ids()[0]
    assert anonymous.get(f"/api/samples/{key}/{size}?token={token}").status_code == 404


def test_a_vanished_file_is_gone_by_name_and_leaves_the_pool(
    anonymous: TestClient, session: Session, token: str
) -> None:
    key, other = session.store.samples.ids()[:2]
    read = session.project.source.read

    def vanished(path: str) -> bytes:
        if path == session.store.samples.many([key])[key].paths[0]:
            raise FileNotFoundError(2, "No such file or directory", path)
        return read(path)

    session.project.source.read = vanished  # type: ignore[method-assign]
    reply = anonymous.get(f"/api/samples/{key}/view?token={token}")
    assert reply.status_code == 410
    assert ".png" in reply.json()["error"] and "cannot be shown" in reply.json()["error"]
    assert key not in session.store.samples.ids()
    assert session.store.samples.problems()
    assert anonymous.get(f"/api/samples/{other}/view?token={token}").status_code == 200


def test_a_replaced_file_is_not_shown_as_the_sample_that_it_was(
    anonymous: TestClient, session: Session, token: str
) -> None:
    key, other = session.store.samples.ids()[:2]
    foreign = session.project.source.read(session.store.samples.many([other])[other].paths[0])
    session.project.source.read = lambda path: foreign  # type: ignore[method-assign]
    reply = anonymous.get(f"/api/samples/{key}/view?token={token}")
    assert reply.status_code == 410
    assert "it was changed after it was scanned" in reply.json()["error"]


def test_an_image_that_cannot_be_decoded_just_now_stays_in_the_pool(
    anonymous: TestClient, session: Session, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hone is closing, or the system starts no process: that is no fault of the image."""
    key = session.store.samples.ids()[0]
    closed = Decoders(1)
    closed.close()
    monkeypatch.setattr("labeling.project.project.DECODERS", closed)
    reply = anonymous.get(f"/api/samples/{key}/view?token={token}")
    assert reply.status_code == 503 and "ask again later" in reply.json()["error"]
    assert key in session.store.samples.ids()
