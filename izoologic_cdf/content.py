"""Where the content that is loaded by path stands: feeds, filters, custom_objects, fixtures.

In a checkout these are folders at the top level; in an installed wheel they travel inside the
package, so that the command works away from the checkout.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder (or file) of that name: the packaged one, else the checkout's."""
    packaged = _PACKAGE / "content" / name
    return packaged if packaged.exists() else _PACKAGE.parent / name


@functools.cache
def object_names() -> Mapping[str, str]:
    """Return the names of the custom objects, by object code."""
    found = [json.loads(path.read_bytes()) for path in folder("custom_objects").glob("*.json")]
    return {one["code"]: one["name"] for objects in found for one in objects}
