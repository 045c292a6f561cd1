"""What all encoders share: the width of an embedding, and how many batches run at once."""

import torch


class Lanes:
    """A mixin for encoders with `widths`, `weights` and a `device`."""

    widths: tuple[int, ...]
    weights: tuple[float, ...]
    device: str

    @property
    def dim(self) -> int:
        """The width of an embedding."""
        return sum(self.widths)

    @property
    def weighted_parts(self) -> list[tuple[int, float]]:
        """The width and the weight of each part."""
        return list(zip(self.widths, self.weights, strict=True))

    @property
    def lanes(self) -> int:
        """Threads that compute batches at the same time; on a CPU, as many as this thread may use.

        There, a batch per core is faster than each batch on all cores, which would wait
        for one another at every layer; on a GPU a second lane hides the copies of the first.
        """
        if self.device == "cpu":
            return max(1, torch.get_num_threads())
        return 2 if self.device.startswith("cuda") else 1

    def enter_lane(self) -> None:
        """Called in each lane's thread: on a CPU, a lane is one core."""
        if self.device == "cpu":
            torch.set_num_threads(1)
