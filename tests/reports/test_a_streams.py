"""A: documented exit codes hold whatever becomes of the streams, in every environment."""

import pytest

from tests.cli.shell import GUIDE, Shell

RUN = ("run", "incident", *GUIDE, "--config", "tenant.yaml")
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


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("demo",), 0),
        (RUN, 0),
        (("fields", "nothing"), 2),
        (("fields", "dlr"), 0),
        (("run", "--nonsense"), 2),
        (("--help",), 0),
        (("windows", "--since", "90d"), 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)
def test_1_the_exit_code_is_one_of_the_documented_ones_whatever_becomes_of_the_streams(
    shell: Shell, words: tuple[str, ...], code: int, fate: str, unbuffered: str
) -> None:
    shell.config()
    script, readable = FATES[fate]
    script = script.format('"$@"')
    ended = shell.process(*words, script=script, PYTHONUNBUFFERED=unbuffered)
    written = shell.folder / "code"
    got = int(written.read_text()) if written.exists() else ended.code
    # what can't be written is a failure of its own, unless it is a usage error anyway
    assert got == (code if readable or code else 1)
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
