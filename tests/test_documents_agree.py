"""README, docs and `--help` say the same, and what they say works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from auditor.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> dict[str, click.Command]:
    """Return every command by its words, `probes list` and the like included."""
    found = {}
    context = click.Context(cli, info_name="auditor")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": command.commands[sub] for sub in command.commands}
    return found


def test_every_command_is_in_the_prose() -> None:
    prose = "\n".join(page.read_text() for page in PAGES if page.name != "cli.md")
    missing = [name for name in COMMANDS if f"auditor {name}" not in prose]
    assert missing == []


def test_every_command_has_help_and_an_example_and_few_options() -> None:
    for name, command in commands().items():
        assert command.help and "Example:" in command.help, name
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert len(options) <= (16 if name == "run" else 12), name  # a run may also be judged, in one command for CI
        assert [one.name for one in options if not one.help] == [], name


def test_the_one_line_of_the_overview_is_the_commands_own() -> None:
    for name, (_, line) in COMMANDS.items():
        assert commands()[name].help.splitlines()[0] == line, name


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def test_help_is_light() -> None:
    code = (
        "import sys\n"
        "from auditor.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'vllm', 'pandas', 'sklearn', 'numpy', 'scipy', 'rich') if m in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


@pytest.mark.vllm
@pytest.mark.timeout(600)
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_every_block_of_the_tutorial_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text()
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == len(re.findall(r"^```\w", text, flags=re.MULTILINE))
    script = "set -euo pipefail\n" + "\n".join(blocks) + "\npwd\n"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shop.refunds: fine, 8 items in 8 families" in done.stdout
    assert "every file is what was sealed" in done.stdout
    report = (tmp_path / "my-audits" / "report.html").read_text()
    assert "Invents rules of the shop" in report and "tiny@1.1" in report
