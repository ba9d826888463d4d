"""Our syncs in one process, as the others make theirs: FOLDER SINCE UNTIL IN_FLIGHT EVERY.

The commands are those that a user calls, and the clock is the emulator's. Where EVERY is the whole
range it is requested in one run.
"""

import contextlib
import io
import sqlite3
import sys
from unittest import mock

from benchmarks.others import EVERY, FOLDER, IN_FLIGHT, SINCE, UNTIL, keep_messages, times
from izoologic_cdf.cli.main import main
from izoologic_cdf.runtime.windows import SystemClock

LIBRARY = FOLDER / "library.sqlite"

if __name__ == "__main__":
    for now in times():
        command = ["sync"] if EVERY < UNTIL - SINCE else ["run", "--until", str(now)]
        options = ["--since", str(SINCE), "--in-flight", str(IN_FLIGHT), "--library", str(LIBRARY)]
        with (
            mock.patch.object(SystemClock, "now", return_value=now),
            contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        ):
            if code := main([*command, "incident", *options, "--quiet"]):
                sys.exit(code)
    notes = "SELECT case_ids, strftime('%s', published) FROM notes"
    keep_messages(sqlite3.connect(LIBRARY).execute(notes))
