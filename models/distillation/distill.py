"""Distill a small backbone from a large one on unlabeled images; no label is used.

    python -m models.distillation.distill --images photos.zip --teacher local-dir:DIR --out OUT/NAME

The student starts as a copy of the teacher without its least used channels, then learns to give the
teacher's features. A killed run continues where it stopped if you start it again.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.data.config import resolve_model_data_config
from torch import Tensor, nn

from models.distillation.augment import cut_views, draw_boxes, read_images
from models.distillation.files import write_whole
from models.distillation.recipe import DistillError, Recipe
from models.distillation.student import config_of, export, start_student
from models.distillation.training import Run, Target


def load_teacher(name: str, device: str) -> tuple[nn.Module, nn.Module | None]:
    """A frozen timm network that gives features, and its last linear layer if it has one."""
    try:
        model = timm.create_model(name, pretrained=True).eval().requires_grad_(False)
    except (RuntimeError, OSError) as error:
        raise DistillError(f"the teacher {name!r} cannot be loaded: {error}") from error
    network = cast(Any, model)
    classifier = network.get_classifier()
    network.reset_classifier(0)
    fits = isinstance(classifier, nn.Linear) and classifier.in_features == network.num_features
    model = model.to(device).to(memory_format=torch.channels_last)
    return model, classifier.to(device) if fits else None


@torch.inference_mode()
def teacher_features(
    encode: Callable[[Tensor], Tensor],
    images: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    recipe: Recipe,
    folder: Path,
    device: str,
) -> list[NDArray[np.float16]]:
    """The teacher's features of every view, V arrays float16 (N, D), each stored in a file."""
    done = []
    for view, box in enumerate(boxes):
        file = folder / f"teacher_{view}.npy"
        if not file.exists():
            rows = []
            begin = time.monotonic()
            for i in range(0, len(images), 64):
                part = torch.from_numpy(images[i : i + 64]).to(device)
                cut = cut_views(part, torch.from_numpy(box[i : i + 64]).to(device),
                                recipe.teacher_size)  # fmt: skip
                rows.append(encode(cut).half().cpu().numpy())
                if i % 3200 == 0:
                    left = (time.monotonic() - begin) / (i + 64) * (len(images) - i - 64)
                    told = f"teacher, view {view}: {i}/{len(images)}, {left:.0f} s left"
                    print(told, flush=True)
            write_whole(file, partial(np.save, arr=np.concatenate(rows)))
        done.append(np.load(file, mmap_mode="r"))
    return done


def encoder(model: nn.Module, config: dict[str, Any], device: str) -> Callable[[Tensor], Tensor]:
    """A function of (B, 3, S, S) in 0..1 that normalises and runs the network in bfloat16."""
    mean, std = (torch.tensor(config[k], device=device).view(1, 3, 1, 1) for k in ("mean", "std"))

    def encode(pixels: Tensor) -> Tensor:
        values = ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            return cast(Tensor, model(values)).float()

    return encode


def prepare_work(folder: Path, run: dict[str, Any]) -> None:
    """Make the work folder, or check that it belongs to this run."""
    folder.mkdir(parents=True, exist_ok=True)
    note, text = folder / "run.json", json.dumps(run, sort_keys=True, indent=1)
    if note.exists() and note.read_text() != text:
        raise DistillError(f"{folder} belongs to a run with other arguments; name another --work")
    write_whole(note, lambda path: path.write_text(text))


