"""The ledger of the guide's samples: what becomes of each field of the answers."""

from functools import cache

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
    counted, parts = guide_ledger(), list[str]()
    for endpoint in dict.fromkeys(endpoint for endpoint, *_ in counted.counted()):
        rows = []
        for other, name, found, _ in counted.counted():
            if other == endpoint:
                became = ", ".join(found.ended_in) or counted.because(endpoint, name) or "-"
                lines = ", ".join(found.read_by) or "-"
                cells = (code(name), str(found.seen), str(found.not_null), lines)
                rows.append((*cells, became if found.ended_in else f"*{became}*"))
        parts.append(f"{code(endpoint)}:\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(parts)
