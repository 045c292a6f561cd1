"""Embedding on the command line."""

from contextlib import closing

import click

from labeling.cli.options import Place, backbone_names, on_project
from labeling.cli.terminal import bring_in, one_line
from labeling.errors import HoneError
from labeling.wording import amount

SHOWN_PROBLEMS = 50


@click.command
@on_project
@click.option(
    "--backbone",
    metavar="NAME",
    help=f"One of {backbone_names()}; or a timm name, a folder of weights, or a checkpoint: "
    "FILE.safetensors or ARCHITECTURE=FILE.safetensors.",
)
@click.option(
    "--features", metavar="PARTS", help="pooled, cls, mean, attention or block-N, joined by +."
)
@click.option(
    "--labels/--no-labels",
    default=None,
    help="Import the labels that the pool has, in its CSV or as names of its folders, or not.",
)
@click.option(
    "--text-column",
    metavar="NAME",
    help="The column of a table that holds the texts (default: found by its name, else by the "
    "length of what it holds). It stays with the project.",
)
def embed(
    place: Place,
    backbone: str | None,
    features: str | None,
    labels: bool | None,
    text_column: str | None,
) -> None:
    """Scan the pool and embed every sample that has no embedding yet.

    After a stop, the same command continues where it stopped.
    """
    with closing(place.open(text_column=text_column)) as project:
        before = project.settings()
        if backbone is not None:
            project.change(backbone=backbone)
        if features is not None:
            project.change(features=features)
        if labels is not None:
            project.change(pool_labels=labels)
        try:
            state = bring_in(project)
        except HoneError:
            project.change(backbone=before.backbone, features=before.features)
            raise
        problems = project.store.samples.problems()
    print(f"{state.done:,} samples are embedded. {one_line(state.why)}.")
    if state.labels_found:
        print(
            f"{amount(state.labels_found, 'label')} of "
            f"{amount(state.classes_found, 'class', 'classes')} came with the pool; import them "
            "with --labels, or never with --no-labels."
        )
    if problems:
        print(f"{len(problems):,} files cannot be read and are left out:")
    for path, reason in problems[:SHOWN_PROBLEMS]:
        print(f"  {one_line(path)}: {one_line(reason)}")
    if len(problems) > SHOWN_PROBLEMS:
        print(f"  … and {len(problems) - SHOWN_PROBLEMS:,} more; `status --json` lists all.")