def distill(
    images: Path, teacher_name: str, student_name: str, out: Path, work: Path, recipe: Recipe,
    *, store: int, student_args: dict[str, Any], start: Path | None = None, device: str = "cpu",
) -> str:  # fmt: skip
    """Run the whole distillation, or continue a killed one; give the weights' sha256."""
    prepare_work(work, {"images": str(images), "teacher": teacher_name, "store": store,
                        "student": [student_name, student_args],
                        "start": str(start), **vars(recipe)})  # fmt: skip
    torch.manual_seed(recipe.seed)
    file = work / "images.npy"
    if not file.exists():
        print(f"reading {images}", flush=True)
        write_whole(file, lambda path: np.save(path, read_images(images, store)))
    pool: NDArray[np.uint8] = np.load(file)
    boxes = draw_boxes(len(pool), recipe.views, np.random.default_rng([recipe.seed, 0]))
    teacher, classifier = load_teacher(teacher_name, device)
    teacher_config = cast(Any, resolve_model_data_config)(teacher)
    see = encoder(teacher, teacher_config, device)
    few = list(_probe_batches(pool, teacher_config, recipe.size))
    both = start_student(teacher, student_name, student_args, few, start)
    both = both.to(device).to(memory_format=torch.channels_last)
    config = config_of(both[0], student_name, student_args, recipe.size, out.name, teacher_config)
    if not (work / "checkpoint.safetensors").exists():
        export(both[0].eval(), config, out)
    wanted = teacher_features(see, pool, boxes, recipe, work, device)
    whole = torch.from_numpy(np.asarray(wanted[0], np.float32)).to(device)
    centre = whole.mean(0)
    target = Target(centre, (whole - centre).square().sum(1).mean(), classifier)
    run = Run(both.train(), target, recipe, work)
    run.train(encoder(both, teacher_config, device), pool, boxes, wanted, device)
    sha = export(both[0].eval(), config, out)
    print(f"{out}: {run.step} steps in {run.seconds / 60:.1f} min, sha256 {sha}", flush=True)
    return sha


def _probe_batches(pool: NDArray[np.uint8], config: dict[str, Any], side: int) -> Iterator[Tensor]:
    """A few normalised batches from the whole pool, to compute a network's statistics."""
    mean, std = (torch.tensor(config[k]).view(1, 3, 1, 1) for k in ("mean", "std"))
    rows = np.linspace(0, len(pool) - 1, min(len(pool), 512)).astype(int)
    for part in np.array_split(rows, math.ceil(len(rows) / 64)):
        cut = cut_views(torch.from_numpy(pool[part]), torch.tensor([[0.0, 0.0, 1.0]] * len(part)),
                        side)  # fmt: skip
        yield (cut - mean) / std


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run."""
    new = Recipe()
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m models.distillation.distill", description=__doc__, formatter_class=layout
    )
    add = parser.add_argument
    add("--images", type=Path, required=True, help="zip or folder of images; labels not needed")
    add("--teacher", required=True, help="timm model name, or local-dir:FOLDER")
    add("--student", default="mobilenetv2_075", help="timm architecture (default: %(default)s)")
    add("--student-args", type=json.loads, default={}, metavar="JSON",
        help='arguments of the architecture, such as {"pad_type": "same"}')  # fmt: skip
    add("--start", type=Path, metavar="FOLDER", help="continue from this earlier result")
    add("--out", type=Path, required=True, help="folder for config.json and model.safetensors")
    add("--work", type=Path, help="folder for checkpoints (default: distill-work/NAME OF OUT)")
    add("--store", type=int, help="side of the stored images (default: the largest input)")
    add("--size", type=int, default=new.size, help="side of the input (default: %(default)s)")
    add("--smallest", type=int, default=new.smallest, help="side at the start of training")
    add("--teacher-size", type=int, default=new.teacher_size, help="side of the teacher's input")
    add("--views", type=int, default=new.views, help="fixed crops per image")
    add("--batch", type=int, default=new.batch)
    add("--rate", type=float, default=new.rate, help="peak learning rate")
    add("--decay", type=float, default=new.decay, help="weight decay")
    add("--minutes", type=float, default=new.minutes, help="training time, without the teacher's")
    add("--epochs", type=float, help="train this long instead of --minutes")
    add("--seed", type=int, default=new.seed)
    add("--threads", type=int, help="CPU threads")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    recipe = Recipe(**{name: getattr(given, name) for name in vars(new)})
    work = given.work or Path("distill-work") / given.out.name
    try:
        distill(given.images, given.teacher, given.student, given.out, work, recipe,
                store=given.store or max(recipe.size, recipe.teacher_size), start=given.start,
                student_args=given.student_args, device=given.device)  # fmt: skip
    except DistillError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
