"""Principal axes: the largest first, without empty directions."""

import numpy as np
import torch

from models.space.principal import principal_axes, second_moment


def rows(count: int = 200) -> torch.Tensor:
    """Rows with lengths 5, 3, 1 along the axes of a random frame of width six."""
    rng = np.random.default_rng(0)
    frame, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    return torch.from_numpy((rng.normal(size=(count, 3)) * [5, 3, 1]) @ frame[:3]).float()


def test_the_moment_of_blocks_is_that_of_the_whole() -> None:
    pool = rows()
    expected = (pool.T @ pool).double() / len(pool)
    torch.testing.assert_close(second_moment(pool.split(37)), expected, rtol=1e-5, atol=1e-5)


def test_axes_are_orthonormal_and_hold_what_a_singular_value_decomposition_holds() -> None:
    pool = rows()
    axes = principal_axes(second_moment([pool]), 2)
    torch.testing.assert_close(axes.T @ axes, torch.eye(2), atol=1e-5, rtol=0)
    _, values, right = torch.linalg.svd(pool, full_matrices=False)
    torch.testing.assert_close((right[:2] @ axes).abs(), torch.eye(2), atol=1e-3, rtol=0)
    torch.testing.assert_close((pool @ axes).norm(dim=0), values[:2], atol=1e-2, rtol=1e-4)


def test_directions_without_content_are_left_out() -> None:
    assert principal_axes(second_moment([rows()]), 6).shape == (6, 3)
    assert principal_axes(second_moment([rows(2)]), 6).shape == (6, 2)
    assert principal_axes(second_moment([torch.zeros(9, 6)]), 6).shape == (6, 1)


def test_an_axis_has_its_largest_entry_above_zero() -> None:
    axes = principal_axes(second_moment([rows()]), 3)
    assert (axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)) > 0).all()
