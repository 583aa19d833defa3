"""Section 11, can I redo it: commands, hashes, settings and versions of everything."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.polarity import Row
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.render.versions import Role, Version


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one version was audited."""

    label: str
    role: Role
    command: str
    facts: Mapping[str, str]
    probes: Sequence[Mapping[str, str]]
    """Empty where they are those of the candidate."""


@dataclass(frozen=True, slots=True)
class Redo:
    """How all of it was made."""

    command: str | None
    recipes: Sequence[Recipe]
    candidate: str


def build(material: Material) -> Redo:
    """Return the recipes, the candidate's first."""
    recipes = [_recipe(material, version) for version in reversed(material.versions)]
    return Redo(material.command, recipes, material.candidate.label)


def _recipe(material: Material, version: Version) -> Recipe:
    manifest = version.manifest
    probes = [_probe(probe) for probe in version.probes.values()]
    known = version is not material.candidate and probes == [_probe(one) for one in material.candidate.probes.values()]
    seeds = sorted({row["sampling"]["seed"] for row in version.run.iter_responses()})
    settings = {
        _("Run"): version.run.run_id,
        _("Source"): manifest["model"]["source"],
        _("Target"): _filled(manifest["model"]["target"]),
        _("Plan"): manifest["plan_hash"],
        _("Suite"): _("{id}, version {version}, {hash}").format(**manifest["suite"]),
        _("Grading layer"): version.run.layer,
        _("Graders"): version.graders_hash,
        _("Seeds of sampling"): ", ".join(map(str, seeds)),
        _("Fingerprint"): manifest["model"]["fingerprint"]["digest"],
        **{
            _("Fingerprint: {piece}").format(piece=name): piece
            for name, piece in manifest["model"]["fingerprint"]["pieces"].items()
        },
        **_engine(manifest["engine"]),
        _("Host"): manifest["host"],
        _("auditor"): _("version {auditor_version}, run format {schema_version}").format(**manifest),
    }
    return Recipe(
        label=version.label,
        role=version.role,
        command=shlex.join(manifest["command"]),
        facts={name: _text(value) for name, value in settings.items()},
        probes=[] if known else probes,
    )


def _engine(engine: Row | None) -> dict[str, Any]:
    if engine is None:
        return {_("Engine"): _("none was started: every answer was taken from earlier runs")}
    return {
        _("Engine"): f"{engine['name']} {engine['version']}",
        _("Engine settings"): engine["settings"],
        _("Software"): engine["software"],
    }


def _filled(settings: Row) -> dict[str, Any]:
    """Leave out what was not set."""
    told = {name: _filled(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    return {name: value for name, value in told.items() if value not in (None, {}, [])}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and value and not any(isinstance(inner, Mapping) for inner in value.values()):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return json.dumps(value, sort_keys=True)


def _probe(probe: Row) -> dict[str, str]:
    return {
        "id": probe["id"],
        "version": str(probe["version"]),
        "hash": probe["hash"],
        "grader": f"{probe['grader']['name']} {probe['grader']['version']}",
        "settings": _text(probe["grader"]["settings"]) if probe["grader"]["settings"] else "",
        "asked": _("{items:,} in {families:,}").format(items=probe["items"], families=probe["families"]),
        "licence": probe["licence"],
    }
