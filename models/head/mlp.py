"""The MLP head: one hidden layer, for classes with curved boundaries."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from models.head.calibration import left_out_temperature, log_loss
from models.head.fitting import SCALE, Labeled, check_audits
from models.head.linear import Scorer, check_classes, check_temperature, predict_in_blocks
from models.head.stopping import Stop, never, raise_if

HIDDEN = 1024
SEED = 20_301
LEARNING_RATE = 1e-3
BATCH = 64
MAX_EPOCHS = 40
PATIENCE = 5  # epochs without a lower held-out loss
FOLDS = 3
FOLD_LABELS = 30  # with fewer labels, held-out rows cannot compare epochs
DEFAULT_EPOCHS = 20
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's
DEFAULT_DECAY = 1e-2  # AdamW's: each step shrinks weights by this share of the learning rate


@dataclass(frozen=True, eq=False)
class MlpHead:
    """A softmax over a hidden layer of rectified units.

    Attributes
    ----------
    classes : (K,) int64, the class ids in ascending order; column k is class classes[k].
    hidden_weight : (H, D) float32, acts on unscaled features; with hidden_bias (H,).
    weight : (K, H) float32; with bias (K,).
    strength : the weight decay of the fit.
    epochs : how many times each label was seen.
    temperature : > 0, the divisor of the scores.
    """

    classes: npt.NDArray[np.int64]
    hidden_weight: npt.NDArray[np.float32]
    hidden_bias: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float
    epochs: int
    temperature: float = 1.0
    _placed: dict[torch.device, tuple[torch.Tensor, ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        check_classes(self.classes)
        check_temperature(self.temperature)
        parts = (self.hidden_weight, self.hidden_bias, self.weight, self.bias)
        k, hidden = len(self.classes), len(self.hidden_bias)
        wanted = ((hidden, self.width), (hidden,), (k, hidden), (k,))
        if tuple(part.shape for part in parts) != wanted:
            raise ValueError(f"parts of shapes {[p.shape for p in parts]} do not fit {wanted}")
        if not all(np.isfinite(part).all() for part in parts):
            raise ValueError("a head's weights and biases must be finite")

    @property
    def width(self) -> int:
        """The width D of its features."""
        return int(self.hidden_weight.shape[-1])

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Scores (m, K) float32 of features (m, D) float32 on their device, temperature applied."""
        first, first_bias, second, second_bias = self._on(features.device)
        hidden = torch.addmm(first_bias, features, first.T).relu_()
        return torch.addmm(second_bias, hidden, second.T)

    def predict_proba(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Class probabilities (N, K) of features (N, D); see `predict_in_blocks`."""
        return predict_in_blocks(self, features)

    def _on(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """The four parts, the last two divided by the temperature, moved to each device once."""
        if device not in self._placed:
            heat = np.float32(self.temperature)
            parts = (self.hidden_weight, self.hidden_bias, self.weight / heat, self.bias / heat)
            self._placed[device] = tuple(
                torch.from_numpy(np.array(part, order="C")).to(device) for part in parts
            )
        return self._placed[device]


def fit_mlp(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    strength: float | None = None,
    start: Scorer | None = None,
    device: str = "cpu",
    audits: npt.NDArray[np.bool_] | None = None,
    certainty: npt.NDArray[np.float64] | None = None,
    stop: Stop = never,
) -> MlpHead:
    """Dense 1024, ReLU and softmax by AdamW, class-balanced; see `FitHead` for the arguments.

    `strength` is the weight decay, 0.01 if None. `start` is not used, because the loss has many
    minima and the head must not depend on an earlier one. With 30 or more labels, 3
    stratified folds choose the epoch with the least held-out loss and the temperature, and a last
    fit on all labels runs for as many. A fixed seed makes every fit on the same rows identical.
    """
    del start
    labeled = Labeled.of(features, labels, device, certainty)
    check_audits(audits, len(features))
    decay = DEFAULT_DECAY if strength is None else float(strength)
    if not (np.isfinite(decay) and decay > 0):
        raise ValueError(f"strength must be a positive number, not {strength}")
    epochs, temperature = DEFAULT_EPOCHS, 1.0
    if len(labels) >= FOLD_LABELS:
        epochs, held_out = _held_out(labeled, decay, stop)
        temperature = left_out_temperature(held_out, labeled.targets, labeled.counts, audits)
    net = _Net(labeled, decay)
    for _ in range(epochs):
        net.epoch(stop)
    first, first_bias, second, second_bias = (part.detach() for part in net.parts)
    if labeled.basis is not None:
        first = first @ labeled.basis.T
    return MlpHead(
        classes=labeled.classes,
        hidden_weight=(first * SCALE).cpu().numpy(),
        hidden_bias=first_bias.cpu().numpy(),
        weight=second.cpu().numpy(),
        bias=second_bias.cpu().numpy(),
        strength=decay,
        epochs=epochs,
        temperature=temperature,
    )


def folds(targets: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    """The fold 0 … k-1 of each row (n,), in turn within each class; always the same."""
    order = np.argsort(targets, kind="stable")
    fold = np.empty(len(targets), dtype=np.int64)
    fold[order] = np.arange(len(targets)) % k
    return fold


def _held_out(labeled: Labeled, decay: float, stop: Stop) -> tuple[int, npt.NDArray[np.float64]]:
    """The best number of epochs, and the logits (n, K) of each row by a net that has not seen it.

    All folds train in parallel, and stop when their common held-out loss no longer falls.
    """
    fold = folds(labeled.targets, FOLDS)
    parts = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(FOLDS)]
    nets = [_Net(labeled, decay, train) for train, _ in parts]
    told = labeled.counts[labeled.targets] >= 2
    best, least, kept = 1, np.inf, np.zeros((len(fold), len(labeled.classes)))
    for epoch in range(1, MAX_EPOCHS + 1):
        logits = np.empty_like(kept)
        for net, (_, test) in zip(nets, parts, strict=True):
            net.epoch(stop)
            logits[test] = net.logits(test)
        loss = log_loss(logits[told], labeled.targets[told])
        if epoch == 1 or loss < least:
            best, least, kept = epoch, loss, logits
        if epoch - best >= PATIENCE:
            break
    return best, kept


class _Net:
    """A net that trains on some of the rows."""

    def __init__(
        self, labeled: Labeled, decay: float, rows: npt.NDArray[np.int64] | None = None
    ) -> None:
        self._rng = torch.Generator().manual_seed(SEED)
        self._x = labeled.x
        device = labeled.x.device
        self._targets = torch.from_numpy(labeled.targets).to(device)
        self._weights = torch.from_numpy(labeled.weights()).float().to(device)
        kept = np.arange(len(labeled.targets)) if rows is None else rows
        self._rows = torch.from_numpy(kept)
        width, k = labeled.x.shape[1], len(labeled.classes)
        shapes = ((HIDDEN, width), (HIDDEN,), (k, HIDDEN), (k,))
        self.parts = [torch.zeros(shape) for shape in shapes]
        for part in (self.parts[0], self.parts[2]):  # He et al.: variance 2 / inputs
            part.normal_(0.0, (2.0 / part.shape[1]) ** 0.5, generator=self._rng)
        # A rotation keeps the rows' lengths but uses fewer columns: compensate for that.
        full = width if labeled.basis is None else len(labeled.basis)
        self.parts[0] *= (width / full) ** 0.5
        self.parts = [part.to(device).requires_grad_() for part in self.parts]
        self._optimiser = _AdamW(self.parts, decay)

    def epoch(self, stop: Stop) -> None:
        """Show each row once, in the net's own random order."""
        order = self._rows[torch.randperm(len(self._rows), generator=self._rng)]
        for batch in torch.split(order.to(self._x.device), BATCH):
            raise_if(stop)
            losses = functional.cross_entropy(
                self._score(self._x[batch].float()), self._targets[batch], reduction="none"
            )
            torch.mean(losses * self._weights[batch]).backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()

    @torch.no_grad()
    def logits(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Scores (m, K) of some rows."""
        scores = self._score(self._x[torch.from_numpy(rows).to(self._x.device)].float())
        array: npt.NDArray[np.float64] = scores.double().cpu().numpy()
        return array

    def _score(self, x: torch.Tensor) -> torch.Tensor:
        first, first_bias, second, second_bias = self.parts
        hidden = functional.relu(functional.linear(x, first, first_bias))
        return functional.linear(hidden, second, second_bias)


class _AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101).

    torch.optim's version imports a compiler at its first use, which takes seconds and 170 MB in a
    server process.
    """

    def __init__(self, parts: list[torch.Tensor], decay: float) -> None:
        self._parts, self._decay, self._steps = parts, decay, 0
        self._means = [torch.zeros_like(part) for part in parts]
        self._squares = [torch.zeros_like(part) for part in parts]

    @torch.no_grad()
    def step(self) -> None:
        """Move each part against its gradient, and forget the gradient."""
        self._steps += 1
        unbiased = [1.0 - beta**self._steps for beta in BETAS]
        for part, mean, square in zip(self._parts, self._means, self._squares, strict=True):
            assert part.grad is not None
            mean.lerp_(part.grad, 1.0 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(part.grad, part.grad, value=1.0 - BETAS[1])
            part.mul_(1.0 - LEARNING_RATE * self._decay)
            spread = (square / unbiased[1]).sqrt_().add_(EPSILON)
            part.addcdiv_(mean, spread, value=-LEARNING_RATE / unbiased[0])
            part.grad = None
