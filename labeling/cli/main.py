"""The command line: everything that works without a browser."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from labeling.environment import check_environment
from labeling.errors import HoneError

PROGRAM = "python -m labeling"
MISTAKE, INTERRUPTED = 2, 130

# Each command, its module in this package, and its line in the list of commands.
# A module is imported only when its command is used, so that the list itself appears at once.
COMMANDS = {
    "embed": ("embed", "Scan the pool and embed every sample that has no embedding yet."),
    "backbones": ("backbones", "List the backbones with their speed here, or compare some."),
    "choices": ("choices", "List everything that can be chosen by name, with its meaning."),
    "status": ("status", "Print the state of the project."),
    "export": ("export", "Write the labels in one of the formats."),
    "report": ("report", "Write a report as one HTML file."),
    "token": ("team", "Print a token for a script that labels over HTTP."),
    "invite": ("team", "Invite a person to a project, and print the link."),
    "people": ("team", "List the people of a project."),
    "revoke": ("team", "End a person's access at once; every answer stays."),
    "rewind": ("history", "Go back to a moment, or undo an earlier rewind."),
    "log": ("history", "Print who did what and when, as a list or as CSV."),
    "backup": ("backup", "Write the project's answers and heads into one .zip."),
    "restore": ("backup", "Bring a backup back into a project folder."),
    "verify": ("backup", "Look for damage in a project's database, heads and embeddings."),
    "simulate": ("simulate", "Replay true labels: learning curves of queries against random."),
}


class LazyGroup(click.Group):
    """Commands in modules of their own, which are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a project uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"labeling.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Hone without a browser. Each command has --help."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 2 for errors that a person can fix, 130 for Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        check_environment()
        # Not cli.main(), which hides the message after Ctrl-C.
        with cli.make_context(PROGRAM, words) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as mistake:
        mistake.show()
        return MISTAKE
    except KeyboardInterrupt as stop:
        print(str(stop) or "Stopped.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not _is_fit_to_show(error):
            raise
        from labeling.cli.terminal import one_line

        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return MISTAKE
    return 0


def _is_fit_to_show(error: Exception) -> bool:
    """Whether the text names the error and how to fix it."""
    from models.embeddings.cache import CacheLockedError, CacheMismatchError
    from models.encoders.errors import BackboneError

    shown = (HoneError, OSError, BackboneError, CacheMismatchError, CacheLockedError)
    return isinstance(error, shown)
