"""Speeds: a real network is timed without its weights and without a network."""

import socket
from pathlib import Path

import pytest
import timm
from timm.models import save_for_hf

from labeling.embedding.speeds import Speeds, decoding_seconds, pool_seconds
from labeling.project.project import open_project
from models.encoders.backbones import ENCODERS
from models.encoders.speed import blank, features_of, measure, speed_of


def test_a_catalogue_network_is_timed_with_random_weights_and_no_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    backbone = blank("mobilenetv4_conv_small", device="cpu")
    entry = ENCODERS["mobilenetv4_conv_small"]
    assert (backbone.dim, backbone.framing.size) == (entry.dim, (entry.input_size,) * 2)
    assert measure(backbone, seconds=0.2) > 1


def test_a_network_of_fixed_size_is_timed_at_the_size_it_is_used_at() -> None:
    assert blank("dinov2_small", device="cpu").framing.size == (224, 224)


def test_a_folder_is_timed_as_it_is_and_tells_its_features(tmp_path: Path) -> None:
    save_for_hf(timm.create_model("test_resnet"), str(tmp_path / "w"), safe_serialization=True)
    assert speed_of(str(tmp_path / "w"), device="cpu") > 0
    assert features_of(str(tmp_path / "w"))[:2] == ("pooled", "block-1")
    assert features_of("dinov2_small")[:3] == ("pooled", "cls", "mean")
    assert "attention" in features_of("siglip_base")


def test_speeds_are_kept_and_what_cannot_be_timed_is_named(own_home: Path) -> None:
    speeds = Speeds()
    speeds.measure("image", ["bundled", "no_such_network"])
    speeds.wait(60)
    rate = speeds.rate("image", "bundled")
    assert rate is not None and rate > 0 and not speeds.busy
    assert ("image", "no_such_network") in speeds.problems
    assert speeds.rate("image", "no_such_network") is None
    assert Speeds().rate("image", "bundled") == rate


def test_the_pools_time_is_that_of_the_slower_of_decoding_and_computing(
    pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert pool_seconds(1000, rate=100, decoding=0.002) == pytest.approx(10)
    assert pool_seconds(1000, rate=100, decoding=0.2) == pytest.approx(100)
    project = open_project(pool, tmp_path / "p")
    assert decoding_seconds(project) < 1  # nothing is scanned yet
    project.close()
