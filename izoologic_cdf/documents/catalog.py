"""Which generated blocks there are, and which documents are looked through for them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from izoologic_cdf.bundle import layout
from izoologic_cdf.documents import commands, derived, form, guesses, mapping, measured, samples
from izoologic_cdf.documents.blocks import Producers, filled
from izoologic_cdf.documents.source import FEEDS, source

ROOT = Path(__file__).resolve().parent.parent.parent
"""The checkout: documents are no part of an installed package."""

_OF_A_FEED: dict[str, Callable[[str], str]] = {
    "parameters": form.parameters,
    "requests": derived.requests,
    "objects": mapping.objects,
    "attributes": mapping.attributes,
    "relations": mapping.relations,
    "derived": derived.derived,
    "average-run": measured.average_run,
}
_SAMPLES = (
    "case_sync.json",
    "case_detail.json",
    "case_communications.json",
    "case_file.txt",
    "dlr_synced_cases.json",
    "dlr_detail_1.json",
    "dlr_detail_2.json",
)

PRODUCERS: Producers = {
    **{f"{name}-{feed}": partial(of, feed) for feed in FEEDS for name, of in _OF_A_FEED.items()},
    **{f"sample-{name.partition('.')[0]}": partial(samples.sample, name) for name in _SAMPLES},
    "commands": commands.reference,
    "exit-codes": commands.exit_codes,
    "conventions-checklist": guesses.checklist,
    "alternatives": guesses.alternatives_shown,
    "conventions-uploaded": partial(guesses.listed, uploaded=True),
    "conventions-runtime": partial(guesses.listed, uploaded=False),
    "python-filters": derived.python_filters,
    "bundle": lambda: "\n".join(f"- `{member.path}`" for member in layout.MEMBERS),
    "demo-excerpt": measured.excerpt,
    "scenario-range": measured.scenario_range,
    "version": lambda: (
        f"Version {source(FEEDS[0]).version}, for ThreatQ "
        f"{source(FEEDS[0]).required_threatq_version}."
    ),
}


def documents(root: Path = ROOT) -> list[Path]:
    """Return the Markdown files of the project: at its top level and under docs/, sorted."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def stale(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield each document whose generated blocks are not up to date, with its due text.

    Raises:
        BlockError: markers that can't be followed.
        MeasureError: a measured run failed.
        DefinitionError: a definition can't be read.
    """
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        due = filled(text, path.relative_to(root).as_posix(), PRODUCERS)
        if due != text:
            yield path, due
