"""`auditor report --site`: which runs it holds, how its pages are made, and what is said meanwhile."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import click

from auditor.agreement import Label, read_labels
from auditor.cli.deciding import decide
from auditor.cli.report import redo_words, sharing_words
from auditor.compare import asked_again
from auditor.errors import ConfigError, DataError, one_line
from auditor.history import versions_of
from auditor.policy import PolicyFile, read_policy
from auditor.render.extent import Sharing
from auditor.render.material import Material
from auditor.render.site import Builder, Entry, build
from auditor.render.versions import read_versions
from auditor.render.visible import plain
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store
from auditor.runs.stored import State

Models = dict[str, list[Run]]


def write_site(
    folder: Path,
    runs: Sequence[str],
    policy: Path | None,
    labels: Sequence[Path],
    store: Store,
    sharing: Sharing,
) -> None:
    """Bring a site up to date with the store, or with some of its runs."""
    reader = Reader(store, policy, read_policy(policy) if policy else None, labels, sharing)
    models, left_out = _named(runs, store) if runs else _all(store)
    with _progress() as tell:
        built = build(
            folder,
            models,
            left_out,
            Builder(
                material=reader.material,
                made_from=reader.made_from,
                policy=str(policy) if policy else None,
                tell=tell,
                warn=_warn,
            ),
        )
    kept = built.pages - built.made
    counts = f"models {built.models}, versions {built.pages}, made {built.made}, kept {kept}, removed {built.removed}"
    click.echo(f"site: {folder / 'index.html'}: {counts}", err=True)


def _all(store: Store) -> tuple[Models, list[str]]:
    """Return one intact run of each version in the store, and the names of those that are left out."""
    stored = store.runs()
    names = dict.fromkeys(run.model_id.rpartition("@")[0] for run in stored if run.state is State.SEALED)
    if not names:
        raise ConfigError(f"the store {store.root} holds no finished run", hint="auditor run MODEL")
    told = [f"{run.run_id} is left out: {run.problem}" for run in stored if run.state is State.DAMAGED]
    models: Models = {}
    for name in names:
        runs, notes = versions_of(store, name)
        told += notes
        if runs:
            models[name] = runs
    for note in dict.fromkeys(told):
        _say("Warning" if " is left out: " in note else "Note", note)
    if not models:
        raise DataError(f"no run in {store.root} is as it was sealed", hint="auditor verify RUN names what has changed")
    return models, [run.run_id for run in stored if any(one.startswith(f"{run.run_id} is left out: ") for one in told)]


def _named(references: Sequence[str], store: Store) -> tuple[Models, list[str]]:
    """Return the runs that were named, by model, and the names of those that are left out."""
    models: Models = {}
    left_out = []
    for run in [open_run(reference, store) for reference in references]:
        if run.problems:
            _warn(f"{run.reference} is left out: it is not as it was sealed: {'; '.join(run.problems)}")
            left_out.append(run.reference)
        else:
            models.setdefault(run.model_id.rpartition("@")[0], []).append(run)
    if not models:
        raise DataError("no named run is as it was sealed", hint="auditor verify RUN names what has changed")
    return models, left_out


@dataclass
class Reader:
    """Reads what the reports show."""

    store: Store
    policy: Path | None
    file: PolicyFile | None
    label_files: Sequence[Path]
    sharing: Sharing

    @cached_property
    def labels(self) -> list[Label]:
        """What people say that answers are."""
        return [label for path in self.label_files for label in read_labels(path)]

    @cached_property
    def plans(self) -> Counter[str]:
        """How often each plan was carried out."""
        return Counter(run.plan_hash for run in self.store.runs())

    def material(self, entry: Entry) -> Material:
        """Return what the report on a version shows."""
        *before, run = entry.open()
        base = before[0] if before else None
        decision = decide(self.file, run, base, self.store).decision if self.file else None
        again, command = self.again(entry), self.command(entry)
        return Material(read_versions([*before, run]), command, decision, again, self.labels, self.sharing)

    def made_from(self, entry: Entry) -> list[str]:
        """Return what goes into that report besides its runs; a waiver that has expired is another one."""
        again = self.again(entry)
        known = [*self.command(entry), again.run_id if again else "", *map(_hash, self.label_files)]
        if self.file is None or self.policy is None:
            return known
        expired = [str(waiver.expires < datetime.now(UTC).date()) for waiver in self.file.policy.waivers]
        anchor = [open_run(self.file.policy.anchor.run, self.store).run_id] if self.file.policy.anchor else []
        return [*known, _hash(self.policy), *expired, *anchor]

    def again(self, entry: Entry) -> Run | None:
        """Return the version before, asked again."""
        if entry.before is None or self.plans[entry.before.manifest["plan_hash"]] < 2:
            return None
        return asked_again(self.store, entry.before.run)

    def command(self, entry: Entry) -> tuple[str, ...]:
        """Return the words of what makes the same report alone."""
        runs = [one.run for one in (entry.before, entry.version) if one is not None]
        return redo_words(runs, {"--policy": self.policy, **sharing_words(self.sharing)}, self.label_files)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show on stderr how far the build is: a bar on a terminal, else a line for each page."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda path, place, total: click.echo(f"site: {path} ({place + 1} of {total})", err=True)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("site")
        yield lambda path, place, total: bar.update(task, description=path, completed=place, total=total)


def _warn(text: str) -> None:
    _say("Warning", text)


def _say(kind: str, text: str) -> None:
    click.echo(f"{kind}: {plain(one_line(text))}", err=True)
