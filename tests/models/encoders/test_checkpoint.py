"""Checkpoints: one file, its architecture, and what does not fit."""

import json
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from models.encoders.backbones import (
    BackboneNotFoundError,
    DamagedWeightsError,
    UnknownBackboneError,
    resolve,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A network with a classifier of five classes, as somebody's own training leaves it."""
    torch.manual_seed(0)
    place = tmp_path / "mine.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=5).state_dict(), place)
    return place


def test_a_file_and_its_architecture_make_a_backbone_whatever_its_classes(file: Path) -> None:
    backbone = resolve(f"test_resnet={file}", device="cpu")
    assert (backbone.name, backbone.source) == ("mine", "path")
    assert "mine.safetensors: taken from the given file" in backbone.why
    assert backbone.embed([Image.new("RGB", (50, 40), "red")]).shape == (1, backbone.dim)
    assert backbone.fingerprint.startswith("test_resnet-")


def test_a_config_beside_the_file_tells_the_architecture_and_the_preprocessing(file: Path) -> None:
    bare = resolve(f"test_resnet={file}", device="cpu")
    config = {"architecture": "test_resnet", "pretrained_cfg": {"input_size": [3, 64, 64]}}
    (file.parent / "config.json").write_text(json.dumps(config))
    backbone = resolve(str(file), device="cpu")
    assert backbone.framing.size == (64, 64)
    assert backbone.fingerprint != bare.fingerprint  # the same weights, other preprocessing


def test_a_file_alone_asks_for_its_architecture(file: Path) -> None:
    with pytest.raises(UnknownBackboneError, match=r"such as resnet50=.*mine\.safetensors"):
        resolve(str(file), device="cpu")
    with pytest.raises(UnknownBackboneError, match="'resnet_of_nobody' is not a network that timm"):
        resolve(f"resnet_of_nobody={file}", device="cpu")


def test_a_checkpoint_of_another_size_names_the_tensor_and_both_sizes(file: Path) -> None:
    with pytest.raises(DamagedWeightsError) as caught:
        resolve(f"mobilenetv2_035={file}", device="cpu")
    assert "mine.safetensors is not a checkpoint of mobilenetv2_035" in str(caught.value)
    wide = timm.create_model("mobilenetv2_050").state_dict()
    save_file(wide, file)
    with pytest.raises(DamagedWeightsError, match=r"\S+ is \d+(×\d+)* in it, and \d+(×\d+)* in"):
        resolve(f"mobilenetv2_035={file}", device="cpu")


def test_a_checkpoint_that_is_not_of_images_is_said_to_have_none_of_the_layers(file: Path) -> None:
    save_file({"bert.embeddings.word_embeddings.weight": torch.zeros(30, 8)}, file)
    with pytest.raises(DamagedWeightsError, match=r"none of its layers \(it begins with bert\."):
        resolve(f"test_resnet={file}", device="cpu")


def test_a_layer_too_few_or_too_many_is_named(file: Path) -> None:
    state = timm.create_model("test_resnet").state_dict()
    save_file({key: value for key, value in state.items() if key != "conv1.0.weight"}, file)
    with pytest.raises(DamagedWeightsError, match=r"conv1\.0\.weight is not in it"):
        resolve(f"test_resnet={file}", device="cpu")
    save_file(state | {"extra.weight": torch.zeros(2)}, file)
    with pytest.raises(DamagedWeightsError, match=r"it has extra\.weight, which the network does"):
        resolve(f"test_resnet={file}", device="cpu")


def test_pickles_and_files_that_are_not_there_are_refused_with_the_mend(file: Path) -> None:
    pickled = file.with_suffix(".pth")
    pickled.write_bytes(b"a pickle")
    with pytest.raises(BackboneNotFoundError, match=r"pickled weights are not read.*save_file"):
        resolve(f"test_resnet={pickled}", device="cpu")
    with pytest.raises(BackboneNotFoundError, match="there is no file"):
        resolve("test_resnet=/nowhere/a.safetensors", device="cpu")
    file.write_bytes(b"<html>please log in</html>")
    with pytest.raises(DamagedWeightsError, match="cannot be read"):
        resolve(f"test_resnet={file}", device="cpu")
