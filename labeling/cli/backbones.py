"""Backbones on the command line: list them with their speeds, and compare some on the labels."""

from collections.abc import Sequence
from contextlib import closing

import click

from labeling.answers.current import CurrentAnswers
from labeling.cli.options import Place, backbone_names, on_project, once, repeated
from labeling.cli.terminal import bring_in, one_line
from labeling.embedding.ingest import Ingest
from labeling.embedding.speeds import Speeds, decoding_seconds, pool_seconds
from labeling.errors import HoneError
from labeling.evidence.trial_report import basis, verdict
from labeling.evidence.trials import Trials
from labeling.project.project import Project
from labeling.wording import duration
from models.encoders.catalogue import catalogue, suggest
from models.encoders.device import pick_device


@click.command
@on_project
@repeated(
    "--compare",
    "NAME[:FEATURES]",
    f"Embed a sample with this one and compare it on the labels: {backbone_names()}, or any "
    "name that embed takes",
)
def backbones(place: Place, compare: Sequence[str]) -> None:
    """List the backbones with their speed here, or compare some.

    A comparison uses the labels so far.
    """
    with closing(place.open(new=not compare)) as project:
        if compare:
            _print_comparison(project, once(compare))
        else:
            _print_list(project)


def _print_list(project: Project) -> None:
    """Every backbone of the catalogue, its speed on this machine, and the time for the pool."""
    speeds = Speeds()
    medium = project.source.medium
    speeds.measure(medium, catalogue(medium))
    speeds.wait()
    images = len(project.store.samples.ids())
    decoding = decoding_seconds(project) if images else 0.0
    print(f"{'backbone':26}{'a second':>10}{'this pool':>16}  {'million':>8}  good for")
    for name, entry in catalogue(medium).items():
        rate = speeds.rate(medium, name)
        takes = duration(pool_seconds(images, rate, decoding)) if rate and images else "–"
        shown = f"{rate:.1f}" if rate else "–"
        print(f"{name:26}{shown:>10}{takes:>16}  {entry.params_m:8.1f}  {entry.words}")
        print(f"{'':26}{entry.pretraining}; {entry.licence}; {entry.dim} numbers")
    default, why = suggest(pick_device(), images, medium)
    print(f"{default} is {why}.")


def _print_comparison(project: Project, names: Sequence[str]) -> None:
    """Embed a sample with each and say which one suits the labels best."""
    bring_in(project)  # with its progress bar; afterwards everything is embedded
    ingest = Ingest(project, lambda: None)
    ingest.run()
    with closing(Trials(project, ingest, CurrentAnswers(project.store))) as trials:
        for name in names:
            backbone, _, features = name.partition(":")
            trials.request(backbone, features or "pooled")
        trials.wait()
        for trial in trials.all():
            if trial.error:
                print(f"{trial.name}: {one_line(trial.error)}")
        compared = trials.compare()
        if compared is None:
            raise HoneError("There is nothing to compare: label some of two classes first.")
        by_name = {trial.name: trial for trial in trials.all()}
        for standing in compared.standings:
            print(f"{100 * standing.accuracy:5.1f} %  {standing.name}")
        for standing in compared.standings:
            if standing.name in by_name:
                trial = by_name[standing.name]
                left = len(project.store.samples.ids()) - trial.done
                seconds = left / trial.rate if trial.rate and left else None
                print(verdict(standing, compared, seconds))
        print(basis(compared))
    ingest.stop()
