"""What RUN means on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from auditor.errors import ConfigError, DataError, SealError, nearest
from auditor.runs.stored import State, Stored

LATEST = "latest"
RESUME = "give the command that began it again: it goes on where it stopped"


def find(reference: str, runs: Sequence[Stored]) -> Stored:
    """Return the run that `name@version`, `name@latest` or a run id, or the start of one, means.

    `runs` are in the order of their start. The start of an id must hold the whole date behind its `name@version`,
    so that neither `bot@1` nor `bot@1.2` ever means a run of `bot@1.20260101` or of `bot@1`.
    """
    exact = [run for run in runs if run.run_id == reference]
    newest = [run for run in runs if run.state is State.SEALED and _is_of(run, reference)][-1:]
    begun = [run for run in runs if run.run_id.startswith(reference) and _holds_date(reference, run)]
    meant = exact or [*newest, *(run for run in begun if run not in newest)]
    if len(meant) > 1:
        choices = "\n".join(f"  {run.run_id}  {run.state}  {run.path}" for run in meant)
        raise ConfigError(f"'{reference}' could mean one of:\n{choices}", hint="give more of the run id")
    if not meant:
        raise _unknown(reference, runs)
    hidden = [run for run in runs if run.state is State.DAMAGED and _could_be(run, reference)]
    if newest and not exact and hidden and _began(hidden[-1].run_id) > _began(newest[0].run_id):
        raise SealError(
            f"the newest run of '{reference}', {hidden[-1].run_id}, is damaged: {hidden[-1].problem}",
            hint=f"name the older run {newest[0].run_id} where that is meant",
        )
    if meant[0].state is State.DAMAGED:
        raise DataError(f"run '{reference}' cannot be read: {meant[0].problem}")
    return meant[0]


def with_layer(run: Stored, layer: str | None) -> Stored:
    """Return the run as seen through a layer."""
    return replace(run, layer=layer) if layer else run


def could_be_of_plan(run: Stored, plan_hash: str, model_id: str | None) -> bool:
    """Return whether a damaged run, of which only the folder's name is known, is of a plan."""
    name, *ends = run.path.name.rsplit(".", 2)
    return len(ends) == 2 and ends[1] == plan_hash[:8] and model_id in (None, name)


def _is_of(run: Stored, reference: str) -> bool:
    name, _, version = reference.rpartition("@")
    return run.model_id.rpartition("@")[0] == name if version == LATEST else run.model_id == reference


def _could_be(run: Stored, reference: str) -> bool:
    """Return whether a damaged run, of which only the folder's name is known, is of a reference."""
    model_id = run.path.name.rsplit(".", 2)[0]
    name, _, version = reference.rpartition("@")
    return model_id.rpartition("@")[0] == name if version == LATEST else model_id == reference


def _holds_date(reference: str, run: Stored) -> bool:
    """Return whether the start of a run's id reaches to the dash behind its date."""
    return bool(run.model_id) and re.match(r"\.\d{8}-", reference.removeprefix(run.model_id)) is not None


def _began(run_id: str) -> str:
    """Return the time that a run's id tells, as text that sorts."""
    return run_id.rsplit(".", 2)[1] if run_id.count(".") >= 2 else ""


def _unknown(reference: str, runs: Sequence[Stored]) -> ConfigError | DataError:
    unfinished = [run.run_id for run in runs if run.state is State.UNFINISHED and _is_of(run, reference)]
    if unfinished:
        return ConfigError(
            f"'{reference}' has no finished run, only {', '.join(unfinished)}",
            hint=RESUME,
        )
    damaged = [run for run in runs if run.state is State.DAMAGED and run.run_id.rsplit(".", 2)[0] == reference]
    if damaged:
        return DataError(
            f"run '{damaged[-1].run_id}' cannot be read: {damaged[-1].problem}",
            hint=damaged[-1].hint or f"`auditor verify {damaged[-1].path}` names what has changed",
        )
    if not runs:
        return ConfigError(f"there is no run '{reference}': the store is empty", hint="auditor run MODEL")
    names = {run.model_id for run in runs if run.model_id}
    known = names | {f"{name.rpartition('@')[0]}@{LATEST}" for name in names} | {run.run_id for run in runs}
    hint = nearest(reference, known) or "auditor run MODEL makes one"
    return ConfigError(f"there is no run '{reference}'", hint=hint)
