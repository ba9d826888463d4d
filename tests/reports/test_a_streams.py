"""A: documented exit codes hold whatever becomes of the streams, in every environment."""

import pytest

from tests.support.shells import NEWEST, Shell

RUN = ("run", "incident", *NEWEST, "--config", "tenant.yaml")
# what a shell can do with the streams of a command; {} is where it stands; whether standard output
# takes what it is given
FATES = {
    "full error": ("{} 2>/dev/full", True),
    "full output": ("{} >/dev/full", False),
    "full output and error": ("{} >/dev/full 2>/dev/full", False),
    "full output, closed error": ("{} >/dev/full 2>&-", False),
    "closed output, full error": ("{} >&- 2>/dev/full", True),
    "nobody reads errors": ("{{ {}; echo $? >code; }} 2>&1 >/dev/null | true", True),
    "nobody reads output": ("{{ {}; echo $? >code; }} | true", True),
}


WORDS = {
    "run": (RUN, 0),
    "usage error": (("fields", "nothing"), 2),
    "help": (("--help",), 0),
    "fields": (("fields", "dlr"), 0),
    "demo": (("demo",), 0),
}
# both streams of a run, the errors of a wrong word and the help (which argparse ends) meet every
# fate; with PYTHONUNBUFFERED nothing is left to flush at the end
CASES = [
    *((words, fate, "") for words in ("run", "usage error", "help") for fate in FATES),
    *((words, fate, "1") for words in ("run", "usage error") for fate in list(FATES)[:2]),
    *(("fields", fate, "") for fate in ("full output", "nobody reads output")),
    *(("demo", fate, "") for fate in ("full error", "nobody reads errors")),
]


@pytest.mark.parametrize(("words", "fate", "unbuffered"), CASES)
def test_1_the_exit_code_is_one_of_the_documented_ones_whatever_becomes_of_the_streams(
    shell: Shell, words: str, fate: str, unbuffered: str
) -> None:
    shell.config()
    script, readable = FATES[fate]
    typed, code = WORDS[words]
    ended = shell.process(*typed, script=script.format('"$@"'), PYTHONUNBUFFERED=unbuffered)
    written = shell.folder / "code"
    got = int(written.read_text()) if written.exists() else ended.code
    # what can't be written is a failure of its own, unless it is a usage error anyway
    assert got == (code if readable or code else 1)
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
