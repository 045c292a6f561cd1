"""Temperature: one number that matches a head's confidence to its accuracy."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

PRIOR_WIDTH = 0.5  # of log T: before any label, 95 % of temperatures lie between 0.37 and 2.7
MAX_LOG = 3.0
AUDITS = 30  # with at least this many audit picks, only they set the temperature


def fit_temperature(logits: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """The temperature T by which held-out logits should be divided.

    T = argmin Σᵢ -log softmax(logitsᵢ / T)[targetᵢ] + (log T)² / (2·0.5²): temperature scaling
    (Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017) with a
    log-normal prior around 1, which dominates while there are few rows.

    Parameters
    ----------
    logits : (m, K) any float, of rows that the head was not fitted on, or leave-one-out; finite.
    targets : (m,) integers, columns of the true classes.

    Returns
    -------
    float in [1/20, 20]
        Above 1 if the head is overconfident; 1 without rows.

    Raises
    ------
    ValueError
        Shapes do not fit, a target is no column, or a logit is not finite.
    """
    rows = np.asarray(logits, dtype=np.float64)
    if rows.ndim != 2 or np.shape(targets) != (len(rows),):
        raise ValueError(
            f"logits (m, K) and targets (m,) are needed, not {rows.shape} and {np.shape(targets)}"
        )
    if not np.isfinite(rows).all():
        raise ValueError("logits hold NaN or infinity")
    if len(rows) == 0:
        return 1.0
    if not (np.min(targets) >= 0 and np.max(targets) < rows.shape[1]):
        raise ValueError(f"a target is not one of the {rows.shape[1]} columns")
    # Shifted by the given class's logit, so no loss is a difference of large numbers.
    gaps = rows - rows[np.arange(len(rows)), targets][:, None]

    def loss(log_temperature: float) -> float:
        nll = logsumexp(gaps * np.exp(-log_temperature), axis=1).sum()
        return float(nll + log_temperature**2 / (2 * PRIOR_WIDTH**2))

    found = minimize_scalar(
        loss, bounds=(-MAX_LOG, MAX_LOG), method="bounded", options={"xatol": 1e-4}
    )
    return float(np.exp(found.x))


def log_loss(logits: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Mean of -log softmax(logits)[target] over rows (m, K) and their columns (m,); 0 without."""
    if len(logits) == 0:
        return 0.0
    rows = logits.astype(np.float64)
    return float((logsumexp(rows, axis=1) - rows[np.arange(len(rows)), targets]).mean())


def left_out_temperature(
    logits: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    counts: npt.NDArray[Any],
    audits: npt.NDArray[np.bool_] | None = None,
) -> float:
    """Temperature from leave-one-out logits (n, K), with 30 audit picks only from these.

    Actively chosen labels lie near the boundary and would make a head look worse calibrated than it
    is on the pool; uniform audit picks do not. A class's only label means nothing when left out.

    Parameters
    ----------
    logits : (n, K), row i from a head that has not seen label i.
    targets : (n,) columns of the labels.
    counts : (K,) labels per class.
    audits : (n,) bool, which rows are uniform audit picks.
    """
    told = np.asarray(counts)[targets] >= 2
    if audits is not None and np.count_nonzero(audits & told) >= AUDITS:
        told = audits & told
    return fit_temperature(logits[told], np.asarray(targets)[told])
