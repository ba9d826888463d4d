"""Keeps bodies that are too large for memory in files, as long as a run lasts."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from izoologic_cdf.runtime.bodies import LARGEST_IN_MEMORY, SpooledBody


class Spool:
    """A folder that is made at the first large body; safe to be shared by threads."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Delete all bodies."""
        if self._folder is not None:
            self._folder.cleanup()

    def keep(self, chunks: Iterator[bytes]) -> bytes | SpooledBody:
        """Return a body that comes in chunks: as bytes where it is small, else as a file."""
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) > LARGEST_IN_MEMORY:
                return self._write(start, chunks)
        return start

    def _write(self, start: bytes, chunks: Iterator[bytes]) -> SpooledBody:
        digest = hashlib.sha256(start)
        size = len(start)
        handle, name = tempfile.mkstemp(dir=self._directory())
        with os.fdopen(handle, "wb") as file:
            file.write(start)
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        return SpooledBody(Path(name), size, digest.hexdigest())

    def _directory(self) -> str:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="izoologic-cdf-")
            return self._folder.name
