"""Speed: the texts per second of an encoder on this machine, without its weights."""

from typing import Any

import torch

from models.encoders.backbones import resolve
from models.encoders.catalogue import ENCODERS, CatalogueEntry
from models.encoders.device import pick_device
from models.encoders.features import POOLED, parse
from models.encoders.pace import pace
from models.encoders.text_networks import OWN, TextSettings, Transformer, offered

TOKENS = 64  # of the text that is timed: a few sentences
SMALL_BATCH = 8
SECONDS = 2.0
VOCABULARY = 1000  # of the blank one: looking a vector up takes no time


def speed_of(name: str, features: str | None = None, device: str | None = None) -> float:
    """Texts of some sentences per second, of a name as `resolve` takes it, in about 2.5 seconds.

    Only a folder is read; weights that may need a download are random instead.
    """
    entry = ENCODERS.get(name)
    if entry is not None and not entry.is_bundled:
        return _timed(_blank(entry, features), pick_device(device))
    encoder = resolve(name, medium="text", features=features, device=device)
    texts = ["a few words of a text that is timed, again and again; " * 5] * SMALL_BATCH
    warms_up = encoder.device != "cpu"
    return pace(lambda: encoder.embed_framed(texts), SMALL_BATCH, SECONDS, warms_up=warms_up)


def features_of(name: str) -> tuple[str, ...]:
    """The features that a name, as `resolve` takes it, offers; nothing is downloaded."""
    entry = ENCODERS.get(name)
    if entry is not None and not entry.is_bundled and entry.medium == "text":
        return offered(entry.shape[1])
    model: Any = resolve(name, medium="text", device="cpu").model  # type: ignore[attr-defined]
    if not isinstance(model, Transformer):
        return (POOLED,)
    return offered(int(model.model.config.num_hidden_layers))


def _blank(entry: CatalogueEntry, features: str | None) -> Transformer:
    """An encoder of the catalogue with random weights and few words: as fast, but not loaded."""
    from transformers import AutoConfig, AutoModel

    kind, layers = entry.shape
    config = AutoConfig.for_model(
        kind,
        hidden_size=entry.dim,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=1152 if kind == "modernbert" else 4 * entry.dim,
        vocab_size=VOCABULARY,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        cls_token_id=1,
        sep_token_id=2,
    )
    settings = TextSettings(kind, entry.input_size, entry.prefix, "mean", False, ())
    model = AutoModel.from_config(config).eval()  # type: ignore[no-untyped-call]
    return Transformer(model, parse(features), settings)


def _timed(network: Transformer, device: str) -> float:
    network = network.to(device)
    ids = torch.randint(3, VOCABULARY, (SMALL_BATCH, TOKENS)).to(device)
    kinds = torch.full_like(ids, OWN)

    def forward() -> None:
        with torch.inference_mode():
            network(ids, kinds).cpu()  # only now is a GPU done

    return pace(forward, SMALL_BATCH, SECONDS, warms_up=device != "cpu")
