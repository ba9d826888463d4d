"""The kinds of change between two versions, and what each means for an administrator."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change: its heading, and what to expect or to do."""

    title: str
    means: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `old` is null for what was added, `new` for what was removed.

    Both are null where the kind of the change and `what` say it all.
    """

    kind: str
    where: str
    what: str
    old: str | None = None
    new: str | None = None


_OVERWRITES = (
    "ThreatQ asks for confirmation, then the new configuration overwrites the stored one: "
)

# in the order in which they are reported
KINDS: Mapping[str, Kind] = {
    "failed-run": Kind(
        "Runs that did not complete",
        "What such a run would have ingested is missing below, so the objects cannot be compared.",
    ),
    "version": Kind(
        "Versions",
        "The platform takes the file only where its own version is in the required range.",
    ),
    "feed-added": Kind(
        "Feeds added",
        "A primary feed has to be chosen at the upload, configured and enabled. The other kinds "
        "are called by it and need nothing.",
    ),
    "feed-removed": Kind(
        "Feeds removed",
        "What a primary feed ingested stays in the library. No public source says what becomes of "
        "the installed feed: disable it on the platform.",
    ),
    "feed-renamed": Kind(
        "Feeds renamed",
        "The name of a feed is the source of what it ingests: objects of earlier runs keep the old "
        "source, and get the new one when they are reported again.",
    ),
    "namespace": Kind(
        "Namespaces",
        "The namespace identifies a feed, so a changed one is probably a new feed to the platform: "
        "configure and enable it, and disable the old one, or both will ingest.",
    ),
    "feed-setting": Kind(
        "Settings of feeds",
        "They take effect from the first run after the upgrade; what is stored is not touched.",
    ),
    "field-added": Kind(
        "User fields added",
        f"{_OVERWRITES}note yours before the upload, and fill these in after it.",
    ),
    "field-removed": Kind(
        "User fields removed",
        f"{_OVERWRITES}what you entered there is lost, and nothing reads it any more.",
    ),
    "field-default": Kind(
        "Defaults of user fields changed",
        f"{_OVERWRITES}set these again where you do not want the new default.",
    ),
    "field-changed": Kind(
        "User fields changed", f"{_OVERWRITES}note yours before the upload, and compare after it."
    ),
    "identity": Kind(
        "Object identity",
        "An object is known by its value (an event by title and type). Objects of earlier runs "
        "keep the old identity and are not updated any more; the same cases become new objects "
        "beside them when they are reported again. Nothing is migrated.",
    ),
    "object-added": Kind(
        "Object sets added", "The feed can report these objects beside the ones that it did."
    ),
    "object-removed": Kind(
        "Object sets removed", "Objects of earlier runs stay, and are not updated any more."
    ),
    "object-rule": Kind(
        "Objects: descriptions, dates and relations",
        "An object gets them when it is reported again; until then it stays as it is.",
    ),
    "attribute-added": Kind(
        "Attributes added",
        "Objects get them when they are reported again; older cases only by a manual run.",
    ),
    "attribute-removed": Kind(
        "Attributes removed",
        "Stored ones stay as they are; searches and reports that use them find no newer ones.",
    ),
    "attribute-rule": Kind(
        "Attributes with another rule",
        "A value that comes out differently is added beside the stored one, unless an ingest rule "
        "of the attribute replaces it.",
    ),
    "ingest-rule-added": Kind(
        "Ingest rules added",
        "From now on a changed value replaces the stored ones; until it changes they stay.",
    ),
    "ingest-rule-removed": Kind(
        "Ingest rules removed", "From now on a changed value stands beside the stored one."
    ),
    "request": Kind(
        "Requests to the API",
        "Check the first run after the upgrade in the activity log of the feed.",
    ),
    "steps": Kind(
        "Steps of the data on the way to the objects",
        "They can change any value. Running both shows what they do to known data.",
    ),
    "template-value": Kind(
        "Values that expressions use", "They take effect wherever an expression names them."
    ),
    "result-removed": Kind(
        "Objects that only the old version makes",
        "Where they are stored already they stay, and are not updated any more.",
    ),
    "result-added": Kind(
        "Objects that only the new version makes",
        "They appear beside the stored ones when their cases are reported.",
    ),
    "result-changed": Kind(
        "Objects that come out differently",
        "A stored attribute or relation that is no longer reported stays.",
    ),
}
