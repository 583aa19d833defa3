"""Help is short, useful and quick, for every command."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from auditor.cli import COMMANDS, cli

HEAVY = ("torch", "vllm", "pandas", "numpy", "scipy", "sklearn", "aiohttp")


def commands() -> list[tuple[str, ...]]:
    """Return the words of every command."""
    found = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_says_what_it_does_and_gives_an_example(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*words, "--help"], prog_name="auditor")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Usage: auditor {' '.join(words)} ")
    said = lines[lines.index("") + 1]  # the usage may take several lines
    assert said.strip() and not said.rstrip().endswith("."), "one line without a full stop"
    after = lines[lines.index("  Example:") + 1 :]
    assert after[1].strip().startswith(f"auditor {words[0]}"), "an example that can be pasted"
    short = CliRunner().invoke(cli, [*words, "-h"], prog_name="auditor")
    assert short.stdout == done.stdout


def test_no_help_loads_what_only_audits_need() -> None:
    code = f"""
import contextlib, io, json, sys
from auditor.cli import cli
for words in {[[], *map(list, commands())]!r}:
    with contextlib.redirect_stdout(io.StringIO()):
        cli([*words, "--help"], standalone_mode=False)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(said.stdout) == []
