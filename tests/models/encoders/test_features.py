"""Features: every part is what the network's own functions give."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf

from models.encoders.backbones import UnknownFeaturesError, resolve
from models.encoders.features import offered, parse, part_weights, read_out


def vit() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=0).eval()


def pixels(side: int = 160) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("weights") / "tiny"
    save_for_hf(timm.create_model("test_resnet"), str(place), safe_serialization=True)
    return place


def test_a_choice_is_read_with_each_part_once() -> None:
    assert parse(None) == parse("pooled") == ("pooled",)
    assert parse(" CLS + mean+cls") == ("cls", "mean")
    assert parse("block-2+block-12") == ("block-2", "block-12")


@pytest.mark.parametrize("wrong", ["block", "block-0", "block-x", "cls,mean", "pooled+", "top"])
def test_what_can_be_no_features_is_refused_with_what_can(wrong: str) -> None:
    with pytest.raises(UnknownFeaturesError, match="use pooled, cls, mean, attention or block-N"):
        parse(wrong)


def test_a_network_offers_what_it_has() -> None:
    assert offered(vit()) == ("pooled", "cls", "mean", *(f"block-{i}" for i in range(1, 7)))
    resnet = timm.create_model("test_resnet", num_classes=0)
    assert offered(resnet) == ("pooled", *(f"block-{i}" for i in range(1, 6)))
    with pytest.raises(UnknownFeaturesError, match=r"tiny has no features 'cls'; it has pooled, b"):
        read_out(resnet, ("cls",), "tiny")
    with torch.device("meta"):
        siglip = timm.create_model("vit_base_patch16_siglip_224", num_classes=0)
    assert "attention" in offered(siglip) and "cls" not in offered(siglip)


@torch.inference_mode()
def test_tokens_and_blocks_are_those_of_the_network_itself() -> None:
    network, batch = vit(), pixels()
    last = network.forward_features(batch)
    inner = network.forward_intermediates(batch, [2], norm=True, intermediates_only=True)[0]
    expected = {
        "pooled": network(batch),
        "cls": last[:, 0],
        "mean": last[:, network.num_prefix_tokens :].mean(1),
        "block-3": inner.mean((2, 3)),
    }
    for part, values in expected.items():
        torch.testing.assert_close(read_out(network, (part,), "vit")(batch), values)


@torch.inference_mode()
def test_attention_pooling_is_the_networks_own() -> None:
    network = timm.create_model("test_vit", num_classes=0, global_pool="map", class_token=False)
    network, batch = network.eval(), pixels()
    given = read_out(network, ("attention",), "vit")(batch)
    torch.testing.assert_close(given, network.attn_pool(network.forward_features(batch)))


@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "test_convnext", "mobilenetv2_035"])
@torch.inference_mode()
def test_parts_side_by_side_are_each_of_length_one(name: str) -> None:
    network = timm.create_model(name, num_classes=0).eval()
    single = [read_out(network, (part,), name)(pixels()) for part in ("block-2", "pooled")]
    both = read_out(network, ("block-2", "pooled"), name)(pixels())
    wanted = [torch.nn.functional.normalize(values) for values in single]
    torch.testing.assert_close(both, torch.cat(wanted, dim=1), rtol=1e-4, atol=1e-5)


def test_features_are_part_of_the_fingerprint_and_the_default_is_not(folder: Path) -> None:
    plain = resolve(str(folder), device="cpu")
    assert resolve(str(folder), features="pooled", device="cpu").fingerprint == plain.fingerprint
    block = resolve(str(folder), features="block-2", device="cpu")
    both = resolve(str(folder), features="block-2+pooled", device="cpu")
    assert len({plain.fingerprint, block.fingerprint, both.fingerprint}) == 3
    rows = both.embed([Image.new("RGB", (40, 30), "red")])
    assert rows.shape == (1, block.dim + plain.dim)
    assert both.widths == (block.dim, plain.dim) and plain.widths == (plain.dim,)
    np.testing.assert_allclose(np.linalg.norm(rows), np.sqrt(2), rtol=1e-5)
    assert not any(p.requires_grad for p in both.model.parameters())
    assert not any(module.training for module in both.model.modules())


def test_features_that_a_backbone_lacks_are_an_error_and_no_damaged_file(folder: Path) -> None:
    with pytest.raises(UnknownFeaturesError, match="tiny has no features 'cls'"):
        resolve(str(folder), features="cls", device="cpu")


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("pooled", (1.0,)),
        ("block-4+pooled", (0.5, 1.0)),
        ("block-2+block-4", (1.0, 1.0)),
        ("cls+mean", (1.0, 1.0)),
    ],
)
def test_blocks_count_half_beside_others(features: str, expected: tuple[float, ...]) -> None:
    assert part_weights(parse(features)) == expected
