"""All of this holds on Jinja2 2.11 as well, since nobody here knows what the platform has."""

import os
import subprocess
import sys
from pathlib import Path

from tests.filters.test_native_rules import BUILT, VERSION
from tests.support.built import built_text

OLD = Path(sys.prefix, "jinja2-2.11")
# whether the examples see planted differences does not depend on the version
# the shared fixtures run feeds, which need the newest Jinja2
_WITHOUT = [
    word
    for name in ("cacheprovider", "xdist", "tests.support.fixtures")
    for word in ("-p", f"no:{name}")
]
OPTIONS = ["-q", *_WITHOUT, "-k", "not is_seen_by_an_example"]
FOLDER = Path(__file__).parent
TESTS = [str(FOLDER / "test_filter_forms.py"), str(FOLDER / "test_native_rules.py")]


def test_forms_and_rules_hold_on_jinja2_2_11(tmp_path: Path) -> None:
    assert OLD.is_dir(), f"{OLD} is missing: `make -B .venv/.developed` installs it"
    built = tmp_path / "built.yaml"
    built.write_text(built_text(), encoding="utf-8")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    run = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *OPTIONS, *TESTS],
        cwd=FOLDER.parents[1],
        env={**inherited, "PYTHONPATH": str(OLD), BUILT: str(built), VERSION: "2.11.3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-1000:]
