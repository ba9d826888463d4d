"""G: however a run is ended, it ends in good order, and nothing is left of it."""

import contextlib
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from izoologic_cdf.runtime.spool import Scratch, remove_leftovers
from tests.support.built import built_text
from tests.support.shells import NEWEST, PROGRAM, Shell
from tests.support.signals import heeded

RUN = ("run", "incident", *NEWEST, "--config", "tenant.yaml")
INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
# a machine that has other things to do
PATIENCE = 60
# from the signal to the end; a call under way would take a minute, a held library half of one
AT_ONCE = 15


class Process:
    """A command in a process of its own, with a folder for temporary files of its own."""

    def __init__(self, shell: Shell, *words: str) -> None:
        self.temporary = shell.folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        shell.config()
        with heeded():
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*PROGRAM, *words],
                cwd=shell.folder,
                env={**shell.environment, **shell.paths, "TMPDIR": str(self.temporary)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def wait_until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "it never came so far"
            assert self._process.poll() is None, self._process.communicate()
            time.sleep(0.02)

    def end(self, *signals: signal.Signals) -> tuple[int, str, str]:
        """Send signals and return code and output; a second one comes at once."""
        begun = time.monotonic()
        for number in signals:
            self._process.send_signal(number)
            time.sleep(0.01)
        out, err = self._process.communicate(timeout=PATIENCE)
        assert time.monotonic() - begun < AT_ONCE
        return self._process.returncode, out, err

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def left(self) -> list[Path]:
        return list(self.temporary.iterdir())

    @property
    def downloads(self) -> list[Path]:
        """The files of all runs that are coming now."""
        return list(self.temporary.glob("*/*"))


Start = Callable[..., Process]


@pytest.fixture
def start(shell: Shell) -> Iterator[Start]:
    """Start commands; those that a test did not end are killed."""
    with contextlib.ExitStack() as stack:

        def started(*words: str) -> Process:
            process = Process(shell, *words)
            stack.callback(process.kill)
            return process

        yield started


def hang_in_a_file(shell: Shell) -> None:
    """Add a case whose file comes so far that it is on the disk, and no further."""
    case, when = "caSe00009", 1_755_000_000
    shell.emulator.state.put_case(case, {"url": "https://example.com"}, when)
    shell.emulator.state.add_file(case, {"originalFilename": "large"}, bytes(300_000))
    shell.emulator.state.add_fault(
        "hang", endpoint="DownloadCaseFile", case=case, count=None, after=200_000
    )


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a library as another process does that writes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


def _ended_well(code: int, out: str, err: str) -> None:
    assert (code, "Traceback" in err, "Exception" in err) == (130, False, False), err
    assert out.startswith("iZoologic Incident Case Sync: interrupted\n")


@pytest.mark.parametrize(
    ("endpoint", "signals"),
    [
        ("CaseDetail", (INT,)),
        ("CaseDetail", (TERM,)),
        ("CaseDetail", (HUP,)),
        ("CaseDetail", (INT,) * 12),
        ("CaseSync", (INT, TERM, INT)),
        ("Authenticate", (TERM, TERM)),
        ("DownloadCaseFile", (INT,)),
        ("DownloadCaseFile", (TERM, HUP) * 5),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(one.name for one in value),
)
def test_29_a_signal_and_a_second_one_end_a_run_with_130_its_summary_and_no_files(
    shell: Shell, start: Start, endpoint: str, signals: tuple[signal.Signals, ...]
) -> None:
    if endpoint == "DownloadCaseFile":
        hang_in_a_file(shell)
        process = start(*RUN)
        process.wait_until(lambda: process.downloads)
    else:
        hangs = shell.emulator.state.add_fault("hang", endpoint=endpoint, count=None)
        process = start(*RUN)
        process.wait_until(lambda: hangs.applied)
    _ended_well(*process.end(*signals))
    assert process.left == []
    shell.emulator.state.clear_faults()
    assert shell(*RUN).code == 0


@pytest.mark.parametrize("signals", [(INT,), (TERM, TERM)])
def test_29_a_run_that_waits_for_a_library_is_ended_at_once(
    shell: Shell, start: Start, signals: tuple[signal.Signals, ...]
) -> None:
    slow = shell.emulator.state.add_fault("delay", endpoint="CaseDetail", seconds=0.2)
    process = start(*RUN)
    process.wait_until(lambda: slow.applied)
    with held(shell.folder / "izoologic.sqlite"):
        # the detail comes, and the case can't be committed
        time.sleep(0.7)
        _ended_well(*process.end(*signals))
    assert process.left == []
    assert shell(*RUN).code == 0


def test_29_a_comparison_that_is_ended_leaves_nothing(shell: Shell, start: Start) -> None:
    (shell.folder / "built.yaml").write_text(built_text(), encoding="utf-8")
    process = start("diff", "built.yaml", "built.yaml")
    process.wait_until(lambda: process.left)
    code, out, err = process.end(TERM)
    assert (code, out, err) == (130, "", "interrupted\n")
    assert process.left == []


def test_29_what_a_killed_run_leaves_is_removed_by_the_next_one(shell: Shell, start: Start) -> None:
    hang_in_a_file(shell)
    killed, alive = start(*RUN), start(*RUN, "--library", "other.sqlite")
    killed.wait_until(lambda: len(killed.downloads) == 2)
    killed.end(signal.SIGKILL)
    assert len(killed.left) == 2
    shell.emulator.state.clear_faults()
    ended = shell.process(*RUN, "--library", "third.sqlite", TMPDIR=str(killed.temporary))
    assert (ended.code, ended.err.count("Traceback")) == (0, 0)
    # that of the run that goes on stays
    assert len(alive.left) == 1
    alive.end(TERM)
    assert alive.left == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_29_nothing_is_removed_that_is_not_certainly_ours(temporary: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "izoologic-cdf-elsewher"
    elsewhere.mkdir()
    kept = [
        elsewhere / "tmpabcdefgh",
        temporary / "izoologic-cdf-notes.txt" / "tmpabcdefgh",
        temporary / "izoologic-cdf-evidence" / "report.pdf",
        temporary / "izoologic-cdf-folders0" / "tmpabcdefgh" / "tmpabcdefgh",
        temporary / "other-abcdefgh" / "tmpabcdefgh",
        temporary / "izoologic-cdf-afile000",
    ]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    (temporary / "izoologic-cdf-linked00").symlink_to(elsewhere)
    linked = temporary / "izoologic-cdf-ofalinks"
    linked.mkdir()
    (linked / "tmpabcdefgh").symlink_to(kept[0])
    gone = temporary / "izoologic-cdf-left0000"
    gone.mkdir()
    (gone / "tmpabcdefgh").write_text("evidence")
    running = Scratch()
    path = Path(running.name) / "tmpabcdefgh"
    path.touch()
    remove_leftovers()
    assert not gone.exists()
    assert all(one.read_text() == "content" for one in kept)
    assert (linked / "tmpabcdefgh").is_symlink()
    assert path.exists()
    running.remove()
    assert not path.parent.exists()


def test_29_another_users_folder_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="izoologic-cdf-", dir=temporary))
    monkeypatch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
    remove_leftovers()
    assert folder.exists()
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    remove_leftovers()
    assert not folder.exists()
