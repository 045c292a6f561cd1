"""Backbones: which weights are taken and why, and what comes out of them."""

import hashlib
import http.server
import io
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import huggingface_hub as hub
import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from timm.models import get_pretrained_cfg, save_for_hf

import models.encoders.hub
from labeling.media.image import load_image
from models.encoders import backbones
from models.encoders.backbones import ENCODERS, WEIGHTS_DIR, Backbone, Halving, resolve
from models.encoders.catalogue import DEFAULTS, DEVICES, catalogue, suggest
from models.encoders.device import pick_device
from models.encoders.pixels import to_rgb
from models.encoders.timm_names import timm_name_of

TIMM_NAME = "test_resnet.r160_in1k"


def photo(seed: int, size: tuple[int, int] = (90, 70)) -> Image.Image:
    """Smooth random colours, so that resizing leaves something to see."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real timm network of 0.4 M parameters in a local-dir folder, random but seeded."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    save_for_hf(timm.create_model("test_resnet"), str(folder), safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def backbone(tiny: Path) -> Backbone:
    return resolve(str(tiny), device="cpu")


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty local cache, and a hub at a port where nobody listens; gives the cache."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    return cache


@pytest.fixture
def bundle(tiny: Path, tmp_path: Path) -> Path:
    """A weights folder as the app has it, with the tiny network as the bundled one."""
    shutil.copytree(tiny, tmp_path / "bundle" / "hone_tiny")
    return tmp_path / "bundle"


def put_in_cache(cache: Path, weights: Path) -> Path:
    """Lay weights into the hub's cache as a download would; gives the file."""
    repository = cache / f"models--timm--{TIMM_NAME}"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    return Path(shutil.copy(weights / "model.safetensors", snapshot))


# The bundled backbone


@pytest.mark.skipif(
    not any(WEIGHTS_DIR.glob("*/config.json")) and os.environ.get("CI") != "true",
    reason="models/weights holds no backbone yet",
)
def test_the_bundled_backbone_loads_and_embeds_without_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the bundled backbone asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    bundled = resolve(device="cpu")
    entry = ENCODERS["bundled"]
    assert bundled.source == "bundled" and bundled.name in bundled.why
    assert bundled.fingerprint.startswith(f"{entry.model}-")
    assert (bundled.dim, *bundled.framing.size) == (entry.dim, entry.input_size, entry.input_size)
    assert bundled.embed([photo(0)]).shape == (1, bundled.dim)
    assert resolve("bundled", device="cpu").fingerprint == bundled.fingerprint


def test_an_installation_without_weights_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(backbones.BackboneNotFoundError, match="install Hone again"):
        resolve(weights_dir=tmp_path)


# Embedding


def test_embeddings_are_finite_float32_rows_and_the_same_each_time(
    backbone: Backbone, tiny: Path
) -> None:
    images = [photo(seed) for seed in range(3)]
    rows = backbone.embed(images)
    assert rows.shape == (3, backbone.dim) and rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert len(np.unique(rows.round(6), axis=0)) == 3
    np.testing.assert_array_equal(rows, backbone.embed(images))
    np.testing.assert_array_equal(rows, resolve(str(tiny), device="cpu").embed(images))


def test_an_image_alone_gets_the_embedding_it_gets_in_a_batch_of_eight(backbone: Backbone) -> None:
    images = [photo(seed) for seed in range(8)]
    together = backbone.embed(images)
    alone = np.concatenate([backbone.embed([image]) for image in images])
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)


def test_no_images_give_no_rows(backbone: Backbone) -> None:
    assert backbone.embed([]).shape == (0, backbone.dim)


def test_the_network_is_in_evaluation_mode_and_frozen(backbone: Backbone) -> None:
    before = {key: value.clone() for key, value in backbone.model.state_dict().items()}
    backbone.embed([photo(seed) for seed in range(4)])
    assert not any(module.training for module in backbone.model.modules())
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert all(value.equal(before[key]) for key, value in backbone.model.state_dict().items())


def test_pixels_reach_the_network_as_timm_itself_would_send_them(backbone: Backbone) -> None:
    image = photo(1, (300, 200))
    config = cast(Any, resolve_data_config)(model=backbone.model)
    with torch.inference_mode():
        peer = backbone.model(create_transform(**config)(image)[None]).numpy()
    np.testing.assert_allclose(backbone.embed([image]), peer, rtol=1e-4, atol=1e-5)


