"""What the file holds: how many transcripts of how many and why, and what was hidden in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.render.catalogue import gettext as _
from auditor.render.catalogue import ngettext
from auditor.render.embed import entry
from auditor.render.extent import FAMILIES, SEED, Extent, has_failed
from auditor.render.material import Material
from auditor.render.redact import Redaction
from auditor.render.transcripts import Transcript


@dataclass(frozen=True, slots=True)
class Held:
    """Three sentences that stand wherever a reader could miss something."""

    kept: str
    why: Markup
    redacted: str
    """Empty where nothing was hidden."""


def build(material: Material) -> Held:
    """Return what to say of this file."""
    total = len(material.transcripts)
    kept = [transcript for transcript in material.transcripts if transcript.kept]
    said = ngettext(
        "%(kept)s of %(total)s transcript is in %(where)s.",
        "%(kept)s of %(total)s transcripts are in %(where)s.",
        total,
    )
    where = _("this file")
    if material.beside and material.embedded.files:
        where = _("the folder %(name)s, which belongs beside this file") % {"name": material.beside.folder}
    failed = sum(has_failed(transcript) for transcript in kept)
    return Held(
        kept=said % {"kept": f"{len(kept):,}", "total": f"{total:,}", "where": where},
        why=_why(Extent.ALL if len(kept) == total else material.sharing.transcripts, failed, len(kept) - failed),
        redacted=_redacted(material, material.veil, kept) if isinstance(material.veil, Redaction) else "",
    )


def _why(extent: Extent, failed: int, others: int) -> Markup:
    drawn = {"failed": f"{failed:,}", "others": f"{others:,}", "families": FAMILIES, "seed": SEED}
    options = {name.value: Markup("<code>--transcripts {}</code>").format(name.value) for name in Extent}
    match extent:
        case Extent.ALL:
            said = _("Every prompt and every answer is here.")
        case Extent.FAILURES:
            said = _(
                "They are all that failed, turned or could not be judged in any version shown (%(failed)s), and of "
                "the others (%(others)s) those of at most %(families)s families of each probe, drawn by chance with "
                "seed %(seed)s. %(all)s keeps every one."
            )
        case Extent.SAMPLE:
            said = _(
                "They are those of at most %(families)s families of each probe, drawn by chance with seed %(seed)s; "
                "failures are not favoured (%(failed)s of them failed or could not be judged). "
                "%(failures)s keeps all that failed."
            )
        case Extent.NONE:
            said = _(
                "It was made with %(none)s: numbers, names and verdicts alone, no prompt and no answer. "
                "%(failures)s keeps all that failed."
            )
    return Markup(said) % {**drawn, **options}


def _redacted(material: Material, veil: Redaction, kept: Sequence[Transcript]) -> str:
    """Return what was hidden in the transcripts of the file, by kind and number, and in settings and commands."""
    counts = veil.counted([entry(transcript) for transcript in kept])
    told = ", ".join(f"{kind} ({amount:,})" for kind, amount in sorted(counts.items()))
    set_so = veil.counted([material.command, *(version.manifest for version in material.versions)])
    said = _(
        "Hidden in transcripts: %(told)s; in settings and commands: %(set_so)s. Severe is every item of a probe of "
        "critical severity, and of one of high severity those that any version shown answered badly. Personal data is "
        "searched by its form, in names and settings too; that none is found does not prove that there is none. The "
        "numbers are the same as without redaction."
    )
    return said % {"told": told or _("nothing"), "set_so": ", ".join(sorted(set_so)) or _("nothing")}
