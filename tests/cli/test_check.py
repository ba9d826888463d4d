"""`check`: what the keys may do, in every position of the API, and nothing kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.emulator.generated import generate
from izoologic_cdf.runtime.windows import DAY, SystemClock
from tests.support.shells import Ended, Shell
from tests.support.tenants import EMPTY

INCIDENT = ("login", "list", "detail", "messages", "files")
ERROR = {"result": None, "success": False, "message": "Not for you", "errorCode": "iZOO4003"}
ALLOWED, REFUSED, UNKNOWN = "allowed", "refused", "unknown"


@pytest.fixture(autouse=True)
def _guide(guide: Emulator) -> Iterator[None]:
    yield
    guide.state.load(load_scenario("guide"))


@pytest.fixture
def current(shell: Shell) -> Shell:
    """A tenant with cases of today."""
    shell.emulator.state.load(generate(40, clock=SystemClock().now(), days=60))
    return shell


def check(shell: Shell, *words: str) -> tuple[int, dict[str, str]]:
    """Return the exit code and the verdicts of the JSON form."""
    ended = shell.feed("check", "incident", "--format", "json", *words)
    found: dict[str, Any] = ended.data["endpoints"]
    assert all(one["reason"] for one in found.values())
    return ended.code, {name: one["verdict"] for name, one in found.items()}


def test_keys_that_may_do_everything(current: Shell) -> None:
    assert check(current) == (0, dict.fromkeys(INCIDENT, ALLOWED))
    ended = current.feed("check", "dlr")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "iZoologic DLR Case Sync\n  login   allowed  the keys gave a token\n"
    )
    assert [path.name for path in current.folder.iterdir()] == ["tenant.yaml"]


@pytest.mark.parametrize(
    ("endpoint", "name", "code"),
    [
        ("Authenticate", "login", 1), ("CaseSync", "list", 1), ("CaseDetail", "detail", 3),
        ("FetchCaseCommunications", "messages", 3), ("DownloadCaseFile", "files", 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("kind", "how", "verdict"),
    [
        ("status", {"status": 403}, REFUSED), ("status", {"status": 401}, REFUSED),
        ("envelope", {"json": ERROR}, REFUSED),
        ("status", {"status": 404, "body": "html"}, REFUSED),
        ("status", {"status": 503}, UNKNOWN), ("reset", {}, UNKNOWN),
    ],
    ids=["403", "401", "envelope", "404", "503", "reset"],
)  # fmt: skip
def test_what_one_endpoint_refuses_leaves_the_others(
    current: Shell,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    name: str,
    code: int,
    kind: str,
    how: dict[str, Any],
    verdict: str,
) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)
    current.emulator.state.add_fault(kind, endpoint=endpoint, count=None, **how)
    found = check(current)
    before = INCIDENT[: INCIDENT.index(name)]
    assert found[0] == code
    assert found[1][name] == verdict
    assert {found[1][one] for one in before} <= {ALLOWED}
    if name in ("messages", "files"):
        assert [one for one, what in found[1].items() if what != ALLOWED] == [name]


def test_one_case_that_fails_or_is_gone_is_not_the_keys(current: Shell) -> None:
    requests = current.emulator.requests
    check(current)
    newest = next(one for one in requests if one.endpoint == "CaseDetail").query["caseid"]
    for how in (404, 400):
        current.emulator.state.clear_faults()
        current.emulator.state.add_fault(
            "status", endpoint="CaseDetail", case=newest, status=how, count=None
        )
        assert check(current) == (0, dict.fromkeys(INCIDENT, ALLOWED))


def test_without_a_case_nothing_is_known_of_its_parts(shell: Shell) -> None:
    shell.emulator.state.load(EMPTY)
    code, found = check(shell)
    assert (code, found["list"], found["detail"], found["files"]) == (0, ALLOWED, UNKNOWN, UNKNOWN)
    assert "  detail    unknown  no case to try it with\n" in shell.feed("check", "incident").out


def test_an_older_case_is_found(shell: Shell) -> None:
    shell.emulator.state.load(generate(5, clock=SystemClock().now() - 20 * DAY, days=5))
    shell.emulator.state.set_clock(SystemClock().now())
    ended = shell.feed("check", "incident")
    assert "  list      allowed  5 cases in the last 29 days\n" in ended.out
    assert [one.endpoint for one in shell.emulator.requests].count("CaseSync") == 3


def test_a_part_that_is_left_out_is_not_requested(current: Shell) -> None:
    code, found = check(current, "--without", "files", "--without", "messages")
    assert (code, found["files"], found["messages"]) == (0, UNKNOWN, UNKNOWN)
    asked = {one.endpoint for one in current.emulator.requests}
    assert asked == {"Authenticate", "CaseSync", "CaseDetail"}


def test_at_most_one_file_of_a_case_is_fetched(current: Shell) -> None:
    check(current)
    assert [one.endpoint for one in current.emulator.requests].count("DownloadCaseFile") == 1


def test_wrong_keys_are_refused_and_never_shown(current: Shell) -> None:
    secret = "wrong-secret-of-mine"
    ended = current("check", "all", "--config", current.config(api_secret=secret))
    assert ended.code == 1
    assert ended.out.count("  login ") == 2
    assert "refused" in ended.out
    assert secret not in ended.out + ended.err
    assert list(current.folder.iterdir()) == [current.folder / "tenant.yaml"]


def test_a_built_definition_is_refused(shell: Shell) -> None:
    assert shell("build", "--yaml", "--output", "dist").code == 0
    (built,) = (shell.folder / "dist").glob("*.yaml")
    ended: Ended = shell.feed("check", "incident", "--definition", str(built))
    assert (ended.code, ended.out) == (2, "")
    assert "tracks no cases" in ended.err
