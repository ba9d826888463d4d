"""Bundles that are not as they were built."""

import json
import zipfile
from pathlib import Path

from izoologic_cdf.bundle import archive, layout


def repacked(bundle: Path, changes: dict[str, bytes | None], *, sums: bool) -> Path:
    """Return the bundle with files replaced or left out, with a manifest that fits or not."""
    with zipfile.ZipFile(bundle) as archived:
        files: dict[str, bytes | None] = {n: archived.read(n) for n in archived.namelist()}
    files |= changes
    kept = {name: body for name, body in files.items() if body is not None}
    if sums:
        old = json.loads(kept.pop(layout.MANIFEST))
        kept[layout.MANIFEST] = archive.manifest(
            kept, old["version"], old["required_threatq_version"]
        )
    bundle.write_bytes(archive.pack(kept))
    return bundle
