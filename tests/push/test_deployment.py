"""The page about push, and the image: what they show is what the program takes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from izoologic_cdf.cli.main import build_parser
from izoologic_cdf.cli.push_command import COLOURS, FIELDS
from tests.documents.support import rows, text

ROOT = Path(__file__).resolve().parents[2]
PAGE = text("docs/push.md")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_dockerfile_has_no_finding() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(  # noqa: S603 - a tool of the development group
        [linter, ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_without_root_and_copies_what_the_wheel_needs() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    *_, user, entry = [line for line in dockerfile.splitlines() if line]
    assert user == "USER 10001:10001"
    assert entry == 'ENTRYPOINT ["izoologic-cdf"]'


def test_the_cron_job_runs_without_root_with_words_that_the_program_takes() -> None:
    (job,) = (found for found in blocks("yaml") if "CronJob" in found)
    read: Any = yaml.safe_load(job)
    pod = read["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (
        True,
        10001,
    )
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert build_parser().parse_args(container["args"]).push == "/config/threatq.yaml"
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("line", re.findall(r"izoologic-cdf ((?:sync|push) [^`\n]*)", PAGE))
def test_each_command_of_the_page_is_one(line: str) -> None:
    options = build_parser().parse_args(shlex.split(line))
    assert options.command in ("run_command:sync", "push_command:push")


def test_the_table_of_fields_has_all_of_them() -> None:
    told = [row[0] for row in rows(PAGE) if row[0].startswith("`")]
    names = {name for cell in told for name in re.findall(r"`(\w+)`", cell)}
    assert {field.name for field in FIELDS} <= names
    assert ", ".join(COLOURS[:3]) + f" or {COLOURS[3]}" in PAGE
