"""How fast Hone embeds, against the bare forward pass, bare decoding, and a plain DataLoader loop.

    python -m benchmarks.embedding [--images 20000] [--backbone bundled] [--threads 2]

Generates photos of 500×375 pixels as JPEG and embeds them like `python -m labeling embed` (read,
check, decode, compute, store). In the same run on the same images it also times
the forward pass alone on one batch of the same size, decoding alone in threads and in processes,
and the simplest loop: a DataLoader with timm's transform and workers.
"""

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import timm
import torch
from PIL import Image
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from torch.utils.data import DataLoader, Dataset

from benchmarks.machine import peak_mb, resident_mb
from labeling.embedding.ingest import Ingest
from labeling.media.image import load_image
from labeling.project.project import open_project
from models.encoders.backbones import ENCODERS, WEIGHTS_DIR, Backbone, resolve
from models.encoders.preprocess import Framing

SIZE = (500, 375)
PARTS = 20  # of the pool; memory is measured after each
DECODED = 600  # images for the timing of bare decoding
ROUNDS = 5


@dataclass(frozen=True)
class Rates:
    """Images a second, milliseconds of one core per image, and memory over the pool in MB."""

    hone: float
    hone_core: float
    forward_core: float
    folded_core: float
    forward: float
    folded: float
    whole_forward: float
    threads: float
    one_thread: float
    processes: float
    loader: float
    memory: tuple[float, ...]


