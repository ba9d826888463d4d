"""Two runs at the same time into one library."""

import subprocess

import pytest

from tests.support.shells import CHECKOUT, GUIDE, PROGRAM, Shell


@pytest.mark.usefixtures("every_core")
@pytest.mark.parametrize("feeds", [("incident", "dlr"), ("incident", "incident")])
def test_two_runs_at_once_make_the_library_that_one_after_the_other_makes(
    shell: Shell, guide_library: bytes, feeds: tuple[str, str]
) -> None:
    config = shell.config()
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "run", feed, *GUIDE, "--config", config],
            cwd=shell.folder,
            env={**shell.environment, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for feed in feeds
    ]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ": complete\n" in out
    if feeds == ("incident", "dlr"):
        (shell.folder / "one.sqlite").write_bytes(guide_library)
    else:
        for feed in feeds:
            assert shell.feed("run", feed, *GUIDE, "--library", "one.sqlite").code == 0
    assert shell.export() == shell.export("one.sqlite")
