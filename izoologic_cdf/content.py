"""Where the content that is loaded by path stands: feeds, filters, custom_objects, fixtures.

In a checkout these are folders at the top level; in an installed wheel they travel inside the
package, so that the command works away from the checkout.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder (or file) of that name: the packaged one, else the checkout's."""
    packaged = _PACKAGE / "content" / name
    return packaged if packaged.exists() else _PACKAGE.parent / name
