"""`auditor schema`: JSON Schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import write

if TYPE_CHECKING:
    from pydantic import BaseModel

KINDS = ("probe", "suite", "target", "config", "policy", "comparison", "decision", "report")


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file; - is stdout")
def command(kind: str, output: Path | None) -> None:
    """Print the JSON Schema of a file

    Of those that people write, editors complete and check with it: `# yaml-language-server: $schema=probe.schema.json`.
    `comparison`, `decision` and `report` are what `compare`, `gate` and `report` write with -f json.

    Example:

    \b
        auditor schema probe -o probe.schema.json
    """
    from auditor.battery.schema import ProbeDoc, SuiteDoc
    from auditor.config import Config
    from auditor.policy import Policy
    from auditor.render.decisions.json import ComparisonFile, DecisionFile
    from auditor.render.forms.json import ReportFile
    from auditor.target import Target

    written: dict[str, type[BaseModel]] = {
        "comparison": ComparisonFile,
        "decision": DecisionFile,
        "report": ReportFile,
    }
    models: dict[str, type[BaseModel]] = {
        "probe": ProbeDoc,
        "suite": SuiteDoc,
        "target": Target,
        "config": Config,
        "policy": Policy,
    }
    if kind in written:
        found = written[kind].model_json_schema(mode="serialization")
    else:
        found = models[kind].model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    write(json.dumps(schema, indent=2) + "\n", output)
