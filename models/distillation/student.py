"""The student: its initial weights, and its folder of weights at the end."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.distillation.files import write_whole
from models.distillation.pruning import absorb_statistics, prune
from models.distillation.recipe import DistillError


def start_student(
    teacher: nn.Module,
    name: str,
    args: dict[str, Any],
    batches: list[Tensor],
    start: Path | None = None,
) -> nn.Sequential:
    """A new student and the bridge to the teacher's width, which is dropped after training.

    It continues the earlier result in the folder `start`. Without one it is a pruned teacher if
    both are of one family, else it starts from random weights.
    """
    student = timm.create_model(name, num_classes=0, **args)
    given, wanted = cast(Any, student).num_features, cast(Any, teacher).num_features
    if start is not None:
        student.load_state_dict(load_file(start / "model.safetensors"))
    else:
        _start_pruned(student, copy.deepcopy(teacher).cpu(), name, batches)
    bridge = nn.Identity() if given == wanted else nn.Linear(given, wanted)
    return nn.Sequential(student, bridge)


def _start_pruned(student: nn.Module, wide: nn.Module, name: str, batches: list[Tensor]) -> None:
    try:
        absorb_statistics(wide, batches)
        prune(wide, student)
    except DistillError as reason:
        print(f"{name} starts from random weights: {reason}", flush=True)


def export(student: nn.Module, config: dict[str, Any], folder: Path) -> str:
    """Write config.json and model.safetensors (float16) to the folder; return the file's sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for key, value in student.state_dict().items():
        value = value.detach().cpu().contiguous()
        half = value.half() if value.is_floating_point() else value
        tensors[key] = half if torch.isfinite(half).all() else value
    weights = folder / "model.safetensors"
    write_whole(weights, lambda path: save_file(tensors, path, {"format": "pt"}))
    text = json.dumps(config, indent=1) + "\n"
    write_whole(folder / "config.json", lambda path: path.write_text(text))
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def config_of(student: nn.Module, name: str, args: dict[str, Any], size: int, tag: str,
              teacher_config: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    """The config.json of timm's local-dir layout."""
    own = cast(Any, student).pretrained_cfg
    return {
        "architecture": name,
        "num_classes": 0,
        "num_features": cast(Any, student).num_features,
        "model_args": args,
        "pretrained_cfg": {
            "tag": tag,
            "custom_load": False,
            "input_size": [3, size, size],
            "fixed_input_size": False,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": list(teacher_config["mean"]),
            "std": list(teacher_config["std"]),
            "num_classes": 0,
            "pool_size": None,
            "first_conv": own.get("first_conv"),
            "classifier": own.get("classifier"),
            "license": "apache-2.0",
        },
    }
