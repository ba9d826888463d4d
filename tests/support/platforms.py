"""A fake ThreatQ platform: real folders, and stub commands that record how they are called."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.signals import heeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BUNDLE = Path(__file__).parents[2] / "custom_objects"
DEADLINE_SECONDS = 20
KEYBOARD = "words from the keyboard\n"

# what the script may use besides its shell; the stubs' PATH holds nothing else
TOOLS = ("cat", "cmp", "date", "dirname", "ls", "mkdir", "rm", "rmdir", "sed", "sh", "sleep")
RECORDED_TOOLS = ("rm",)

# records a call as one line, name and arguments parted by tabs, then does what the test asks
STUB = """#!/bin/sh
{{ printf '{name}'; for argument; do printf '\\t%s' "$argument"; done; echo; }} >>'{calls}'
asked='{asked}/{name} '${{1-}}
[ ! -f "$asked" ] || . "$asked"
{action}
"""
ARTISAN = """
case $1 in
    down) : >"{root}/down" ;;
    up) {rm} -f "{root}/down" ;;
    *) [ -f "{root}/down" ] || { echo "not in maintenance mode" >&2; exit 70; } ;;
esac
case ${2-} in --file=*) [ -r "${2#--file=}" ] || { echo "no file" >&2; exit 71; } ;; esac
case ${3-} in --icon=*) [ -r "${3#--icon=}" ] || { echo "no icon" >&2; exit 72; } ;; esac
"""


@dataclass(frozen=True)
class Result:
    """How a run of install.sh ended: exit code, standard output, standard error."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class FakePlatform:
    """One throw-away platform, version 5 (sudo, systemd) or 6 (a container, folder as argument)."""

    root: Path
    version: int

    @property
    def api(self) -> Path:
        return self.root / "var www" / "api"

    @property
    def artisan(self) -> Path:
        return self.api / "artisan"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def bundle(self) -> Path:
        return self.root / "un zipped"

    @property
    def log(self) -> Path:
        return self.bundle / "account-install.log"

    @property
    def seeds(self) -> Path:
        return self.api / "database" / "seeds" / "data"

    @property
    def json_target(self) -> Path:
        return self.seeds / "custom_objects" / "account.json"

    @property
    def icon_target(self) -> Path:
        return self.seeds / "icons" / "images" / "custom_objects" / "account.svg"

    @property
    def lock(self) -> Path:
        return self.seeds / ".account-install"

    @property
    def in_maintenance(self) -> bool:
        return (self.root / "down").exists()

    def build(self) -> FakePlatform:
        """Make the tree: API, seed folders, the unzipped bundle, the commands on PATH."""
        self.json_target.parent.mkdir(parents=True)
        self.icon_target.parent.mkdir(parents=True)
        (self.root / "asked").mkdir()
        (self.root / "tmp").mkdir()
        (self.bundle / "images").mkdir(parents=True)
        for name in ("account.json", "install.sh", "images/account.svg"):
            shutil.copy(BUNDLE / name, self.bundle / name)
        self.bin.mkdir()
        for tool in TOOLS:
            if tool not in RECORDED_TOOLS:
                (self.bin / tool).symlink_to(_real(tool))
        for tool in RECORDED_TOOLS:
            self.stub(self.bin / tool, f'exec {_real(tool)} "$@"')
        rm, action = _real("rm"), ARTISAN
        for word, value in (("{root}", str(self.root)), ("{rm}", rm)):
            action = action.replace(word, value)
        self.stub(self.artisan, action)
        self.stub(self.bin / "id", f"echo {0 if self.version == 5 else 1000}", recorded=False)
        if self.version == 5:
            self.stub(self.bin / "systemctl", "exit 0")
        return self

    def stub(self, path: Path, action: str, *, recorded: bool = True) -> None:
        """Put a command at `path` that records its calls and then runs the `action` (sh)."""
        path.unlink(missing_ok=True)
        calls = self.root / "calls" if recorded else "/dev/null"
        text = STUB.format(name=path.name, calls=calls, asked=self.root / "asked", action=action)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def on(self, call: str, action: str) -> None:
        """Run the sh `action` whenever the command is called so: `artisan up`, `cp --`."""
        (self.root / "asked" / call).write_text(action + "\n", encoding="utf-8")

    def calls(self) -> list[list[str]]:
        """All recorded calls in order, each as a list of command and arguments."""
        record = self.root / "calls"
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return [line.split("\t") for line in lines]

    def steps(self) -> list[str]:
        """The recorded calls, in short: command and first word, without looking at the unit."""
        return [" ".join(call[:2]) for call in self.calls() if call[:2] != ["systemctl", "cat"]]

    def command(self, shell: str | None = None) -> list[str]:
        """The command of the guide for this version, or the same under another shell."""
        script = str(self.bundle / "install.sh")
        if self.version == 6:
            return [*(shell or "sh").split(), script, str(self.bundle)]
        return [*shell.split(), script] if shell else ["./install.sh"]

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "PATH": str(self.bin),
            "TMPDIR": str(self.root / "tmp"),
            "THREATQ_API_DIR": str(self.api),
            **changes,
        }

    def run(
        self,
        command: Sequence[str] | None = None,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run install.sh to its end, by default as the guide says."""
        done = subprocess.run(  # noqa: S603 - the script under test
            command or self.command(),
            cwd=cwd or (self.bundle if self.version == 5 else self.root),
            env=env or self.environment(),
            input=KEYBOARD,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def wait_for(self, name: str) -> None:
        """Wait until a stub has made this file; fail when it never does."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (self.root / name).exists():
            assert time.monotonic() < deadline, f"{name} never appeared"
            time.sleep(0.01)

    @contextmanager
    def running(self, stdout: int) -> Iterator[subprocess.Popen[bytes]]:
        """Run install.sh in a process group of its own, as a terminal does, and reap it."""
        with heeded():
            process = subprocess.Popen(  # noqa: S603 - the script under test
                self.command(),
                cwd=self.bundle,
                env=self.environment(),
                stdout=stdout,
                stderr=stdout,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(DEADLINE_SECONDS)


def _real(tool: str) -> str:
    path = shutil.which(tool)
    assert path, f"{tool} is not on PATH"
    return path


def installation(platform: FakePlatform) -> list[list[str]]:
    json, icon = platform.json_target, platform.icon_target
    look = [f"--icon={icon}", "--background-color=#a32a3a"]
    steps = [
        ["artisan", "down"],
        ["rm", "-f", "--", "./account.json"],
        ["rm", "-f", "--", "./account.svg"],
        ["artisan", "threatq:make-object-set", f"--file={json}"],
        ["artisan", "threatq:object-settings", "--code=account", *look],
        ["artisan", "cache:clear"],
        ["artisan", "threatq:update-permissions"],
        ["artisan", "up"],
    ]
    restart = [["systemctl", verb, "threatq-dynamo"] for verb in ("cat", "restart")]
    return steps + (restart if platform.version == 5 else [])


def assert_untouched(platform: FakePlatform, result: Result, status: int = 1) -> None:
    assert result.status == status
    assert platform.calls() == []
    assert not platform.json_target.exists()
    assert not platform.icon_target.exists()
    assert not platform.in_maintenance
    if status == 1:
        assert "Nothing was changed." in result.err


def bound_by_permissions() -> list[str]:
    """The words before a command that make file permissions count, for root too."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    drop = [str(setpriv), "--bounding-set=-all", "--inh-caps=-all"]
    if setpriv is None or subprocess.run([*drop, "true"], check=False).returncode:  # noqa: S603
        pytest.skip("root may write everywhere, and setpriv cannot take that right away")
    return drop
