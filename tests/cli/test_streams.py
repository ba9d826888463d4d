"""Standard streams as a shell can hand them over: closed, full, cut off, or of few characters."""

import json

import pytest

from izoologic_cdf.cli.main import main
from tests.support.shells import GUIDE, NEWEST, Shell


@pytest.fixture
def filled(shell: Shell, guide_library: bytes) -> Shell:
    (shell.folder / "izoologic.sqlite").write_bytes(guide_library)
    shell.config()
    return shell


EXPORT = ("library", "export", "izoologic.sqlite")
RUN = ("run", "incident", *NEWEST, "--config", "tenant.yaml")


@pytest.mark.parametrize(
    ("script", "words", "code", "told"),
    [
        ('"$@" >&-', EXPORT, 0, ""),
        ('"$@" >&-', RUN, 0, ""),
        ('"$@" 2>&-', RUN, 0, ""),
        ('"$@" <&-', ("run", "incident", *NEWEST), 2, "API Hostname (api_host) is missing"),
        ('"$@" <&- >&- 2>&-', RUN, 0, ""),
        ('"$@" 2>&-', ("fields", "nothing"), 2, ""),
        ('"$@" >/dev/full', EXPORT, 1, "the output cannot be written: No space left on device"),
        ('"$@" >/dev/full', ("fields", "dlr"), 1, "the output cannot be written: No space left"),
        ('"$@" >/dev/full', RUN, 1, "the output cannot be written: No space left on device"),
        ('"$@" 2>/dev/full', RUN, 0, ""),
        ('"$@" 2>/dev/full', ("fields", "nothing"), 2, ""),
    ],
)
def test_a_stream_that_is_closed_or_full_ends_no_command_with_a_traceback(
    filled: Shell, script: str, words: tuple[str, ...], code: int, told: str
) -> None:
    ended = filled.process(*words, script=script)
    assert (ended.code, "Traceback" in ended.err, "Exception" in ended.err) == (code, False, False)
    assert told in ended.err


@pytest.mark.parametrize(
    "words", [EXPORT, ("library", "show", "izoologic.sqlite"), ("fields", "dlr")]
)
def test_a_reader_that_has_seen_enough_is_no_error(filled: Shell, words: tuple[str, ...]) -> None:
    ended = filled.process(*words, script='{ "$@"; echo "code $?" >&2; } | head -n 1')
    assert ended.err == "code 0\n"
    assert ended.out.count("\n") == 1


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_goes_on_and_its_code_counts_where_nobody_reads_what_it_says(
    shell: Shell, code: int
) -> None:
    shell.config()
    if code:
        shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, nth=2)
    words = ("run", "incident", *GUIDE, "--config", "tenant.yaml")
    ended = shell.process(*words, script='{ "$@"; echo $? >code; } 2>&1 | head -n 1')
    assert ended.out.startswith("window 1 of 32")
    assert (shell.folder / "code").read_text() == f"{code}\n"
    assert len([one for one in shell.export() if one["type"] == "incident"]) == 5


def test_characters_that_the_output_lacks_are_written_as_escapes(shell: Shell) -> None:
    ended = shell.process("demo", "ü", PYTHONIOENCODING="ascii")
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    assert "library export" in ended.out.splitlines()[-1]
    assert "\\xfc/izoologic.sqlite" in ended.out
    exported = shell.process("library", "export", "ü/izoologic.sqlite", PYTHONIOENCODING="ascii")
    assert json.loads(exported.out)["objects"]


@pytest.mark.parametrize(
    "words",
    [
        ("fields", "\udcff"), ("library", "show", "\udcff"), ("verify", "\udcff"),
        ("retry", "incident", "\udcff", "--config", "tenant.yaml"), ("lint", "\udcff"),
    ],
)  # fmt: skip
def test_arguments_that_are_no_text_are_named_as_escapes(
    shell: Shell, words: tuple[str, ...]
) -> None:
    shell.config()
    ended = shell.process(*words, PYTHONUTF8="1", PYTHONIOENCODING="utf-8:strict")
    assert ended.code in (1, 2)
    assert "Traceback" not in ended.err
    assert "\\udcff" in ended.out + ended.err


def test_the_module_run_by_its_name_reports_as_the_program_does(shell: Shell) -> None:
    ended = shell.process("fields", "nothing")
    shell.capsys.readouterr()
    assert ended.code == main(["fields", "nothing"]) == 2
    assert ended.err == shell.capsys.readouterr().err
