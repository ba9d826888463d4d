"""What `explain` says of attributes that are there, null, dropped and misspelt."""

import json
import tempfile
from pathlib import Path

from izoologic_cdf.cli.explain_command import told
from izoologic_cdf.cli.parser import build_parser
from izoologic_cdf.content import folder
from tools.markdown import fenced

CASE = "CASE123456"
_KEPT = "      - python: records.incident\n"
_DROPPED = f"{_KEPT}      - new: !expr dict(value | dictsort | rejectattr(0, 'eq', 'brand'))\n"
# the attribute, and what becomes of a text of our definition
_SHOWN = (
    ("Brand", "", ""),
    ("Executive Name", "", ""),
    ("Brand", _KEPT, _DROPPED),
    ("Brand", "data.feed_results.brand}", "data.feed_results.brnd}"),
)
# the requests are shown once, and so is a whole way
_LINES = 3


def explanations() -> str:
    """Return the texts, over the samples of the guide as a record."""
    text = (folder("feeds") / "izoologic_sync_cases.yaml").read_text(encoding="utf-8")
    samples = {"CaseSync": "case_sync", "CaseDetail": "case_detail"}
    guide = folder("fixtures") / "guide"
    bodies = {
        name: json.loads((guide / f"{file}.json").read_bytes()) for name, file in samples.items()
    }
    bodies["FetchCaseCommunications"] = {"success": False, "errorCode": "iZOO2011", "result": None}
    shown: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        record, changed = Path(made) / "record.json", Path(made) / "feeds" / "changed.yaml"
        record.write_text(json.dumps(bodies), encoding="utf-8")
        changed.parent.mkdir()
        for attribute, old, new in _SHOWN:
            changed.write_text(text.replace(old, new, 1), encoding="utf-8")
            words = ["explain", CASE, "--attribute", attribute, "--record", str(record)]
            words += ["--since", "2023-01-01", "--until", "2023-01-10", "--feed", "incident"]
            words += ["--definition", str(changed), "--filters", str(folder("filters"))]
            lines = told(build_parser().parse_args(words)).replace(f"{made}/", "").splitlines()
            begin = next(at for at, line in enumerate(lines) if line.startswith(f"{attribute} = "))
            shown += lines if not shown else ["", *lines[begin : begin + _LINES]]
    return fenced("\n".join(line.rstrip() for line in shown), "text")