def write_photos(folder: Path, count: int) -> list[Path]:
    """Photos of soft shapes with grain, all different, some 60 kB each as JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:06}.jpg" for number in range(count)]
    with ProcessPoolExecutor(os.cpu_count() or 1) as processes:
        list(
            processes.map(write_photo, [file for file in files if not file.exists()], chunksize=50)
        )
    return files


def write_photo(file: Path) -> None:
    """The photo for a file's name."""
    rng = np.random.default_rng(int(file.stem))
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC), np.float32)
    grain = rng.normal(0, 9, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    pixels = np.clip(soft + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=85)


def hone(pool: Path, folder: Path, backbone: Backbone) -> tuple[float, float, tuple[float, ...]]:
    """Images a second and core milliseconds of the embedding in Ingest, and the memory over time.

    The scan is not included.
    """
    memory: list[float] = []
    with closing(open_project(pool, folder)) as project:
        ingest = Ingest(project, lambda: None, backbone)
        ingest.scan_pool()
        total = len(project.store.samples.ids())

        def told() -> None:
            if ingest.state.done >= total * len(memory) / PARTS:
                memory.append(resident_mb())

        ingest._arrived = told
        begin, core = time.perf_counter(), core_seconds()
        ingest._embed()
        seconds, core = time.perf_counter() - begin, core_seconds() - core
        ingest.stop()
        if ingest.state.done != total:
            raise SystemExit(f"only {ingest.state.done} of {total} are embedded")
    return total / seconds, 1000 * core / total, tuple(memory)


def core_seconds() -> float:
    """CPU seconds of this process and of its ended child processes."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def rate_of(work: Callable[[], object], images: int, rounds: int = ROUNDS) -> float:
    """Images a second, the median of several runs after a warm-up."""
    work()
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return images / float(np.median(seconds))


def as_timm_builds_it(name: str, backbone: Backbone) -> Any:
    """The same network without any of Hone's speed-ups."""
    entry = ENCODERS.get(name)
    if name == "bundled":
        folder = next(WEIGHTS_DIR.glob("*/config.json")).parent
        model: Any = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    else:
        model = timm.create_model(entry.model if entry else name, num_classes=0)
        if entry and model.pretrained_cfg.get("fixed_input_size"):
            model = timm.create_model(entry.model, num_classes=0, img_size=entry.input_size)
    model = model.eval().requires_grad_(False).to(backbone.device)
    return model.to(memory_format=torch.channels_last)


def bare_forward(model: Any, backbone: Backbone) -> float:
    """A network alone, on normalised pixels that are ready in its memory layout."""
    pixels = torch.randn(backbone.batch, 3, *backbone.framing.size, device=backbone.device)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    autocast = torch.autocast(
        torch.device(backbone.device).type, dtype=backbone.half, enabled=backbone.half is not None
    )

    def run() -> None:
        with torch.inference_mode(), autocast:
            model(pixels)
        if backbone.device.startswith("cuda"):
            torch.cuda.synchronize()

    return rate_of(run, backbone.batch, 15)


def core_ms(model: Any, backbone: Backbone) -> float:
    """Milliseconds of one core that the network alone takes per image.

    Unlike a rate, it hardly depends on the other load of a machine.
    """
    pixels = torch.randn(backbone.batch, 3, *backbone.framing.size, device=backbone.device)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    threads, seconds = torch.get_num_threads(), []
    torch.set_num_threads(1)
    for _ in range(ROUNDS + 1):
        begin = time.process_time()
        with torch.inference_mode():
            model(pixels)
        seconds.append(time.process_time() - begin)
    torch.set_num_threads(threads)
    return 1000 * float(np.median(seconds[1:])) / backbone.batch


def whole_forward(backbone: Backbone) -> float:
    """The forward pass from bytes to numbers, as in Hone."""
    shape = (backbone.batch, *backbone.framing.size, 3)
    pixels = list(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    return rate_of(partial(backbone.embed_framed, pixels), backbone.batch, 15)


def decode(framing: Framing, data: bytes) -> tuple[int, ...]:
    """Decode and scale as Hone does; returns the shape, so that a process need not send pixels."""
    return framing(load_image(data, "photo", framing.least)).shape


def bare_decoding(files: list[Path], backbone: Backbone, pool: Executor) -> float:
    """Images a second through the decoder, with the files in memory."""
    held = [file.read_bytes() for file in files[:DECODED]]
    work = partial(decode, backbone.framing)
    return rate_of(lambda: list(pool.map(work, held, chunksize=20)), len(held), 3)


class Files(Dataset[Any]):
    """The simplest dataset: open, convert, transform."""

    def __init__(self, files: list[Path], model: Any) -> None:
        config: dict[str, Any] = cast(Any, resolve_model_data_config)(model)
        self.files = files
        self.transform: Any = create_transform(**config, normalize=False)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        with Image.open(io.BytesIO(self.files[index].read_bytes())) as image:
            return self.transform(image.convert("RGB"))


def loader_loop(files: list[Path], model: Any, backbone: Backbone) -> float:
    """Images a second of a plain DataLoader loop with a worker per core."""
    loader: DataLoader[Any] = DataLoader(
        Files(files, model), batch_size=backbone.batch, num_workers=os.cpu_count() or 1,
        pin_memory=backbone.device.startswith("cuda"),
    )  # fmt: skip
    begin = time.perf_counter()
    rows = []
    with torch.inference_mode():
        for batch in loader:
            pixels = batch.to(backbone.device, non_blocking=True).float()
            rows.append(model((pixels - backbone.mean) / backbone.std).float().cpu())
    return len(torch.cat(rows)) / (time.perf_counter() - begin)


def measure(given: argparse.Namespace, scratch: Path) -> Rates:
    """All measurements in one run."""
    backbone = resolve(given.backbone, features=given.features)
    print(f"{backbone.why}; batches of {backbone.batch} on {backbone.device}.", flush=True)
    photos = given.photos or scratch / "photos"
    files = write_photos(photos, given.images)
    size = np.mean([file.stat().st_size for file in files]) / 1e3
    print(f"{len(files):,} photos of {SIZE[0]}×{SIZE[1]}, {size:.0f} kB each.", flush=True)
    plain = as_timm_builds_it(given.backbone, backbone)
    forward, folded = bare_forward(plain, backbone), bare_forward(backbone.model, backbone)
    whole = whole_forward(backbone)
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(cores) as threads:
        one_thread = bare_decoding(files, backbone, one)
        all_threads = bare_decoding(files, backbone, threads)
    with ProcessPoolExecutor(cores) as processes:
        in_processes = bare_decoding(files, backbone, processes)
    loop = loader_loop(files[: given.loop], plain, backbone)
    rate, core, memory = hone(photos, scratch / "project", backbone)
    again = bare_forward(plain, backbone)  # the speed of a shared machine varies
    return Rates(
        hone=rate,
        hone_core=core,
        forward_core=core_ms(plain, backbone),
        folded_core=core_ms(backbone.model, backbone),
        forward=(forward + again) / 2,
        folded=folded,
        whole_forward=whole,
        threads=all_threads,
        one_thread=one_thread,
        processes=in_processes,
        loader=loop,
        memory=memory,
    )


def lines(rates: Rates, on_cpu: bool) -> Iterator[str]:
    """The table, and the limiting factor."""
    yield "| what | images/s | Hone, % of it |"
    yield "|---|---|---|"
    together = 1 / (1 / rates.folded + 1 / rates.threads)
    shown = {
        "Hone: read, check, decode, compute, store": rates.hone,
        "bare forward pass of the network as timm builds it, pixels ready": rates.forward,
        "bare forward pass, batch norms folded": rates.folded,
        "forward pass from bytes to numbers, one batch at a time": rates.whole_forward,
        "decoding and scaling, all cores, threads": rates.threads,
        "decoding and scaling, all cores, processes": rates.processes,
        "decoding and scaling, one thread": rates.one_thread,
        "plain DataLoader loop": rates.loader,
    }
    if on_cpu:
        shown["forward and decoding on the same cores, nothing else"] = together
    for name, rate in shown.items():
        yield f"| {name} | {rate:.0f} | {100 * rates.hone / rate:.0f} |"
    if on_cpu:
        yield (
            f"\nMilliseconds of one core per image: Hone {rates.hone_core:.1f}; the bare forward "
            f"pass {rates.forward_core:.1f}, with batch norms folded {rates.folded_core:.1f}."
        )
    half = len(rates.memory) // 2
    yield (
        f"\nMemory: {rates.memory[1]:.0f} MB after a {PARTS}th of the pool, "
        f"{rates.memory[half]:.0f} MB after half, {rates.memory[-1]:.0f} MB at the end, "
        f"{peak_mb():.0f} MB at most."
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--images", type=int, default=20_000)
    add("--loop", type=int, default=2_000, help="images that the plain loop is timed on")
    add("--backbone", default="bundled")
    add("--features")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--photos", type=Path, help="keep the generated photos here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as scratch, suppress(KeyboardInterrupt):
        rates = measure(given, Path(scratch))
        print(f"{given.threads} threads, {os.cpu_count()} cores.\n")
        print("\n".join(lines(rates, resolve("bundled").device == "cpu")))


if __name__ == "__main__":
    main()
