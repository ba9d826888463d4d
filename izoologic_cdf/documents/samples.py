"""Sample responses of the API: the fixtures themselves."""

import json

from izoologic_cdf.content import folder
from izoologic_cdf.documents.markdown import fenced


def sample(name: str) -> str:
    """Return a sample of the vendor's guide as a block of code, by its file name."""
    path = folder("fixtures") / "guide" / name
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return fenced(json.dumps(json.loads(text), indent=2, ensure_ascii=False), "json")
    return fenced(text, "text")
