"""What `run`, `demo` and `probes try` share: from a MODEL argument to a finished run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from auditor.audit import run_audit
from auditor.claims import until_digest
from auditor.cli.options import Workspace
from auditor.cli.progress import ProgressBar
from auditor.compare import asked_again
from auditor.decidable import Planned, check_planned
from auditor.engines.interface import Engine
from auditor.engines.registry import load_engine
from auditor.engines.server_key import key_warning
from auditor.errors import ConfigError
from auditor.plan import Plan, Selection, make_plan
from auditor.policy import PolicyFile
from auditor.runs.record import Run, open_run
from auditor.stopping import Lookout
from auditor.target import MODEL_ID, default_name, read_target

T = TypeVar("T")


def prepare(
    workspace: Workspace,
    model: str,
    selection: Selection,
    *,
    name: str | None = None,
    flags: Mapping[str, Any] | None = None,
) -> tuple[Plan, Engine]:
    """Return the plan for a MODEL argument and the engine that will answer it; nothing is started.

    `flags` are settings of the target that were given on the command line; None is not given.
    """
    target = read_target(model, flags=flags, defaults=workspace.config.target)
    model_id = name or default_name(target)
    if not MODEL_ID.fullmatch(model_id):
        raise ConfigError(
            f"--name is '{model_id}', expected NAME@VERSION of letters, digits and . _ + -, "
            "each beginning with a letter or digit and at most 80 long",
            hint="e.g. my-model@1.0; the version 'latest' means the newest of all",
        )
    engine = load_engine(target)
    engine.check()
    if target.engine_name() == "http" and (warning := key_warning(target)):
        click.echo(f"Warning: {warning}", err=True)
    plan = make_plan(
        target,
        engine.fingerprint(),
        selection,
        model_id=model_id,
        library=workspace.library,
        config=workspace.config,
    )
    return plan, engine


def audit(
    workspace: Workspace,
    model: str,
    selection: Selection,
    *,
    command: Sequence[str],
    name: str | None = None,
    flags: Mapping[str, Any] | None = None,
    again: bool = False,
    policy: PolicyFile | None = None,
    until: Run | None = None,
) -> Run:
    """Audit a model with a progress bar and return the sealed run.

    A `policy` that does not fit what is planned is refused before anything is asked; `until` is the baseline against
    which the policy ends the run as soon as it is decided.
    """
    plan, engine = prepare(workspace, model, selection, name=name, flags=flags)
    lookout = None
    if policy is not None:
        check_planned(
            policy, Planned.of(plan), in_part=not plan.whole or policy.policy.suite not in (None, plan.suite.id)
        )
    if policy is not None and until is not None:
        plan = replace(plan, until=until_digest(policy.policy, until))
        lookout = Lookout(policy, until, plan)
    with ProgressBar(plan.model_id) as bar:
        path: Path = interruptible(
            run_audit(
                plan,
                engine,
                store=workspace.store,
                config=workspace.config,
                observer=bar,
                command=["auditor", *command],
                again=again,
                lookout=lookout,
            )
        )
    return open_run(str(path), workspace.store)


def repeat_baseline(workspace: Workspace, base: Run, *, flags: Mapping[str, Any] | None = None) -> Run:
    """Ask a baseline again, shuffled and of a new engine, unless that was done; returns the other run of it."""
    done = asked_again(workspace.store, base)
    if done is not None:
        return done
    suite = base.manifest["suite"]["id"]
    plan, _ = prepare(workspace, base.manifest["model"]["source"], Selection(suite), name=base.model_id, flags=flags)
    if plan.digest != base.manifest["plan_hash"]:
        raise ConfigError(
            f"{base.run_id} cannot be asked again as it was: the model, the suite or a probe is not what it was then",
            hint="audit the baseline anew with `auditor run`",
        )
    command = ["run", base.manifest["model"]["source"], "--name", base.model_id, "--suite", suite, "--again"]
    return audit(
        workspace,
        base.manifest["model"]["source"],
        Selection(suite),
        name=base.model_id,
        flags=flags,
        again=True,
        command=command,
    )


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; Ctrl-C and SIGTERM cancel it, so that engines close and journals are kept."""

    async def guarded() -> T:
        """Run the work where a signal can cancel it."""
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its loop
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
