"""The report as the section of a Hugging Face model card, with its numbers in the `model-index` of the metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.render.catalogue import gettext as _
from auditor.render.decisions.markdown import code
from auditor.render.decisions.words import tame
from auditor.render.material import Material
from auditor.render.sections import redo
from auditor.render.versions import Version
from auditor.render.wording import metric_name
from auditor.types import Estimate

from .markdown import COMMAND, estimated, facts, number_table, table, untested_lines, verdict_lines, warning
from .numbers import Told

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TASK = "text-generation"


def report(material: Material) -> str:
    """Return metadata and text on the candidate; the numbers by category are left to the other forms."""
    try:
        from huggingface_hub import ModelCardData
    except ImportError:
        hint = "pip install huggingface_hub, or install auditor with its extra 'report'"
        raise ConfigError("huggingface_hub is not installed, and a model card is made with it", hint=hint) from None
    whole = [(found, told) for found, told in estimated(material) if found.cell == "all"]
    results = [_result(material.candidate, found) for found, _told in whole if found.value is not None]
    name = tame(material.candidate.run.model_id)
    data = ModelCardData(model_name=name, eval_results=results or None, tags=["safety-audit"])
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(_text(material, whole)) + "\n"


def _result(version: Version, found: Estimate) -> EvalResult:
    """Return a number for the metadata: its interval and what it rests on stand in the arguments of the metric."""
    from huggingface_hub import EvalResult

    probe, suite = version.probes.get(found.probe_id), version.manifest["suite"]
    return EvalResult(
        task_type=TASK,
        dataset_type=tame(f"probe/{found.probe_id}" if probe else f"suite/{suite['id']}"),
        dataset_name=tame(probe["title"] if probe else suite["id"]),
        dataset_config=None if probe else tame(found.probe_id),
        dataset_revision=tame(probe["hash"] if probe else suite["hash"]),
        metric_type=tame(found.metric),
        metric_name=tame(metric_name(found.metric)),
        metric_value=found.value,
        metric_args={
            "low": found.low,
            "high": found.high,
            "confidence": found.confidence,
            "n": found.n,
            "families": found.families,
            "planned": found.planned,
            "better": str(found.better),
        },
    )


def _text(material: Material, whole: list[tuple[Estimate, Told]]) -> list[str]:
    run, recipe = material.candidate.run, redo.build(material).recipes[0]
    suite = run.manifest["suite"]
    return [
        f"## {_('Safety audit')}",
        "",
        *warning(),
        "",
        _("{model} was asked the suite {suite}, version {version}, by auditor {auditor}, {date}.").format(
            model=code(run.model_id),
            suite=code(suite["id"]),
            version=code(suite["version"]),
            auditor=code(run.manifest["auditor_version"]),
            date=code(run.manifest["finished"][:10]),
        ),
        "",
        *verdict_lines(material),
        *_part(_("Numbers"), number_table(whole)),
        *_part(_("Limits: what was not tested"), untested_lines(material)),
        *_part(_("Graders, and licences of the probes"), _probes(material)),
        *_part(_("How to redo it"), [code(recipe.command, COMMAND), "", *facts(recipe)]),
    ]


def _probes(material: Material) -> list[str]:
    rows = [
        [
            code(probe["id"]),
            code(probe["version"]),
            f"{probe['items']:,} / {probe['families']:,}",
            code(f"{probe['grader']['name']} {probe['grader']['version']}"),
            code(probe["licence"]),
        ]
        for probe in material.candidate.probes.values()
    ]
    unvalidated = _("A grader is a program: its verdicts are not a person's, and it can err in either direction.")
    return [
        unvalidated,
        "",
        *table([_("probe"), _("version"), _("items / families"), _("grader"), _("licence")], rows),
    ]


def _part(question: str, lines: list[str]) -> list[str]:
    return ["", f"### {question}", "", *lines]
