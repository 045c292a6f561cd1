"""Tests for models.embeddings.fill: real encoders, real files, real kills."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.embeddings.cache import CacheLockedError, CacheMismatchError, EmbeddingCache
from models.embeddings.fill import DiskFullError, Progress, embed_missing
from tests.forks import fork
from tests.models.embeddings.test_cache import DIM, name, names


class Thumbnail:
    """A small real encoder: the image's own 4 x 4 colours."""

    fingerprint = "thumbnail-1"
    dim = 48

    def __init__(self) -> None:
        self.batches: list[int] = []

    @staticmethod
    def framing(image: Image.Image) -> NDArray[np.float32]:
        small = image.convert("RGB").resize((4, 4), Image.Resampling.BOX)
        return np.asarray(small, np.float32).ravel()

    def embed_framed(self, framed: Sequence[Any]) -> NDArray[np.float32]:
        self.batches.append(len(framed))
        return np.array(framed, np.float32).reshape(-1, self.dim)


def picture(identity: str) -> Image.Image:
    """The image of an id."""
    rng = np.random.default_rng(int(identity[:8], 16))
    return Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))


def by_one(
    load: Callable[[str], Image.Image] = picture,
    framing: Callable[[Image.Image], Any] = Thumbnail.framing,
) -> Callable[[Sequence[str]], list[Any]]:
    """Prepares the items of a batch one after another."""

    def one(identity: str) -> Any:
        try:
            return framing(load(identity))
        except Exception as error:
            return error

    return lambda ids: [one(identity) for identity in ids]


def test_all_ids_are_embedded_in_order_and_progress_adds_up(tmp_path: Path) -> None:
    encoder, seen = Thumbnail(), list[Progress]()
    with EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim) as cache:
        ids = names(*range(22))
        embed_missing(cache, ids, by_one(), encoder, batch=5, progress=seen.append)
        assert cache.rows(ids).tolist() == list(range(22))
        expected = [Thumbnail.framing(picture(identity)) for identity in ids]
        np.testing.assert_array_equal(cache.matrix(), expected)
    assert encoder.batches == [5, 5, 5, 5, 2]
    assert [progress.done for progress in seen] == [0, 5, 10, 15, 20, 22]
    assert {(progress.total, progress.failed) for progress in seen} == {(22, 0)}
    assert (seen[0].rate, seen[0].seconds_left) == (0, None)
    assert seen[-1].rate > 0 and seen[-1].seconds_left == 0


def test_only_missing_ids_are_loaded(tmp_path: Path) -> None:
    encoder, loaded, seen = Thumbnail(), list[str](), list[Progress]()

    def load(identity: str) -> Image.Image:
        loaded.append(identity)
        return picture(identity)

    with EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim) as cache:
        embed_missing(cache, names(1, 2), by_one(load), encoder)
        loaded.clear()
        embed_missing(cache, names(0, 1, 2, 3, 3), by_one(load), encoder, progress=seen.append,
                      workers=1)  # fmt: skip
        assert loaded == names(0, 3)
        assert (seen[0].done, seen[-1].done, seen[-1].total) == (2, 4, 4)
        embed_missing(cache, names(0, 1, 2, 3), by_one(load), encoder)
    assert loaded == names(0, 3)


def test_a_bad_image_is_reported_and_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad_file = tmp_path / "bad.png"
    bad_file.write_bytes(b"\x89PNG\r\n\x1a\n, and then nothing")

    def load(identity: str) -> Image.Image:
        if identity == name(3):
            return Image.open(bad_file)
        if identity == name(4):
            raise FileNotFoundError("gone")
        return picture(identity)

    class Poisoned(Thumbnail):
        def embed_framed(self, framed: Sequence[Any]) -> NDArray[np.float32]:
            rows = super().embed_framed(framed)
            rows[(rows == self.framing(picture(name(7)))).all(axis=1)] = np.inf
            return rows

    encoder, left_out, seen = Poisoned(), dict[str, Exception](), list[Progress]()
    with EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim) as cache:
        embed_missing(cache, names(*range(9)), by_one(load), encoder, batch=4, progress=seen.append,
                      failed=left_out.__setitem__)  # fmt: skip
        assert cache.missing(names(*range(9))) == names(3, 4, 7)
    assert [type(left_out[key]).__name__ for key in names(3, 4, 7)] == [
        "UnidentifiedImageError",
        "FileNotFoundError",
        "ValueError",
    ]
    assert (seen[-1].done, seen[-1].failed, seen[-1].seconds_left) == (6, 3, 0)


