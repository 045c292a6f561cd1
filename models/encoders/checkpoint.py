"""A checkpoint: one file of weights, loaded into the network of its name or config."""

import json
from pathlib import Path
from typing import Any, cast

import timm
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from models.encoders.errors import BackboneNotFoundError, DamagedWeightsError, UnknownBackboneError

PICKLES = {".pth", ".pt", ".bin", ".ckpt", ".pkl", ".tar"}
CONVERT = "save_file(torch.load(FILE, weights_only=True), NEW) from safetensors.torch"


def is_checkpoint(name: str) -> bool:
    """Whether a name means a file of weights, or `architecture=file`."""
    return "=" in name or Path(name).suffix.lower() in {".safetensors", *PICKLES}


def find_checkpoint(name: str) -> tuple[Path, str, dict[str, Any]]:
    """The file, its architecture and its config.json, from `file` or `architecture=file`.

    Raises BackboneNotFoundError or UnknownBackboneError with the remedy.
    """
    architecture, _, path = name.rpartition("=")
    file = Path(path).expanduser()
    if not file.is_file():
        raise BackboneNotFoundError(f"there is no file {file}; name an existing checkpoint")
    if file.suffix.lower() != ".safetensors":
        raise BackboneNotFoundError(
            f"{file} is not a .safetensors file, and pickled weights are not read: they can "
            f"contain programs; if you trust it, make one with {CONVERT}"
        )
    config: dict[str, Any] = {}
    beside = file.parent / "config.json"
    if not architecture and beside.is_file():
        config = json.loads(beside.read_text("utf-8"))
        architecture = str(config.get("architecture", ""))
    if not architecture:
        raise UnknownBackboneError(
            f"{file} does not name its network; put timm's name for it in front, such "
            f"as resnet50={file}"
        )
    if not timm.is_model(architecture):
        raise UnknownBackboneError(
            f"{architecture!r} is not a network that timm ({timm.__version__}) knows"
        )
    return file, architecture, config


def load_checkpoint(file: Path, architecture: str, config: dict[str, Any]) -> nn.Module:
    """The network without its classifier, with the file's weights, every tensor in its place.

    A classifier in the file is dropped, so any number of classes is fine. Raises
    DamagedWeightsError with the file and the first tensor that does not fit.
    """
    more: dict[str, Any] = dict(config.get("model_args") or {})
    if config.get("pretrained_cfg"):
        more["pretrained_cfg_overlay"] = config["pretrained_cfg"]
    try:
        tensors = load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedWeightsError(f"{file} cannot be read ({error}); get the file again") from error
    model: nn.Module = timm.create_model(architecture, pretrained=False, num_classes=0, **more)
    wanted = model.state_dict()
    heads = cast(Any, model).pretrained_cfg.get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    tensors = {k: v for k, v in tensors.items() if k in wanted or not _is_of(k, heads)}
    if (trouble := _misfit(tensors, wanted)) is not None:
        raise DamagedWeightsError(f"{file} is not a checkpoint of {architecture}: {trouble}")
    model.load_state_dict(tensors)
    return model


def _is_of(key: str, heads: tuple[str, ...]) -> bool:
    return any(key.startswith(f"{head}.") for head in heads)


def _misfit(given: dict[str, Tensor], wanted: dict[str, Tensor]) -> str | None:
    """The first difference between the tensors and those of the network."""
    if not given.keys() & wanted.keys():
        return f"it holds none of its layers (it begins with {next(iter(given), 'nothing')})"
    for key, tensor in wanted.items():
        if key not in given:
            return f"{key} is not in it"
        if given[key].shape != tensor.shape:
            return f"{key} is {_size(given[key])} in it, and {_size(tensor)} in the network"
    more = next((key for key in given if key not in wanted), None)
    return None if more is None else f"it has {more}, which the network does not have"


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) if tensor.ndim else "one number"
