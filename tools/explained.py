"""What `explain` says of attributes that are there, null, dropped and misspelt."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from izoologic_cdf.cli.explain_command import explanation
from izoologic_cdf.cli.main import build_parser
from izoologic_cdf.content import folder
from izoologic_cdf.explain.telling import Data, as_text
from tools.markdown import fenced

CASE = "CASE123456"
_KEPT = "      - python: records.incident\n"
_DROPPED = f"{_KEPT}      - new: !expr dict(value | dictsort | rejectattr(0, 'eq', 'brand'))\n"
# by what becomes of it: the attribute, and what becomes of a text of our definition
SHOWN = {
    "there": ("Brand", "", ""),
    "null": ("Executive Name", "", ""),
    "dropped": ("Brand", _KEPT, _DROPPED),
    "misspelt": ("Brand", "data.feed_results.brand}", "data.feed_results.brnd}"),
}
# the requests are shown once, and so is a whole way
_LINES = 3


def explained() -> Iterator[tuple[str, str, Data]]:
    """Yield the name, the attribute and the explanation of each, over the guide's samples."""
    text = (folder("feeds") / "izoologic_sync_cases.yaml").read_text(encoding="utf-8")
    samples = {"CaseSync": "case_sync", "CaseDetail": "case_detail"}
    guide = folder("fixtures") / "guide"
    bodies = {
        name: json.loads((guide / f"{file}.json").read_bytes()) for name, file in samples.items()
    }
    bodies["FetchCaseCommunications"] = {"success": False, "errorCode": "iZOO2011", "result": None}
    with tempfile.TemporaryDirectory() as made:
        record, changed = Path(made) / "record.json", Path(made) / "feeds" / "changed.yaml"
        record.write_text(json.dumps(bodies), encoding="utf-8")
        changed.parent.mkdir()
        for name, (attribute, old, new) in SHOWN.items():
            changed.write_text(text.replace(old, new, 1), encoding="utf-8")
            words = ["explain", CASE, "--attribute", attribute, "--record", str(record)]
            words += ["--since", "2023-01-01", "--until", "2023-01-10", "--feed", "incident"]
            words += ["--definition", str(changed), "--filters", str(folder("filters"))]
            told = json.dumps(explanation(build_parser().parse_args(words)))
            yield name, attribute, json.loads(told.replace(f"{made}/", ""))


def explanations() -> str:
    """Return the texts."""
    shown: list[str] = []
    for _, attribute, data in explained():
        lines = as_text(data, in_full=True).splitlines()
        begin = next(at for at, line in enumerate(lines) if line.startswith(f"{attribute} = "))
        shown += lines if not shown else ["", *lines[begin : begin + _LINES]]
    return fenced("\n".join(line.rstrip() for line in shown), "text")