def test_half_precision_stays_near_and_an_overflow_is_computed_again(backbone: Backbone) -> None:
    images = [photo(seed) for seed in range(3)]
    full = backbone.embed(images)
    near = replace(backbone, half=torch.bfloat16).embed(images)
    cosines = (near * full).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(full, axis=1)
    assert (cosines > 0.99).all() and not np.array_equal(near, full)

    class Overflowing(torch.nn.Module):
        """In half precision, as a sum past 65504 does; in float32 all is well."""

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return (pixels.mean((2, 3)) + 10) @ (torch.eye(3) * 1e5)

    big = replace(backbone, model=Overflowing(), widths=(3,), half=torch.float16)
    np.testing.assert_array_equal(big.embed(images), replace(big, half=None).embed(images))


def test_an_embedding_that_is_not_finite_is_an_error_that_names_the_image(
    backbone: Backbone,
) -> None:
    class Dividing(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return 1 / (pixels - pixels[:, :, :1, :1]).abs().sum((2, 3))

    broken = replace(backbone, model=Dividing(), widths=(3,))
    with pytest.raises(backbones.EmbeddingError, match=r"\[1\]"):
        broken.embed([photo(0), Image.new("RGB", (50, 50), "red")])


def test_out_of_memory_halves_the_batch_and_remembers_the_size() -> None:
    sizes: list[int] = []

    def forward(part: torch.Tensor) -> torch.Tensor:
        sizes.append(len(part))
        if len(part) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return part * 2

    parts, batch = Halving(), torch.arange(14)
    assert parts(forward, batch).equal(batch * 2)
    assert sizes == [14, 7, 3, 3, 3, 3, 2]
    sizes.clear()
    assert parts(forward, batch).equal(batch * 2)
    assert sizes == [3, 3, 3, 3, 2]


def test_one_image_that_is_too_much_for_the_memory_raises() -> None:
    def forward(part: torch.Tensor) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.cuda.OutOfMemoryError):
        Halving()(forward, torch.arange(5))


def test_a_photo_decoded_small_gets_nearly_the_embedding_of_the_whole() -> None:
    bundled = resolve("bundled", device="cpu")
    for seed in range(4):
        grain = np.random.default_rng(seed).normal(0, 12, (600, 800, 3))
        pixels = np.asarray(photo(seed, (800, 600)), float) + grain
        buffer = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
        sizes = [load_image(buffer.getvalue(), "a", least=n) for n in (0, bundled.framing.least)]
        assert [image.size for image in sizes] == [(800, 600), (200, 150)]
        whole, small = bundled.embed(sizes)
        assert whole @ small / np.linalg.norm(whole) / np.linalg.norm(small) > 0.98


# Images of every mode


def test_transparent_images_lie_on_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.info["transparency"] = bytes([255, 0])
    for image in (clear, palette, Image.new("LA", (8, 8), (0, 0))):
        assert to_rgb(image).getpixel((4, 4)) == (255, 255, 255)
    assert to_rgb(Image.new("RGBA", (8, 8), (255, 0, 0, 128))).getpixel((0, 0)) == (255, 127, 127)


def test_deep_grey_is_scaled_to_its_depth() -> None:
    for top in (255, 1023, 4095, 65535):
        ramp = np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)
        grey = np.asarray(to_rgb(Image.fromarray(ramp)))[..., 0]
        np.testing.assert_allclose(grey, ramp / top * 255, atol=0.51)
    floats = Image.fromarray(np.array([[-1, 0], [np.nan, 1]], np.float32))
    assert np.asarray(to_rgb(floats))[..., 0].tolist() == [[0, 128], [0, 255]]


GREY = ["1", "L", "LA", "I", "I;16", "F"]


