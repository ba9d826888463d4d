"""The ledger of the guide's samples: what becomes of each field of the answers."""

from functools import cache
from itertools import groupby

from izoologic_cdf.cli.explain_command import count
from izoologic_cdf.cli.main import build_parser
from izoologic_cdf.explain.ledger import Ledger
from tools.markdown import code, table

_HEADINGS = ("Field", "Seen", "Not null", "Read in line", "Became")


@cache
def guide_ledger() -> Ledger:
    """Count both feeds over the emulator with the samples of the guide."""
    return count(build_parser().parse_args(["ledger"]))


def ledger() -> str:
    """Return the fields of each endpoint as a table."""
    parts = []
    for endpoint, group in groupby(guide_ledger().counted(), key=lambda one: one.endpoint):
        rows = []
        for found in group:
            became = ", ".join(found.ended_in) or found.because or "-"
            lines = ", ".join(found.read_by) or "-"
            cells = (code(found.field), str(found.seen), str(found.not_null), lines)
            rows.append((*cells, became if found.ended_in else f"*{became}*"))
        parts.append(f"{code(endpoint)}:\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(parts)
