"""`auditor report`: what runs found, as a page, on the terminal or for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.agreement import Label
    from auditor.render.extent import Sharing
    from auditor.render.material import Material
    from auditor.runs.record import Run

FORMS = {"json": "json", "md": "markdown", "csv": "csv", "model-card": "model_card"}
"""-f -> its module in `auditor.render.forms`."""
LARGE, LARGEST = 25_000_000, 100_000_000
"""Bytes of a page: mail and some hosts refuse more than the first, browsers become slow above the second."""


@click.command("report")
@click.argument("runs", type=TEXT, nargs=-1)
@click.option(
    "--policy", type=click.Path(path_type=Path), metavar="FILE", help="Policy that the candidate is judged by"
)
@click.option("--against", type=TEXT, metavar="RUN", help="Baseline [default: the run before the candidate]")
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="People's labels, as `auditor graders test` reads them; may be given again",
)
@click.option("--site", type=click.Path(path_type=Path), metavar="DIR", help="Bring the pages of a web site up to date")
@store_option
@click.option(
    "--transcripts",
    type=click.Choice(["all", "failures", "sample", "none"]),
    default="failures",
    show_default=True,
    help="Prompts and answers that the page holds",
)
@click.option("--redact", is_flag=True, help="Hide severe texts, and personal data that has a known form")
@click.option("--beside", is_flag=True, help="Write prompts and answers into a folder beside the page, of any size")
@click.option("--force", is_flag=True, help=f"Write one file, be it of more than {LARGEST // 10**6} MB")
@output_options("html", "terminal", *FORMS)
def command(
    runs: tuple[str, ...],
    policy: Path | None,
    against: str | None,
    labels: tuple[Path, ...],
    site: Path | None,
    store: str | None,
    transcripts: str,
    redact: bool,
    beside: bool,
    force: bool,
    form: str,
    output: Path | None,
) -> None:
    """Write the HTML report over versions

    RUNS are ordered from the oldest version to the newest; the last one is the candidate, and the one before it the
    baseline unless --against names another. The page is one offline file, report.html unless -o names another. With
    a policy it says whether the candidate may ship; the exit code is 0 all the same (`auditor gate` ends with the
    verdict). It holds every number and, of the prompts and answers, what failed and a sample of the rest, unless
    --transcripts says otherwise. Of more than 100 MB it writes a folder beside the page, report.html.data, which goes
    where the page goes. The other formats go to stdout: terminal tells each run by itself, json and csv hold
    every number, md is a document for a wiki, model-card a section with the metadata of a Hugging Face model card.

    With --site it keeps a folder of plain files for any web host: a report for each version against the one before
    it, and an index of all. RUNS are then all of the store, unless some are named; only what is new is made again.

    Example:

    \b
        auditor report my-model@1.0 my-model@1.1 -o report.html
        auditor report my-model@1.0 my-model@1.1 --policy policy.yaml
        auditor report my-model@1.0 my-model@1.1 --transcripts none
        auditor report my-model@1.1 -f terminal
        auditor report --site public --policy policy.yaml
    """
    from auditor.cli.deciding import decide
    from auditor.policy import read_policy
    from auditor.render.extent import Extent, Sharing
    from auditor.runs.baseline import open_against
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    if site is not None:
        from auditor.cli.site import write_site

        if against or output or beside or force or form != "html":
            raise click.UsageError(
                "--site goes with RUNS, --policy, --labels, --transcripts, --redact and --store only"
            )
        write_site(site, runs, policy, labels, workspace.store, Sharing(Extent(transcripts), redact))
        return
    if not runs:
        raise click.UsageError("Missing argument 'RUNS...'.")
    page = output or Path("report.html")
    if beside and (force or form != "html" or str(page) == "-"):
        raise click.UsageError("--beside goes with a page that is written to a file, and without --force")
    if force and form != "html":
        raise click.UsageError("--force goes with a page")
    opened = [open_run(run, workspace.store) for run in runs]
    for run, times in Counter(one.reference for one in opened).items():
        if times > 1:
            raise ConfigError(f"{run} is named {times} times", hint="name each run once, the oldest version first")
    named = open_against(against, workspace.store) if against else None
    for one in [*opened, *([named] if named else [])]:
        warn_of(one)
    base = named or (opened[-2] if len(opened) > 1 else None)
    decided = decide(read_policy(policy), opened[-1], base, workspace.store) if policy else None
    decision = decided.decision if decided else None
    if form == "terminal":
        from rich.console import Group

        from auditor.cli.summary import print_rich
        from auditor.render import terminal

        print_rich(Group(*(terminal.summary(run) for run in opened)), output)
        return
    from auditor.compare import asked_again
    from auditor.render.material import Material
    from auditor.render.versions import read_versions

    again = asked_again(workspace.store, base) if base else None
    sharing = Sharing(Extent(transcripts), redact)
    given = {
        "--policy": policy,
        "--against": named.reference if named else None,
        **sharing_words(sharing),
        "--beside": beside,
        "--force": force,
    }
    redo = redo_words(opened, given, labels)
    known = _read_labels(labels, opened)
    material = Material(read_versions(opened, named), redo, decision, again, known, sharing)
    if form == "html":
        _write_page(material, page, beside=beside, force=force)
    else:
        write(import_module(f"auditor.render.forms.{FORMS[form]}").report(material), output)


def _write_page(material: Material, page: Path, *, beside: bool, force: bool) -> None:
    """Write the page, and its folder where it is to have one or is too large without."""
    from auditor.errors import one_line
    from auditor.render.beside import Beside, folder_of, write_beside
    from auditor.render.html import render_material
    from auditor.render.visible import plain
    from auditor.whole import expect_file

    if str(page) == "-":
        text = render_material(material)
        _weigh(len(text.encode()), material.sharing, force=force)
        write(text, page)
        return
    expect_file(page)
    apart = replace(material, beside=Beside(folder_of(page).name))
    text = render_material(apart if beside else material)
    if not beside and not force and len(text.encode()) > LARGEST:
        beside, text = True, render_material(apart)
    files = apart.embedded.files if beside else {}
    _weigh(len(text.encode()), material.sharing, force=force, aside=not beside)
    write_beside(page, text, files)
    click.echo(f"report: {plain(one_line(str(page)))}", err=True)
    if files:
        folder, size = plain(one_line(str(folder_of(page)))), sum(map(len, files.values())) / 10**6
        told = f"{len(files):,} files, {size:,.1f} MB; keep it beside the page"
        click.echo(f"prompts and answers: {folder} ({told})", err=True)


def _weigh(size: int, sharing: Sharing, *, force: bool, aside: bool = False) -> None:
    """Warn of a page that is large, and refuse one that is too large; `aside`: its texts can go into a folder."""
    if size <= LARGE:
        return
    fact = f"the report is {size / 10**6:,.0f} MB"
    shrinks = {"all": "--transcripts failures", "failures": "--transcripts sample", "sample": "--transcripts none"}
    way = shrinks.get(sharing.transcripts.value)
    smaller = f"{way} makes it smaller" if way else "fewer versions make it smaller"
    if aside:
        smaller += ", --beside puts its texts into a folder"
    if size > LARGEST and not force:
        raise ConfigError(f"{fact}, and more than {LARGEST // 10**6} are hard to open", hint=f"{smaller}; or --force")
    click.echo(f"Warning: {fact}, which mail and some hosts refuse; {smaller}", err=True)


def _read_labels(files: Sequence[Path], runs: Sequence[Run]) -> list[Label]:
    """Read people's labels, and warn of those that are about none of the runs."""
    from auditor.agreement import read_labels, unmatched

    known = [label for path in files for label in read_labels(path)]
    if lost := unmatched(runs, known) if known else 0:
        click.echo(f"{lost} of {len(known)} labels are about no item of these runs", err=True)
    return known


def sharing_words(sharing: Sharing) -> dict[str, object]:
    """Return the options that say what a report holds and hides."""
    return {"--transcripts": sharing.transcripts.value, "--redact": sharing.redact}


def redo_words(runs: Sequence[Run], options: dict[str, object], labels: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the words of the command that makes a report on these runs; an option without a value is only a flag."""
    given = [
        part
        for name, value in options.items()
        if value not in (None, False)
        for part in ((name,) if value is True else (name, str(value)))
    ]
    given += [part for path in labels for part in ("--labels", str(path))]
    return ("auditor", "report", *(run.reference for run in runs), *given)
