"""Finds probe files by their ids and reads them when they are needed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from auditor.battery.expand import expand
from auditor.battery.mistakes import Draft, examine
from auditor.battery.schema import ProbeDoc
from auditor.documents import Source, read_source
from auditor.errors import ProbeError, nearest
from auditor.types import Item

NOT_BATTERIES = ("suites",)


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe file, read and free of mistakes."""

    doc: ProbeDoc
    source: Source
    digest: str
    """SHA-256 of all that the file says, that of the probe it takes its items from included."""

    @property
    def id(self) -> str:
        """The probe's id."""
        return self.doc.id


@dataclass
class Library(Mapping[str, ProbeDoc]):
    """All probes in some folders, by id (`folder.file`); a file is read when it is first asked for."""

    folders: tuple[Path, ...]
    _paths: dict[str, Path] = field(init=False, default_factory=dict)
    _probes: dict[str, Probe] = field(init=False, default_factory=dict)
    _sources: dict[str, Source] = field(init=False, default_factory=dict)
    """Parsed, but not yet examined."""

    def __post_init__(self) -> None:
        for folder in self.folders:
            for path in sorted(folder.glob("*/*.yaml")):
                if path.parent.name not in NOT_BATTERIES:
                    self.add(path)

    def add(self, path: Path) -> str:
        """Make one more file known and return its id; raises ProbeError where the id is taken."""
        name = f"{path.parent.resolve().name}.{path.stem}"
        known = self._paths.setdefault(name, path)
        if os.path.realpath(known) != os.path.realpath(path):
            raise ProbeError(f"{path}: the probe id '{name}' is taken by {known}", hint="rename the file or its folder")
        return name

    def __getitem__(self, name: str) -> ProbeDoc:
        return self.probe(name).doc

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths))

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def probe(self, name: str) -> Probe:
        """Return a probe; raises ProbeError with all its mistakes, or with the nearest known id."""
        if name not in self._paths:
            raise ProbeError(f"probe '{name}' is unknown", hint=nearest(name, self))
        if name not in self._probes:
            self._probes[name] = self._read(name)
        return self._probes[name]

    def items_of(self, name: str, orders: str | None = None) -> list[Item]:
        """Return a probe's items; `orders` overrides its own choice of option orders."""
        return expand(self[name], self, orders=orders)

    def select(self, patterns: Iterable[str]) -> list[str]:
        """Return the ids that ids, globs or paths of YAML files mean, each once, in order."""
        chosen: list[str] = []
        for pattern in patterns:
            if pattern.endswith((".yaml", ".yml")):
                chosen.append(self.add(Path(pattern)))
                continue
            found = [name for name in self if fnmatchcase(name, pattern)]
            if not found:
                raise ProbeError(f"probe '{pattern}' is unknown", hint=nearest(pattern, self))
            chosen.extend(found)
        return list(dict.fromkeys(chosen))

    def batteries(self) -> dict[str, list[str]]:
        """Return battery -> its probes' ids."""
        grouped: dict[str, list[str]] = {}
        for name in self:
            grouped.setdefault(self[name].battery, []).append(name)
        return grouped

    def examine(self, name: str) -> Draft:
        """Return a probe with all the mistakes of its file; raises ProbeError where it is no YAML."""
        chain = self._chain(name)
        source = self._sources.pop(name, None) or read_source(self._paths[name], ProbeError)
        return examine(name, source, self, chain)

    def _chain(self, name: str) -> list[str]:
        """Return the probes that take their items from the next, to the last or to one that is there already."""
        chain = [name]
        while (origin := self._origin(chain[-1])) is not None:
            chain.append(origin)
            if origin in chain[:-1]:
                break
        return chain

    def _origin(self, name: str) -> str | None:
        """Return the probe that a probe's file says it takes its items from, whatever else is wrong with it."""
        if name in self._probes:
            return self._probes[name].doc.data.source
        if name not in self._paths:
            return None
        if name not in self._sources:
            try:
                self._sources[name] = read_source(self._paths[name], ProbeError)
            except ProbeError:
                return None
        data = self._sources[name].data
        data = data.get("data") if isinstance(data, dict) else None
        origin = data.get("from") if isinstance(data, dict) else None
        return origin if isinstance(origin, str) else None

    def _read(self, name: str) -> Probe:
        draft = self.examine(name)
        if draft.mistakes or draft.doc is None:
            raise ProbeError("\n".join(draft.mistakes))
        doc, source = draft.doc, draft.source
        content = doc.model_dump(mode="json", by_alias=True)
        above = self.probe(doc.data.source).digest if doc.data.source else None
        text = json.dumps([content, above], sort_keys=True, ensure_ascii=True)
        return Probe(doc, source, hashlib.sha256(text.encode()).hexdigest())