def test_a_batch_of_bad_images_only_is_no_end(tmp_path: Path) -> None:
    def load(identity: str) -> Image.Image:
        if identity in names(0, 1, 2):
            raise OSError("unreadable")
        return picture(identity)

    with EmbeddingCache(tmp_path, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        embed_missing(cache, names(*range(6)), by_one(load), Thumbnail(), batch=3)
        assert cache.missing(names(*range(6))) == names(0, 1, 2)


def test_stop_ends_between_batches_and_a_later_call_goes_on(tmp_path: Path) -> None:
    stop = threading.Event()

    def stop_at_ten(progress: Progress) -> None:
        if progress.done >= 10:
            stop.set()

    ids = names(*range(100))
    with EmbeddingCache(tmp_path, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        embed_missing(cache, ids, by_one(), Thumbnail(), batch=5, progress=stop_at_ten, stop=stop)
        assert 10 <= len(cache) <= 20
        assert cache.rows(ids[: len(cache)]).tolist() == list(range(len(cache)))
        embed_missing(cache, ids, by_one(), Thumbnail(), batch=5)
        assert len(cache) == 100


def test_loading_stays_at_most_a_few_batches_ahead(tmp_path: Path) -> None:
    started: list[str] = []
    ahead: list[int] = []

    def load(identity: str) -> Image.Image:
        started.append(identity)
        return picture(identity)

    class Counting(Thumbnail):
        def embed_framed(self, framed: Sequence[Any]) -> NDArray[np.float32]:
            ahead.append(len(started) - sum(self.batches))
            return super().embed_framed(framed)

    with EmbeddingCache(tmp_path, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        embed_missing(cache, names(*range(200)), by_one(load), Counting(), batch=4, workers=3)
    assert max(ahead) <= (1 + 1 + 3) * 4


@pytest.mark.parametrize("lanes", [2, 3])
def test_lanes_keep_the_order_and_each_thread_is_told(tmp_path: Path, lanes: int) -> None:
    entered: list[str] = []

    class Slow(Thumbnail):
        def embed_framed(self, framed: Sequence[Any]) -> NDArray[np.float32]:
            time.sleep(0.02 if len(self.batches) % 2 else 0)
            assert threading.current_thread().name in entered
            return super().embed_framed(framed)

    def enter() -> None:
        entered.append(threading.current_thread().name)

    encoder, ids = Slow(), names(*range(50))
    with EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim) as cache:
        embed_missing(cache, ids, by_one(), encoder, batch=4, lanes=lanes, enter_lane=enter)
        assert cache.rows(ids).tolist() == list(range(50))
        np.testing.assert_array_equal(cache.matrix(), [Thumbnail.framing(picture(i)) for i in ids])


def embed_on_a_full_disk(folder: Path, told: Connection) -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30 * 96, resource.RLIM_INFINITY))
    with EmbeddingCache(folder, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        try:
            embed_missing(cache, names(*range(60)), by_one(), Thumbnail(), batch=8)
        except DiskFullError as error:
            told.send(str(error))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_a_full_disk_says_so_and_leaves_a_cache_that_resumes(tmp_path: Path) -> None:
    process, said = fork(embed_on_a_full_disk, tmp_path)
    shown = said.recv()
    process.join()
    assert "the disk is full" in shown and "24 embeddings are kept" in shown
    encoder, ids = Thumbnail(), names(*range(60))
    with EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim) as cache:
        assert len(cache) == 24 and cache.warning is None
        embed_missing(cache, ids, by_one(), encoder, batch=8)
        np.testing.assert_array_equal(cache.matrix(), [Thumbnail.framing(picture(i)) for i in ids])


