"""`auditor.yaml`: what changes rarely. A flag wins over the environment, which wins over the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from auditor.documents import Document, PathText, Source, parse, plain, read_source
from auditor.errors import ConfigError
from auditor.target import TargetSettings

FILE = "auditor.yaml"
PREFIX = "AUDITOR_"


class Price(Document):
    """What one model costs; the sum of all that is given."""

    prompt_per_million: float = Field(default=0.0, ge=0)
    completion_per_million: float = Field(default=0.0, ge=0)
    per_hour: float = Field(default=0.0, ge=0)


class Config(Document):
    """The settings of a project."""

    store: PathText = "audits"
    """Folder or fsspec URL of the runs."""
    probes: list[PathText] = ["probes"]
    """Folders of own probes, beside the file."""
    suite: PathText = "standard"
    confidence: float = Field(default=0.95, gt=0.5, le=0.999)
    currency: str = "USD"
    prices: dict[str, Price] = {}
    """Model name (without version), or `default`, -> price."""
    watts_per_core: float = Field(default=10.0, gt=0)
    """Used to estimate energy where no GPU reports it; a server core under load draws about 5 to 15 W."""
    target: TargetSettings = TargetSettings()
    """Engine settings for every target, as in `target.yaml`; a target's own win."""


def read_config(path: Path | None = None) -> Config:
    """Return the settings of `path`, or of `auditor.yaml` in this folder, under the environment's.

    Every plain field can also be set as `AUDITOR_FIELD`.
    """
    file = path or Path(FILE)
    if path or file.exists():
        source = read_source(file, ConfigError)
        if source.data is None:
            config = Config()
        else:
            config = parse(source, Config, ConfigError)
            if "probes" not in plain(source.data):
                config = config.model_copy(update={"probes": _own_folders(file.parent)})
            else:
                folders = [str(file.parent / folder) for folder in config.probes]
                _must_be_there(source, folders)
                config = config.model_copy(update={"probes": folders})
    else:
        config = Config(probes=_own_folders(Path()))
    return _with_environment(config)


def _own_folders(folder: Path) -> list[str]:
    return [str(folder / "probes")] if (folder / "probes").is_dir() else []


def _must_be_there(source: Source, folders: list[str]) -> None:
    for place, folder in enumerate(folders):
        if not Path(folder).is_dir():
            raise ConfigError(source.at(["probes", place], f"there is no folder '{folder}'"))


def _with_environment(config: Config) -> Config:
    changes: dict[str, Any] = {}
    for name, info in Config.model_fields.items():
        text = os.environ.get(PREFIX + name.upper())
        if text is None or info.annotation not in (str, float):
            continue
        try:
            changes[name] = info.annotation(text)
        except ValueError:
            raise ConfigError(f"{PREFIX}{name.upper()} is '{text}', expected a number") from None
    try:
        return Config.model_validate({**config.model_dump(exclude_unset=True), **changes})
    except ValidationError as problem:
        name = PREFIX + str(problem.errors()[0]["loc"][0]).upper()
        fact = problem.errors()[0]["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise ConfigError(f"{name} is '{os.environ[name]}', {fact}") from None
