"""Contract of FAMILIES and of the encoders that are offered by name, for every medium."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.encoders.backbones import UnknownBackboneError, resolve
from models.encoders.catalogue import BUNDLED, DEFAULTS, ENCODERS, catalogue, rank
from models.encoders.families import FAMILIES

PIXELS = np.random.default_rng(0).integers(0, 255, (6, 96, 96, 3), dtype=np.uint8)
FRAMED = {"image": list(PIXELS), "text": ["a", "a long day", "", "我", "b c d", "a"]}


def test_every_medium_has_a_family_a_catalogue_and_defaults() -> None:
    assert set(FAMILIES) == set(DEFAULTS) == {one.medium for one in ENCODERS.values()}
    for medium in FAMILIES:
        assert sum(one.is_bundled for one in catalogue(medium).values()) == 1
        assert [rank(name, medium) for name in catalogue(medium)] == [
            *range(len(catalogue(medium)))
        ]
        assert rank(None, medium) == rank(BUNDLED, medium)


def test_families_can_be_listed_without_loading_torch() -> None:
    code = "import sys, models.encoders.families, models.encoders.catalogue; print(*sys.modules)"
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert not {"torch", "timm", "transformers", "scipy"} & set(run.stdout.decode().split())


@pytest.mark.parametrize("medium", FAMILIES)
def test_the_bundled_one_embeds_framed_samples_and_so_does_its_untrained_twin(medium: str) -> None:
    family, framed = FAMILIES[medium], FRAMED[medium]
    for encoder in (resolve(medium=medium, device="cpu"), resolve("bundled", medium=medium)):
        rows = encoder.embed_framed(framed)
        assert rows.dtype == np.float32 and rows.shape == (6, encoder.dim)
        assert np.isfinite(rows).all()
        assert encoder.dim == catalogue(medium)[BUNDLED].dim == sum(encoder.widths)
        assert encoder.source == "bundled" and encoder.name in encoder.why
        assert encoder.embed_framed([]).shape == (0, encoder.dim)
    other = family.embed_untrained(family.untrained(encoder), framed)
    assert other.shape == rows.shape and not np.allclose(other, rows)
    assert "pooled" in family.features_of(BUNDLED)


@pytest.mark.parametrize("medium", FAMILIES)
def test_an_unknown_name_is_met_with_those_there_are(medium: str) -> None:
    with pytest.raises(UnknownBackboneError, match=r"use one of|did you mean"):
        resolve("no_such_encoder", medium=medium, device="cpu")


@pytest.mark.parametrize("name", [name for name in catalogue("text") if name != BUNDLED])
def test_a_text_encoder_without_a_hub_falls_back(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    taken = resolve(name, medium="text", device="cpu")
    assert taken.source == "bundled" and taken.why.startswith(f"{name}: ")
