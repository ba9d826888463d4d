"""The typical mistakes of a mapping, and what says so, from the data of their tests."""

import yaml

from tools.layers import ROOT
from tools.markdown import prose, table

_MISTAKES = ROOT / "tests" / "explain" / "mistakes.yaml"


def mistakes() -> str:
    """Return the mistakes as a table."""
    rows = yaml.safe_load(_MISTAKES.read_text(encoding="utf-8"))
    told = {name: "lint" if "lint" in one else "explain" for name, one in rows.items()}
    cells = ((name, by, prose(rows[name][by])) for name, by in told.items())
    return table(("Mistake", "Found by", "What it says"), cells)
