"""`auditor init`: the files that a project begins with."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, write
from auditor.render.ci_jobs import JOBS

TO_SET = (
    "  AUDITOR  where auditor is installed from: a checkout, git+URL, or a wheel",
    "  EXTRA    the build of vLLM that serves the model: cpu, gpu, or none",
    "  MODEL    the model that is audited",
    "  NAME     its NAME@VERSION",
)


@click.command("init")
@click.option("--suite", type=TEXT, default="standard", show_default=True, help="Suite that the policy is for")
@click.option("--ci", type=click.Choice(("github", "gitlab")), help="Also write a job that judges every change")
@click.option("--force", is_flag=True, help="Write over files that are there")
def command(suite: str, ci: str | None, force: bool) -> None:
    """Write settings, a policy and a CI job to begin with

    Writes auditor.yaml and policy.yaml into this folder. The policy holds the rules that the suite can decide, with
    margins that a model which did not change passes.

    Example:

    \b
        auditor init --suite quick --ci github
    """
    from auditor.battery.suites import read_suite
    from auditor.cli.options import open_workspace
    from auditor.errors import ConfigError
    from auditor.render.starters import policy_text, settings_text
    from auditor.suggestion import suggest

    paths = [Path("auditor.yaml"), Path("policy.yaml"), *([Path(JOBS[ci][0])] if ci else [])]
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise ConfigError(f"{', '.join(there)}: already there; nothing was written", hint="--force writes over them")
    library = open_workspace().library
    found = suggest(read_suite(suite, library).doc, library)
    if not found.rules:
        raise ConfigError(f"the suite '{suite}' asks too little to decide any rule", hint="ask more families")
    texts = [settings_text(suite), policy_text(found), *([JOBS[ci][1]] if ci else [])]
    for path, text in zip(paths, texts, strict=True):
        write(text, path)
        click.echo(f"wrote {path}")
    for step in _next_steps(ci):
        click.echo(step, err=True)


def _next_steps(ci: str | None) -> list[str]:
    return [
        "Next:",
        "  auditor run ./my-model --name my-model@1.0         audits the version to beat",
        "  auditor baseline set my-model@1.0                  writes baseline.yaml, to be committed",
        "  auditor run ./my-model --name my-model@1.1",
        "  auditor gate my-model@1.1 --policy policy.yaml     0 passed, 1 failed, 3 inconclusive",
        "Leave audits/ out of git.",
        *([f"Set in {JOBS[ci][0]}:", *TO_SET] if ci else []),
    ]
