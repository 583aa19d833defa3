"""`auditor schema`: JSON Schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.options import write

KINDS = ("probe", "suite", "target", "config", "policy")


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file; - is stdout")
def command(kind: str, output: Path | None) -> None:
    """Print the JSON Schema of a file that people write

    Editors complete and check with it: `# yaml-language-server: $schema=probe.schema.json`.

    Example:

    \b
        auditor schema probe -o probe.schema.json
    """
    from auditor.battery.schema import ProbeDoc, SuiteDoc
    from auditor.config import Config
    from auditor.documents import Document
    from auditor.policy import Policy
    from auditor.target import Target

    models: dict[str, type[Document]] = {
        "probe": ProbeDoc,
        "suite": SuiteDoc,
        "target": Target,
        "config": Config,
        "policy": Policy,
    }
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **models[kind].model_json_schema()}
    write(json.dumps(schema, indent=2) + "\n", output)
