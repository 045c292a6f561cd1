"""Consensus: the common answer of several people's labels, and its certainty."""

import numpy as np
import numpy.typing as npt

ROUNDS = 100
TOLERANCE = 1e-6
PRIOR_RIGHT, PRIOR_WRONG = 4.0, 1.0  # before any label, a person is right in 4 of 5
PRIOR_SKILL = PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG)

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def one_coin(
    items: Indices, people: Indices, labels: Indices, classes: int
) -> tuple[Floats, Floats]:
    """Each item's class and each person's skill from labels that may contradict one another.

    One-coin Dawid–Skene: person j gives the true class with probability p_j, else any other class
    with equal probability. EM alternates between the items' posteriors and the skills, starting at
    the majority. Skills are shrunk towards 4 in 5 for few labels, and never below chance, so no
    label counts against its own class. Dawid and Skene, "Maximum likelihood estimation of observer
    error-rates using the EM algorithm", Applied Statistics 1979; Zhang et al., arXiv 1406.3824.

    Parameters
    ----------
    items, people, labels : (n,) of n labels; each numbered from 0 without gaps.
    classes : the number of classes, ≥ 2.

    Returns
    -------
    posterior (items, classes) float64, rows sum to 1; skill (people,) float64 in [1/classes, 1).

    Raises
    ------
    ValueError : for arrays of different lengths, no labels, or fewer than two classes.
    """
    if not len(items) == len(people) == len(labels) or len(items) == 0 or classes < 2:
        raise ValueError(
            f"{len(items)} items, {len(people)} people, {len(labels)} labels and {classes} classes "
            "make no consensus"
        )
    votes = np.zeros((int(items.max()) + 1, classes))
    np.add.at(votes, (items, labels), 1.0)
    posterior = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1.0)
    given = np.bincount(people)
    skill = np.zeros(len(given))
    for _ in range(ROUNDS):
        before = skill
        right = np.bincount(people, weights=posterior[items, labels])
        skill = (right + PRIOR_RIGHT) / (given + PRIOR_RIGHT + PRIOR_WRONG)
        skill = np.maximum(skill, 1.0 / classes)
        # A label counts as the log odds of its class against any other one.
        odds = np.log(skill) - np.log((1.0 - skill) / (classes - 1))
        worth = np.zeros_like(votes)
        np.add.at(worth, (items, labels), odds[people])
        worth -= worth.max(axis=1, keepdims=True)
        posterior = np.exp(worth)
        posterior /= posterior.sum(axis=1, keepdims=True)
        if np.abs(skill - before).max() < TOLERANCE:
            break
    return posterior, skill