def embed_with_a_rival(folder: Path, step: int, told: Connection) -> None:
    def load(identity: str) -> Image.Image:
        time.sleep(0.002)
        return picture(identity)

    order = names(*range(80))[::step]
    with EmbeddingCache(folder, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        while True:
            try:
                return embed_missing(cache, order, by_one(load), Thumbnail(), batch=4)
            except CacheLockedError:
                time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_two_processes_on_one_cache_do_not_corrupt_it(tmp_path: Path) -> None:
    rivals = [fork(embed_with_a_rival, tmp_path, step)[0] for step in (1, -1)]
    for rival in rivals:
        rival.join(60)
    assert [rival.exitcode for rival in rivals] == [0, 0]
    encoder, ids = Thumbnail(), names(*range(80))
    cache = EmbeddingCache(tmp_path, encoder.fingerprint, encoder.dim)
    assert len(cache) == 80 and cache.warning is None
    rows = cache.rows(ids)
    assert sorted(rows.tolist()) == list(range(80))
    np.testing.assert_array_equal(
        cache.matrix()[rows], [Thumbnail.framing(picture(i)) for i in ids]
    )


def test_an_encoder_that_fails_and_a_cache_that_is_locked_raise(tmp_path: Path) -> None:
    class Failing(Thumbnail):
        def embed_framed(self, framed: Sequence[Any]) -> NDArray[np.float32]:
            raise RuntimeError("the device is gone")

    with EmbeddingCache(tmp_path, Thumbnail.fingerprint, Thumbnail.dim) as cache:
        with pytest.raises(RuntimeError, match="the device is gone"):
            embed_missing(cache, names(1), by_one(), Failing())
        embed_missing(cache, names(1), by_one(), Thumbnail())
        if sys.platform != "win32":
            other = EmbeddingCache(tmp_path, Thumbnail.fingerprint, Thumbnail.dim)
            with pytest.raises(CacheLockedError):
                embed_missing(other, names(2), by_one(), Thumbnail())
    with pytest.raises(CacheMismatchError, match="not thumbnail-1"):
        embed_missing(EmbeddingCache(tmp_path, "net-1", DIM), names(1), by_one(), Thumbnail())


def embed_slowly(folder: Path, weights: str, told: Connection) -> None:
    def load(identity: str) -> Image.Image:
        time.sleep(0.03)
        return picture(identity)

    embed_with_timm(folder, weights, load)


def embed_with_timm(
    folder: Path, weights: str, load: Callable[[str], Image.Image]
) -> tuple[int, EmbeddingCache]:
    """Embed 96 images with a real network; give the number of rows found and the closed cache."""
    import torch  # some seconds, which the other tests here need not wait for

    from models.encoders.backbones import resolve

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        backbone = resolve(weights, device="cpu")
        with EmbeddingCache(folder, backbone.fingerprint, backbone.dim) as cache:
            found = len(cache)
            embed_missing(
                cache, names(*range(96)), by_one(load, backbone.framing), backbone, batch=8
            )
            return found, cache
    finally:
        torch.set_num_threads(threads)


def test_embedding_killed_midway_and_resumed_gives_the_matrix_of_one_run(tmp_path: Path) -> None:
    import timm
    from timm.models import save_for_hf

    weights = tmp_path / "weights"
    save_for_hf(timm.create_model("test_resnet"), str(weights), safe_serialization=True)
    killed, _ = fork(embed_slowly, tmp_path / "killed", str(weights))
    while not (found := list(tmp_path.glob("killed/*/manifest.json"))):
        assert killed.is_alive()
        time.sleep(0.01)
    fingerprint = found[0].parent.name
    dim = json.loads(found[0].read_text())["dim"]
    while len(EmbeddingCache(tmp_path / "killed", fingerprint, dim)) < 24:
        assert killed.is_alive()
        time.sleep(0.01)
    killed.kill()
    killed.join()
    cache = EmbeddingCache(tmp_path / "killed", fingerprint, dim)
    kept, prefix = len(cache), cache.matrix().copy()
    assert 24 <= kept < 96 and cache.warning is None
    assert cache.rows(names(*range(kept))).tolist() == list(range(kept))

    before, resumed = embed_with_timm(tmp_path / "killed", str(weights), picture)
    assert (before, len(resumed)) == (kept, 96)
    before, whole = embed_with_timm(tmp_path / "whole", str(weights), picture)
    assert (before, len(whole), whole.fingerprint) == (0, 96, fingerprint)
    assert resumed.rows(names(*range(96))).tolist() == list(range(96))
    np.testing.assert_array_equal(resumed.matrix()[:kept], prefix)
    np.testing.assert_array_equal(resumed.matrix(), whole.matrix())
    assert len(np.unique(whole.matrix(), axis=0)) == 96
