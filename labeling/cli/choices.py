"""The choices on the command line."""

import click

from labeling.registries import REGISTRIES, listing

HELP = "List everything that can be chosen by name, with its meaning.\n\n" + "\n\n".join(
    f"{kind}: {', '.join(entries)}" for kind, entries in REGISTRIES.items()
)


@click.command(help=HELP)
def choices() -> None:
    """List everything that can be chosen by name."""
    click.echo(listing())
