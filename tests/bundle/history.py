"""Makes the reconstruction of 1.0.0 from today's definition, and the story `diff` tells of it.

`python -m tests.bundle.history` writes both; tests refuse a stale one. The vendor's own file of
1.0.0 is not public. What is known of it is the change log of the guide, so each replacement below
undoes one sentence of it, and everything else is as it is today.
"""

import argparse
import contextlib
import functools
import io
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.cli import emulator_commands
from izoologic_cdf.content import folder

OLD_NAME, NEW_NAME = "izoologic_sync_cases-1.0.0.yaml", "izoologic_sync_cases-1.1.0.yaml"
FIXTURE = folder("fixtures") / "history" / OLD_NAME
GOLDEN = Path(__file__).parent / "diff_1.0.0_to_1.1.0.txt"
DEFINITION = folder("feeds") / "izoologic_sync_cases.yaml"


@dataclass(frozen=True)
class Undone:
    """One replacement in the authored definition."""

    version: str
    says: str
    today: str
    before: str


UNDONE = [
    Undone(
        "1.1.0",
        "The Case ID is now used as the object value: before, it was the URL.",
        "value: !expr data.caseId if not user_fields.ingest_as_event else []",
        "value: !expr data.feed_results.url if not user_fields.ingest_as_event else []",
    ),
    Undone(
        "1.1.0",
        "The same for an Event, whose title is its value.",
        "title: !expr data.caseId if user_fields.ingest_as_event else []",
        "title: !expr data.feed_results.url if user_fields.ingest_as_event else []",
    ),
    Undone(
        "1.0.1",
        "A status of null was not mapped: nothing stood in for it.",
        "status: !expr value.get('statusdescription', value.newest)\n",
        "status: !expr value.get('statusdescription')\n",
    ),
    Undone(
        "1.0.1",
        "Duplicate statuses in spite of the ingest rule: why the rule had no effect is not known, "
        "so here there is none.",
        "        - {name: Status, rule: update}\n",
        "",
    ),
    Undone(
        "1.0.1",
        "The choice between added and detection date was not honoured: always the detection date.",
        """\
            value.added.text or value.detected.text if user_fields.use_added_date
            else value.detected.text or value.added.text
""",
        "            value.detected.text or value.added.text\n",
    ),
]
COMMENT = """\
# iZoologic Sync Cases 1.0.0: a reconstruction, not the vendor's file, which is not public.
#
# Today's built definition with what the change log of the guide says undone:
{undone}
# Made by `python -m tests.bundle.history`; for `izoologic-cdf diff`, never for an upload.

"""


@functools.cache
def reconstruction() -> str:
    """Return the text of the reconstructed 1.0.0.

    Raises:
        ValueError: a text that is to be replaced is not there exactly once.
    """
    text = DEFINITION.read_text(encoding="utf-8")
    text = _once(text, 'version: "1.1.0"', 'version: "1.0.0"')
    for undone in UNDONE:
        text = _once(text, undone.today, undone.before)
    with tempfile.TemporaryDirectory() as made:
        authored = Path(made) / DEFINITION.name
        authored.write_text(text, encoding="utf-8")
        built = build_yaml(authored, folder("filters"))
    _, _, body = built.partition("\n\n")
    sentences = [
        textwrap.fill(f"- ({one.version}) {one.says}", 96, subsequent_indent="  ") for one in UNDONE
    ]
    return COMMENT.format(undone=textwrap.indent("\n".join(sentences), "# ")) + body


@functools.cache
def today() -> str:
    """Return the text of the definition that is built today."""
    return build_yaml(DEFINITION, folder("filters"))


def story(*fields: str) -> str:
    """Return what the command prints of the upgrade from 1.0.0 with these fields set."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
        Path(OLD_NAME).write_text(reconstruction(), encoding="utf-8")
        Path(NEW_NAME).write_text(today(), encoding="utf-8")
        options = argparse.Namespace(
            old=OLD_NAME, new=NEW_NAME, assignments=list(fields), no_run=False, format="text"
        )
        with contextlib.redirect_stdout(said):
            emulator_commands.diff(options)
    return said.getvalue()


def _once(text: str, today: str, before: str) -> str:
    if text.count(today) != 1:
        raise ValueError(f"this stands {text.count(today)} times in the definition: {today}")
    return text.replace(today, before)


if __name__ == "__main__":
    FIXTURE.write_text(reconstruction(), encoding="utf-8")
    GOLDEN.write_text(story(), encoding="utf-8")
