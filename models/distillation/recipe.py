"""The recipe of a distillation: everything that decides its result, and the values of a step."""

import math
from dataclasses import dataclass

import numpy as np


class DistillError(Exception):
    """A distillation that cannot run with these arguments."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, apart from the images and the two networks."""

    size: int = 96  # the student's input side at the end of training and in use
    smallest: int = 64  # training starts with small inputs, which are cheap, and grows to `size`
    teacher_size: int = 224
    views: int = 3  # fixed crops per image; the teacher sees each of them once
    batch: int = 64
    rate: float = 1.5e-3
    decay: float = 0.02
    minutes: float | None = 30.0
    epochs: float | None = None  # replaces `minutes`
    seed: int = 0


def side_at(progress: float, recipe: Recipe, rng: np.random.Generator) -> int:
    """The input side of a step: grows in steps of 16, and is `size` in the last quarter."""
    low, high = min(recipe.smallest, recipe.size), recipe.size
    top = low + (high - low) * min(1.0, progress / 0.6)
    if progress >= 0.75 or low == high:
        return high
    sides = [s for s in range(low, high + 1, 16) if top - 32 <= s <= top + 15]
    return int(rng.choice(sides))


def rate_at(progress: float, recipe: Recipe) -> float:
    """The learning rate of a step: a short linear warm-up, then half a cosine to zero."""
    return recipe.rate * min(1.0, progress / 0.03 + 0.02) * (1 + math.cos(math.pi * progress)) / 2
