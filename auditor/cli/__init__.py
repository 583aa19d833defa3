"""The command line: the only place that prints, prompts or exits."""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any

import click

from auditor import __version__
from auditor.errors import AuditorError

CONTEXT = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AUDITOR"}

RARE_COLLECTIONS = (50_000, 20, 100)
"""Runs are read as many small dicts, none of them garbage: looking for some as often as Python does by default took
three tenths of the time of comparing 100,000 items."""

COMMANDS = {
    "run": ("run", "Audit one model version"),
    "plan": ("plan", "Show what a run would ask, without asking"),
    "report": ("report", "Write the HTML report over versions"),
    "show": ("show", "Show transcripts"),
    "compare": ("compare", "Compare candidates with a baseline, item by item"),
    "gate": ("gate", "Judge a candidate by the rules of a release"),
    "grade": ("grade", "Grade saved answers again, as a new layer"),
    "history": ("history", "Follow one model over its versions"),
    "baseline": ("baseline", "Set and show the run to beat"),
    "runs": ("runs", "List, remove, export and import runs"),
    "verify": ("verify", "Check the seal of a run"),
    "probes": ("probes", "List, show, check, try and start probes"),
    "graders": ("graders", "List graders, and test them against known labels"),
    "init": ("init", "Write settings, a policy and a CI job to begin with"),
    "schema": ("schema", "Print the JSON Schema of a file"),
    "demo": ("demo", "Audit three versions of a tiny model and report on them"),
    "selftest": ("selftest", "Audit the auditor on planted truth"),
    "doctor": ("doctor", "Check the environment"),
}
"""Command -> (module in auditor.cli, one line); a module is loaded only when its command is called."""


DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a disk says that is full or broken: no bug of ours."""

READER_LEFT = 128 + 13
"""What a shell says of a command that SIGPIPE ended. A gate whose reader left must never look passed."""


class Commands(click.Group):
    """Loads commands when they are called, and turns every error into stderr text and its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group.list_commands`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group.get_command`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"auditor.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Group.format_commands`; loads no command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group.resolve_command`; names the nearest command."""
        from auditor.errors import nearest

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = nearest(args[0], COMMANDS)
            raise click.UsageError(f"No such command '{args[0]}'." + (f" {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """See `click.Group.make_context`; help and version are written in here, before any command is invoked."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            sys.exit(_reader_left())
        except OSError as error:
            if error.errno not in DISK:
                raise
            sys.exit(_tell_of_disk(error))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; no other place handles an error, and an error too may find its reader gone."""
        try:
            return self._invoke(ctx)
        except BrokenPipeError:
            ctx.exit(_reader_left())

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AuditorError as error:
            if ctx.params["debug"]:
                raise
            click.echo(f"Error: {_printable(str(error))}", err=True)
            if error.hint:
                click.echo(f"Hint: {_printable(error.hint)}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # all is kept: another one must not break the ending
            click.echo("Interrupted: what was answered is kept; the same command goes on", err=True)
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # the one handler: whatever arrives here is a bug of ours
            if ctx.params["debug"]:
                raise
            if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
                click.echo(f"Error: {_printable(str(error.filename))[:80]}...: {error.strerror}", err=True)
                ctx.exit(2)
            if isinstance(error, OSError) and error.errno in DISK:
                ctx.exit(_tell_of_disk(error))
            with tempfile.NamedTemporaryFile(
                "w", prefix="auditor-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
            ) as file:
                traceback.print_exc(file=file)
            fact = _printable(f"{type(error).__name__}: {error}")
            click.echo(f"Error: this is a bug of auditor: {fact[:300]}", err=True)
            click.echo(f"Hint: the traceback is in {file.name}; what was answered is kept", err=True)
            ctx.exit(70)


def _tell_of_disk(error: OSError) -> int:
    """Say that the disk behind our output is full or broken, and return the exit code."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left in it cannot be written either
    click.echo(f"Error: cannot be written: {error.strerror}", err=True)
    return 4


def _reader_left() -> int:
    """Send what is left in our output to nowhere, so that the interpreter does not stumble over it; return 141."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    return READER_LEFT


def _printable(text: str) -> str:
    """Return text that neither moves a terminal nor, at the beginning of a line, commands a build server."""
    from auditor.render.visible import plain

    return re.sub(r"(?m)^(\s*):(?=:)", r"\1[U+003A]", plain(text))


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error")
def cli(debug: bool) -> None:
    """Audit whether a language model is safe enough to ship

    Asks a model batteries of probes for bias, hallucination and harm, grades the answers, and reports across versions.

    \b
    Exit codes: 0 done, or gate passed; 1 gate failed, or seal broken;
    2 wrong usage or configuration; 3 gate inconclusive;
    4 the audit could not finish, what was answered is kept;
    70 a bug of auditor; 130 interrupted, the same command goes on;
    141 the reader of the output left before all was written.

    Example:

    \b
        auditor demo
        auditor run ./my-model --name my-model@1.0 --suite quick
        auditor report my-model@1.0 my-model@1.1 -o report.html
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack the letters of an answer
    gc.set_threshold(*RARE_COLLECTIONS)
    try:
        cli(args=arguments, prog_name="auditor")
    except BrokenPipeError:  # of what click says itself of wrong usage
        sys.exit(_reader_left())