@pytest.mark.parametrize("mode", [*GREY, "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_an_image_of_any_mode_gets_nearly_the_embedding_of_its_rgb_twin(
    backbone: Backbone, mode: str
) -> None:
    image = photo(5).convert("L") if mode in GREY else photo(5)
    twin = image.convert("1") if mode == "1" else image
    if mode == "I;16":
        other = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    else:
        other = image.convert(mode)
    row, expected = backbone.embed([other])[0], backbone.embed([twin.convert("RGB")])[0]
    assert other.mode == mode and to_rgb(other).mode == "RGB"
    assert row @ expected / np.linalg.norm(row) / np.linalg.norm(expected) > 0.98


# Fingerprints


def test_the_fingerprint_is_a_folder_name_and_follows_weights_and_preprocessing(
    backbone: Backbone, tiny: Path, tmp_path: Path
) -> None:
    assert backbone.fingerprint.startswith("test_resnet-")
    assert len(backbone.fingerprint.removeprefix("test_resnet-")) == 16
    seen = {backbone.fingerprint}
    changes = {"mean": [0.1] * 3, "std": [0.4] * 3, "crop_pct": 0.5, "interpolation": "nearest",
               "input_size": [3, 96, 96], "crop_mode": "squash"}  # fmt: skip
    for key, value in changes.items():
        other = shutil.copytree(tiny, tmp_path / key)
        config = json.loads((other / "config.json").read_text())
        config["pretrained_cfg"][key] = value
        (other / "config.json").write_text(json.dumps(config))
        seen.add(resolve(str(other), device="cpu").fingerprint)
    assert len(seen) == 1 + len(changes)

    other = tmp_path / "weights"
    torch.manual_seed(1)
    save_for_hf(timm.create_model("test_resnet"), str(other), safe_serialization=True)
    assert resolve(str(other), device="cpu").fingerprint not in seen


def test_the_same_weights_in_another_folder_have_the_same_fingerprint(
    backbone: Backbone, tiny: Path, tmp_path: Path
) -> None:
    twin = shutil.copytree(tiny, tmp_path / "elsewhere")
    assert resolve(f"local-dir:{twin}", device="cpu").fingerprint == backbone.fingerprint


# Where the weights come from


def test_a_named_folder_comes_first_and_the_screen_is_told(tiny: Path) -> None:
    for name in (str(tiny), f"local-dir:{tiny}"):
        taken = resolve(name, device="cpu")
        assert (taken.name, taken.source) == ("tiny", "path")
        assert "given folder" in taken.why


def test_the_local_cache_comes_before_the_hub(no_hub: Path, tiny: Path, bundle: Path) -> None:
    put_in_cache(no_hub, tiny)
    taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert (taken.name, taken.source) == (TIMM_NAME, "cache")
    assert "local cache" in taken.why


def test_a_hub_with_a_closed_port_falls_back_to_the_bundled_backbone(
    no_hub: Path, bundle: Path
) -> None:
    taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert (taken.name, taken.source) == ("hone_tiny", "bundled")
    assert taken.why.startswith(f"{TIMM_NAME}: the hub at 127.0.0.1:")
    assert "cannot be reached" in taken.why
    assert taken.why.endswith("and it is not in the local cache; using the bundled hone_tiny")


def test_a_hub_that_is_switched_off_is_not_asked(
    no_hub: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert "the hub is switched off (HF_HUB_OFFLINE)" in taken.why


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "dripping"])
def test_a_hub_that_never_answers_falls_back_in_time(
    no_hub: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, drip: bool
) -> None:
    done, given_up = threading.Event(), threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:  # a byte now and then keeps a client's own timeout from striking
            for _ in range(300):
                if done.wait(0.1):
                    return
                if drip:
                    connection.send(b"H")
        given_up.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle, timeout=0.6)
        assert not given_up.is_set()  # left to itself, timm tries for 47 s
        done.set()
        thread.join()
    assert taken.source == "bundled"
    assert "the hub did not answer within 0.6 s" in taken.why


@contextmanager
def serving(
    body: bytes, status: int = 200, *, announced: bytes | None = None, cut: int | None = None,
    pause: threading.Event | None = None,
) -> Iterator[str]:  # fmt: skip
    """A hub on this machine that has one file.

    It announces the hash of other bytes than it sends, or cuts the file off. In a pause nothing
    comes after the first half, until its event or for half a minute.
    """
    digest = hashlib.sha256(announced or body).hexdigest()

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            right = self.path == f"/timm/{TIMM_NAME}/resolve/main/model.safetensors"
            self.send_response(status if right or "0000" in self.path else 404)
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{digest}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            half = len(body) // 2 if pause else 0
            self.wfile.write(body[:half])
            self.wfile.flush()
            if pause:
                pause.wait(30.0)
            with suppress(OSError):  # nobody listens any more
                self.wfile.write(body[half:cut])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        if pause:
            pause.set()
        server.shutdown()


