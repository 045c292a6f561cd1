"""Training: steps that fit the student to the teacher's features, with a checkpoint on disk."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from models.distillation.augment import cut_views
from models.distillation.files import write_whole
from models.distillation.recipe import DistillError, Recipe, rate_at, side_at


@dataclass(frozen=True)
class Target:
    """The student's goal: the teacher's features, and the loss."""

    centre: Tensor  # (D,)
    spread: Tensor  # mean squared distance of a feature from the centre, scalar
    classifier: nn.Module | None  # the teacher's own last layer, if it has one

    def loss(self, given: Tensor, wanted: Tensor) -> Tensor:
        """Distance of given from wanted features, both (B, D); scalar, 0 at equality.

        The sum of squared error over spread, cosine distance about the centre, difference of the
        batch's similarity matrices (Tung & Mori 2019), and the divergence of the class
        probabilities that the teacher's last layer reads from both (Hinton et al. 2015).
        """
        error = (given - wanted).square().sum(1).mean() / self.spread
        ours, theirs = F.normalize(given - self.centre), F.normalize(wanted - self.centre)
        angle = 1 - (ours * theirs).sum(1).mean()
        relation = (ours @ ours.T - theirs @ theirs.T).square().mean()
        total = error + angle + 10 * relation
        if self.classifier is not None:
            guess, truth = (self.classifier(x).log_softmax(1) for x in (given, wanted))
            total = total + 0.5 * F.kl_div(guess, truth, reduction="batchmean", log_target=True)
        return total


class Run:
    """One training run: its state, its steps, and its checkpoint in the work folder."""

    def __init__(self, student: nn.Module, target: Target, recipe: Recipe, folder: Path) -> None:
        self.student, self.target, self.recipe = student, target, recipe
        self.file = folder / "checkpoint.safetensors"
        plain = [p for p in student.parameters() if p.ndim < 2]
        dense = [p for p in student.parameters() if p.ndim >= 2]
        groups: list[dict[str, Any]] = [{"params": dense}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.rate, weight_decay=recipe.decay)
        self.step, self.seconds = 0, 0.0
        self.losses: list[float] = []
        if self.file.exists():
            self._restore()

    def save(self) -> None:
        """Write the checkpoint; if the process is killed meanwhile, the previous one stays."""
        tensors = {f"student.{k}": v for k, v in self.student.state_dict().items()}
        for row, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{row}.{key}": value for key, value in state.items()}
        tensors = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        place = {"step": self.step, "seconds": self.seconds, "losses": self.losses}
        write_whole(self.file, lambda path: save_file(tensors, path, {"place": json.dumps(place)}))

    def _restore(self) -> None:
        optimizer = self.optimizer.state_dict()
        student: dict[str, Tensor] = {}
        with safe_open(self.file, "pt") as file:
            place = json.loads(file.metadata()["place"])
            for key in file.keys():  # noqa: SIM118  (the file handle is not a mapping)
                kind, _, name = key.partition(".")
                if kind == "student":
                    student[name] = file.get_tensor(key)
                else:
                    row, _, name = name.partition(".")
                    optimizer["state"].setdefault(int(row), {})[name] = file.get_tensor(key)
        self.student.load_state_dict(student)
        self.optimizer.load_state_dict(optimizer)
        self.step, self.seconds, self.losses = place["step"], place["seconds"], place["losses"]

    def progress(self, steps_per_epoch: int) -> float:
        """The finished share of the run, 0..1."""
        if self.recipe.epochs is not None:
            return min(1.0, self.step / max(1.0, self.recipe.epochs * steps_per_epoch))
        return min(1.0, self.seconds / (60 * cast(float, self.recipe.minutes)))

    def train(
        self,
        encode: Callable[[Tensor], Tensor],
        images: NDArray[np.uint8],
        boxes: NDArray[np.float32],
        wanted: list[NDArray[np.float16]],
        device: str,
        save_every: float = 120.0,
    ) -> None:
        """Take steps until the recipe's minutes or epochs are over."""
        batch = min(self.recipe.batch, len(images))
        per_epoch = len(images) // batch
        saved = self.seconds
        while (progress := self.progress(per_epoch)) < 1:
            begin = time.monotonic()
            epoch, at = divmod(self.step, per_epoch)
            # Both depend only on seed and step, so a resumed run draws the same.
            order = np.random.default_rng([self.recipe.seed, 1, epoch]).permutation(len(images))
            rng = np.random.default_rng([self.recipe.seed, 2, self.step])
            rows = np.sort(order[at * batch : (at + 1) * batch])
            view = (epoch + rng.integers(len(wanted), size=batch)) % len(wanted)
            cut = cut_views(
                torch.from_numpy(images[rows]).to(device),
                torch.from_numpy(boxes[view, rows]).to(device),
                side_at(progress, self.recipe, rng),
            )
            flip = torch.from_numpy(rng.random(batch) < 0.5).to(device)
            cut = torch.where(flip[:, None, None, None], cut.flip(3), cut)
            truth = np.stack([wanted[v][r] for v, r in zip(view, rows, strict=True)])
            self.update(encode(cut), torch.from_numpy(truth).float().to(device), progress)
            self.seconds += time.monotonic() - begin
            if self.step % 50 == 0:
                self._report(progress, per_epoch)
            if self.seconds - saved > save_every:
                self.save()
                saved = self.seconds
        self.save()

    def update(self, given: Tensor, wanted: Tensor, progress: float) -> None:
        """Take one step of the optimizer towards the wanted features."""
        loss = self.target.loss(given, wanted)
        if not torch.isfinite(loss):
            raise DistillError(f"the loss is not finite at step {self.step}; lower --rate")
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(progress, self.recipe)
        self.optimizer.step()
        self.step += 1
        self.losses.append(round(loss.item(), 5))

    def _report(self, progress: float, per_epoch: int) -> None:
        left = self.seconds / max(progress, 1e-6) * (1 - progress)
        print(
            f"step {self.step}, epoch {self.step / per_epoch:.2f}, "
            f"loss {np.mean(self.losses[-50:]):.4f}, {left / 60:.1f} min left",
            flush=True,
        )
