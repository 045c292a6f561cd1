"""Views: images as squares, and crops that stay inside them."""

import numpy as np
import pytest
import torch

from models.distillation.augment import cut_views, draw_boxes, read_images
from models.distillation.recipe import DistillError


def test_a_whole_view_is_the_image_and_a_small_one_is_a_part_of_it():
    ramp = np.tile(np.arange(32, dtype=np.uint8)[None, :, None] * 8, (32, 1, 3))
    images = torch.from_numpy(np.stack([ramp, ramp]))
    cut = cut_views(images, torch.tensor([[0.0, 0.0, 1.0], [0.5, 0.0, 0.5]]), 32)
    torch.testing.assert_close(cut[0, 0], images[0, :, :, 0] / 255)
    assert cut[1, 0, 0, 0] > 0.49  # the right half begins in the middle


def test_views_stay_inside_the_image():
    boxes = draw_boxes(500, 3, np.random.default_rng(0))
    assert (np.abs(boxes[..., :2]).max(-1) + boxes[..., 2] <= 1 + 1e-6).all()
    assert (boxes[0] == [0, 0, 1]).all()


def test_an_unreadable_image_is_named(tmp_path):
    (tmp_path / "good.png").write_bytes(b"")
    (tmp_path / "other.png").write_bytes(b"")
    with pytest.raises(DistillError, match=r"good\.png"):
        read_images(tmp_path, 16)


def test_a_source_that_holds_no_images_is_named(tmp_path):
    with pytest.raises(DistillError, match="has 0 images"):
        read_images(tmp_path, 16)