def test_a_hub_that_answers_gives_weights_that_are_in_the_cache_from_then_on(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = (tiny / "model.safetensors").read_bytes()
    with serving(weights) as endpoint, monkeypatch.context() as patch:
        patch.setenv("HF_ENDPOINT", endpoint)
        first = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert (first.source, "downloaded from the hub" in first.why) == ("hub", True)
    second = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert second.source == "cache"
    assert second.fingerprint == first.fingerprint


def test_a_hub_that_refuses_falls_back_with_its_status(
    no_hub: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"", status=404) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert "the hub refused it (status 404)" in taken.why


def test_a_damaged_copy_in_the_cache_is_downloaded_again(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_cache(no_hub, tiny).write_bytes(b"not weights")
    taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert "its copy in the local cache is damaged; using the bundled" in taken.why
    with serving((tiny / "model.safetensors").read_bytes()) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert taken.source == "hub", taken.why


def test_weights_from_a_hub_that_cannot_be_used_fall_back(
    no_hub: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"<html>please log in</html>") as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert "the hub's weights cannot be used" in taken.why


def test_a_file_that_is_not_what_the_hub_announced_is_thrown_away(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = (tiny / "model.safetensors").read_bytes()
    other = weights[:-4] + b"\0\0\0\1"  # loads as well as the right one
    with serving(other, announced=weights) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert taken.source == "bundled"
    assert "is not the one that the hub announced (different SHA-256)" in taken.why
    assert not [file for file in no_hub.rglob("*") if file.is_file() and file.stat().st_size > 1000]
    with serving(weights) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert resolve(TIMM_NAME, device="cpu", weights_dir=bundle).source == "hub"


def test_a_truncated_file_is_no_hang_and_no_backbone(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Left to itself, the client would begin again for ever, and this test would not end.
    monkeypatch.setattr(models.encoders.hub, "STALL", 0.5)
    weights = (tiny / "model.safetensors").read_bytes()
    with serving(weights, cut=len(weights) // 3) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle)
    assert taken.source == "bundled"
    assert "the download broke off (" in taken.why or "stood still for 0.5 s after" in taken.why
    assert taken.why.endswith("and it is not in the local cache; using the bundled hone_tiny")


def test_a_hub_that_falls_silent_midway_is_not_waited_for(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.encoders.hub, "STALL", 0.5)
    seen: list[tuple[int, int]] = []
    weights = (tiny / "model.safetensors").read_bytes()
    with serving(weights, pause=threading.Event()) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(
            TIMM_NAME, device="cpu", weights_dir=bundle, loaded=lambda *at: seen.append(at)
        )
    assert taken.source == "bundled"  # else it has waited until the hub went on
    assert "the download stood still for 0.5 s after" in taken.why


def test_a_download_tells_how_far_it_is(
    no_hub: Path, tiny: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    told = threading.Event()

    def loaded(done: int, total: int) -> None:
        seen.append((done, total))
        told.set()  # the hub goes on

    weights = (tiny / "model.safetensors").read_bytes()
    with serving(weights, pause=told) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        taken = resolve(TIMM_NAME, device="cpu", weights_dir=bundle, loaded=loaded)
    assert taken.source == "hub"
    assert seen and seen == sorted(seen)
    assert all(0 < done <= total == len(weights) for done, total in seen)


# Errors


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("mobilenetv4_conv_smal", "mobilenetv4_conv_small"), ("test_resnet.nobody", TIMM_NAME),
     ("qqqq", "use one of bundled")],
)  # fmt: skip
def test_a_wrong_name_is_named_with_what_is_near(no_hub: Path, wrong: str, near: str) -> None:
    with pytest.raises(backbones.UnknownBackboneError) as caught:
        resolve(wrong, device="cpu")
    assert wrong in str(caught.value) and near in str(caught.value)


def test_a_missing_folder_or_file_is_named(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(backbones.BackboneNotFoundError, match=r"no folder .*nowhere"):
        resolve(str(tmp_path / "nowhere"), device="cpu")
    shutil.copy(tiny / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(backbones.BackboneNotFoundError, match=r"no model\.safetensors.*pickled"):
        resolve(str(tmp_path), device="cpu")


@pytest.mark.parametrize("damage", ["cut short", "no weights at all", "a tensor missing", "a NaN"])
def test_a_damaged_file_in_a_named_folder_is_an_error_that_names_it(
    tiny: Path, tmp_path: Path, damage: str
) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny, tmp_path / "damaged")
    file = folder / "model.safetensors"
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[:-1000])
    elif damage == "no weights at all":
        file.write_bytes(b"")
    else:
        tensors = load_file(file)
        key = next(key for key in tensors if key.endswith("weight"))
        if damage == "a NaN":
            tensors[key].flatten()[0] = torch.nan
        else:
            del tensors[key]
        save_file(tensors, file)
    with pytest.raises(backbones.DamagedWeightsError, match=r"damaged.model\.safetensors"):
        resolve(str(folder), device="cpu")


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_config_is_an_error_that_names_it(tiny: Path, tmp_path: Path, text: str) -> None:
    folder = shutil.copytree(tiny, tmp_path / "damaged")
    (folder / "config.json").write_text(text)
    with pytest.raises(backbones.DamagedWeightsError, match=r"damaged.config\.json"):
        resolve(str(folder), device="cpu")


def test_a_config_with_an_unknown_architecture_says_so(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "future")
    (folder / "config.json").write_text(json.dumps({"architecture": "resnet_of_2040"}))
    with pytest.raises(backbones.UnknownBackboneError, match="resnet_of_2040"):
        resolve(str(folder), device="cpu")


def test_the_device_is_the_argument_then_the_environment_then_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HONE_DEVICE", raising=False)
    assert pick_device() in ("cuda", "mps", "cpu")
    monkeypatch.setenv("HONE_DEVICE", "abacus")
    assert pick_device("cpu") == "cpu"
    with pytest.raises(backbones.BackboneError, match="'abacus' is not available; use one of"):
        pick_device()


# The default


def test_the_default_follows_from_device_and_size_and_says_so() -> None:
    assert suggest("cpu", 620)[0] == "mobilenetv4_conv_small"
    assert suggest("cpu", 50_000)[0] == "bundled"
    assert suggest("cuda:1", 620)[0] != suggest("cuda", 10_000_000)[0]
    for medium, defaults in DEFAULTS.items():
        for device in defaults:
            for samples in (1, 10_000, 10**9):
                name, why = suggest(device, samples, medium)
                assert name in catalogue(medium) and DEVICES[device] in why
                assert f"{samples:,}" in why and f"{medium}s" in why


# The catalogue


@pytest.mark.parametrize("name", catalogue("image"))
def test_a_catalogue_entry_tells_the_truth_about_its_network(name: str) -> None:
    entry = ENCODERS[name]
    config = get_pretrained_cfg(entry.model)
    assert config is not None
    size: dict[str, Any] = {"img_size": entry.input_size} if config.fixed_input_size else {}
    with torch.device("meta"), torch.inference_mode():  # shapes only: nothing is downloaded
        model: Any = timm.create_model(entry.model, **size).eval()
        model.reset_classifier(0)
        width = model(torch.zeros(1, 3, entry.input_size, entry.input_size)).shape[1]
    assert width == entry.dim
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(
        entry.params_m, abs=0.1
    )
    if name != "bundled":
        assert entry.licence.lower() == config.license
        assert timm_name_of(name) == (entry.model, entry.input_size)


@pytest.mark.parametrize("name", [name for name in catalogue("image") if name != "bundled"])
def test_a_catalogue_entry_without_a_hub_falls_back(name: str, no_hub: Path, bundle: Path) -> None:
    taken = resolve(name, device="cpu", weights_dir=bundle)
    assert taken.source == "bundled" and taken.why.startswith(f"{name}: ")
    assert taken.why.endswith("using the bundled hone_tiny")


def test_an_error_without_words_is_shown_by_its_type(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wordless(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(timm, "create_model", wordless)  # as timm before 1.0.26 did for a folder
    with pytest.raises(backbones.DamagedWeightsError, match="cannot be loaded: AssertionError"):
        resolve(str(tiny), device="cpu")
