"""D: who one is, and that nothing passes through an encoding that does not come back the same."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from izoologic_cdf.library.limits import escape, unescape
from izoologic_cdf.library.objects import Batch, Origin, Reported
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.tables import MIGRATIONS
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.tenants import Tenant, normalize_address
from izoologic_cdf.runtime.windows import DAY, Window
from tests.support.shells import NEWEST, Shell
from tests.support.sites import HOUR, Site
from tests.support.tenants import definition

ONE, TWO, THREE, BAD = "caSe00001", "caSe00002", "caSe00003", "caSe0bad1"
FORMAT_1 = Path(__file__).parents[1] / "state" / "library_of_format_1.sql"
FEED = definition("incident").primary_feeds[0]
VALUES = {"api_host": "api.example.com", "api_key": "a key", "api_secret": "a secret"}


def rotate(site: Site, to: str = "another secret") -> None:
    """Give the tenant another secret."""
    site.state.secret_key = site.secret = to


def other_tenant(site: Site, *case_ids: str) -> None:
    """Let the host serve the cases of another tenant, under other keys."""
    site.state.reset()
    rotate(site, "the secret of another tenant")
    site.fill(*case_ids, updated=site.now - HOUR)


@pytest.fixture
def known(site: Site) -> Iterator[Site]:
    """A site whose library knows three cases of forty days, and one that waits."""
    secret = site.state.secret_key
    for number, case_id in enumerate((ONE, TWO, THREE, BAD)):
        site.fill(case_id, updated=site.now - (5 - number) * DAY)
    site.state.add_fault("status", endpoint="CaseDetail", case=BAD, status=503, count=5)
    assert site.sync(site.now - 40 * DAY).summary.exit_code == 3
    site.state.clear_faults()
    site.state.advance(HOUR)
    site.state.clear_requests()
    yield site
    site.state.secret_key = secret


# --- 13: a tenant is told by host, feed and name ----------------------------------------------

SPELLINGS = [
    "api.example.com", "API.Example.COM", "https://api.example.com", "HTTPS://api.example.com/",
    "https://api.example.com/api", "https://api.example.com/API/", "api.example.com:443",
    "https://api.example.com:443/api/", "http://api.example.com:80", " api.example.com ",
    "api.example.com.", "https://user:secret@api.example.com/",
]  # fmt: skip
OTHERS = [
    "api.example.org", "api.example.com:8443", "api.example.com/tenant", "http://api.example.com:81",
    "api.example.com/api/v2", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:8443", "",
]  # fmt: skip


def test_13_a_run_under_the_same_keys_leaves_what_is_known_of_them(
    known: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def salt(size: int) -> str:
        made.append("a5" * size)
        return made[-1]

    monkeypatch.setattr("izoologic_cdf.runtime.tenants.secrets", SimpleNamespace(token_hex=salt))
    assert known.sync().summary.exit_code == 0
    assert made == []
    rotate(known)
    assert known.sync().summary.exit_code == 0
    assert len(made) == 1


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_13_a_host_is_the_same_however_it_is_spelt(spelling: str) -> None:
    assert normalize_address(spelling) == "api.example.com"


def test_13_hosts_that_differ_are_told_apart() -> None:
    forms = [normalize_address(host) for host in ["api.example.com", *OTHERS]]
    assert len(set(forms)) == len(forms)
    assert normalize_address("https://bücher.example/") == normalize_address(
        "xn--bcher-kva.example"
    )


def test_13_a_rotated_key_is_the_same_tenant_when_the_api_gives_a_known_case(known: Site) -> None:
    finished = known.finished
    rotate(known)
    outcome = known.sync()
    assert (outcome.summary.exit_code, outcome.summary.retried) == (0, 1)
    assert known.case_values() == {ONE, TWO, THREE, BAD}
    assert len(outcome.heard("the keys have changed", "the tenant is the same")) == 1
    assert known.finished[0].since == finished[0].since
    # nothing that is finished is asked for again, and it is said once
    assert min(known.lists_asked()) > known.now - 2 * HOUR
    assert known.sync().heard("the keys have changed") == []


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_13_up_to_three_known_cases_are_asked_for(known: Site, gone: int) -> None:
    known.retry()
    for case_id in (ONE, TWO, THREE)[:gone]:
        known.state.remove_case(case_id)
    rotate(known)
    known.state.clear_requests()
    assert known.sync().summary.exit_code == 0
    assert 1 <= len(known.asked("CaseDetail")) <= 3


def test_13_a_case_that_failed_is_known_as_well(known: Site) -> None:
    known.library.unlink()
    known.state.add_fault("status", endpoint="CaseDetail", status=503, count=None)
    assert known.sync(known.now - 40 * DAY).summary.exit_code == 3
    known.state.clear_faults()
    rotate(known)
    assert known.sync().summary.exit_code == 0
    assert known.case_values() == {ONE, TWO, THREE, BAD}


@pytest.mark.parametrize("kind", ["run", "backfill", "sync", "retry"])
def test_13_keys_that_give_no_known_case_stop_the_run_before_anything_is_changed(
    known: Site, kind: str
) -> None:
    other_tenant(known, "othEr0001", "othEr0002")
    before = dump(known.library)
    words = () if kind in ("sync", "retry") else (known.now - DAY,)
    outcome = getattr(known, kind)(*words)
    assert (outcome.summary.exit_code, outcome.summary.listed) == (1, 0)
    error = str(outcome.summary.error)
    assert "--tenant NAME" in error
    assert "--same-tenant" in error
    assert dump(known.library) == before
    assert len(known.asked("CaseDetail")) <= 3
    assert known.asked("CaseSync") == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, "empty"), (403, "html"), (403, "json"), (404, "html"), (404, "json"), (410, "empty")],
)
def test_13_keys_to_which_the_known_cases_are_refused_stop_the_run_likewise(
    known: Site, status: int, body: str
) -> None:
    other_tenant(known, "othEr0001")
    before = dump(known.library)
    known.state.add_fault("status", endpoint="CaseDetail", status=status, body=body, count=None)
    outcome = known.sync()
    assert (outcome.summary.exit_code, known.asked("CaseSync")) == (1, [])
    assert "--tenant NAME" in str(outcome.summary.error)
    assert "--same-tenant" in str(outcome.summary.error)
    assert dump(known.library) == before


def dump(library: Path) -> list[str]:
    with sqlite3.connect(library) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def test_13_a_name_tells_another_tenant_of_one_host_and_neither_hides_the_others_cases(
    known: Site,
) -> None:
    first = known.secret
    other_tenant(known, "othEr0001")
    known.tenant = "Other"
    assert known.sync(known.now - 40 * DAY).summary.exit_code == 0
    assert "othEr0001" in known.case_values()
    assert [one.case_id for one in known.deferred] == []
    # back to the first one, under its keys
    known.state.reset()
    for case_id in (ONE, TWO, THREE, BAD):
        known.fill(case_id, updated=known.now - DAY)
    known.tenant, known.secret = "", first
    known.state.secret_key = first
    assert [one.case_id for one in known.deferred] == [BAD]
    assert known.sync().summary.exit_code == 0


def test_13_the_operator_may_say_that_it_is_the_same_tenant(known: Site) -> None:
    for case_id in (ONE, TWO, THREE):
        known.state.remove_case(case_id)
    rotate(known)
    assert known.sync().summary.exit_code == 1
    outcome = known.sync(same_tenant=True)
    assert outcome.summary.exit_code == 0
    assert BAD in known.case_values()
    assert known.sync().summary.exit_code == 0


@pytest.mark.parametrize("word", ["secret", "key"])
def test_13_a_secret_that_is_typed_wrong_once_changes_nothing(known: Site, word: str) -> None:
    before = dump(known.library)
    right = getattr(known, word)
    setattr(known, word, "wrong")
    assert known.sync().summary.exit_code == 1
    assert known.retry().summary.exit_code == 1
    assert dump(known.library) == before
    setattr(known, word, right)
    assert known.retry().summary.exit_code == 0
    assert known.case_values() == {ONE, TWO, THREE, BAD}


def test_13_a_first_run_with_a_wrong_secret_leaves_no_tenant_behind(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    right, site.secret = site.secret, "wrong"
    assert site.sync().summary.exit_code == 1
    site.secret = right
    assert site.sync().summary.exit_code == 0
    with sqlite3.connect(site.library) as connection:
        assert connection.execute("SELECT count(*) FROM feed_tenant").fetchone() == (1,)
    connection.close()


def test_13_whether_it_is_the_same_tenant_is_not_guessed_during_an_outage(known: Site) -> None:
    rotate(known)
    known.state.add_fault("status", endpoint="CaseDetail", status=503, count=None)
    before = dump(known.library)
    outcome = known.sync()
    assert outcome.summary.exit_code == 1
    assert "cannot check now whether" in str(outcome.summary.error)
    assert dump(known.library) == before
    known.state.clear_faults()
    assert known.sync().summary.exit_code == 0


@pytest.mark.parametrize("where", ["option", "file", "environment"])
def test_13_a_tenant_is_named_on_the_command_line_in_the_file_or_in_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    config = shell.config(tenant="Example") if where == "file" else shell.config()
    words = ["--tenant", "Example"] if where == "option" else []
    if where == "environment":
        monkeypatch.setenv("IZOOLOGIC_TENANT", "Example")
    ended = shell("run", "incident", *NEWEST, "--config", config, *words)
    assert ended.code == 0, ended.err
    with sqlite3.connect(shell.folder / "izoologic.sqlite") as connection:
        names = connection.execute("SELECT name FROM feed_tenant").fetchall()
    connection.close()
    assert names == [("Example",)]
    # a retry under a name that nobody knows does not say that nothing waits
    monkeypatch.delenv("IZOOLOGIC_TENANT", raising=False)
    plain = shell.config()
    wrong = shell("retry", "incident", "--config", plain, "--tenant", "Exampel")
    assert wrong.code == 2
    assert "the library has no such tenant of this feed; it has: " in wrong.err
    assert "(Example)" in wrong.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--without", "messages"), 0, "left out  messages"),
        (("--without", "messages,files"), 0, "left out  files, messages"),
        (("--without", "messages", "--without", "files"), 0, "left out  files, messages"),
        (("--without", "mesages"), 2, "did you mean 'messages'?"),
        (("--set", "without=messages"), 0, "left out  messages"),
    ],
)
def test_4_what_the_operator_does_without_is_named_as_people_call_it(
    shell: Shell, words: tuple[str, ...], code: int, told: str
) -> None:
    ended = shell("run", "incident", *NEWEST, "--config", shell.config(), *words)
    assert ended.code == code
    assert told in ended.out + ended.err


# --- 13: a library of today --------------------------------------------------------------------


def fill_format_1(site: Site, **told: str) -> None:
    """Make the library that an earlier version left, under the hash that it had."""
    script = FORMAT_1.read_text()
    salt = script.split('"feed_salt" VALUES(\'')[1].split("'")[0]
    values = {**site.values, **told}
    names = ("api_host", "api_key", "api_secret")
    raw = json.dumps([str(values[name]) for name in names]).encode()
    digest = hashlib.pbkdf2_hmac("sha256", raw, bytes.fromhex(salt), 20_000).hex()[:16]
    with sqlite3.connect(site.library) as connection:
        connection.executescript(script.replace("TENANT", digest))
    connection.close()


@pytest.fixture
def earlier(site: Site) -> Iterator[Site]:
    """What the API has at the time that the earlier version's library is opened again."""
    secret = site.state.secret_key
    site.state.set_clock(1_755_277_200)
    begun = 1_755_259_200
    site.fill(ONE, TWO, updated=begun - 3 * DAY)
    site.fill(BAD, updated=begun - 2 * DAY)
    site.fill("caSe0bad2", updated=begun + 4 * HOUR)
    site.state.advance(HOUR)
    yield site
    site.state.secret_key = secret


def test_13_a_library_of_an_earlier_version_goes_on_where_it_was(earlier: Site) -> None:
    fill_format_1(earlier)
    outcome = earlier.sync()
    assert (outcome.summary.exit_code, outcome.summary.error) == (0, None)
    # an outage had used up the tries of one of them
    assert earlier.case_values() == {ONE, TWO, BAD, "caSe0bad2"}
    assert min(earlier.lists_asked()) > earlier.now - 3 * HOUR
    with earlier.remembered() as state:
        assert state.coverage.origin() == 1_751_803_200
        assert (state.tenant.id is not None, state.tenant.settled) == (True, True)
    assert earlier.sync().summary.exit_code == 0


@pytest.mark.parametrize("same", [True, False])
def test_13_a_library_of_an_earlier_version_under_other_keys_is_settled_by_evidence(
    earlier: Site, same: bool
) -> None:
    fill_format_1(earlier, api_secret="the secret of last year")
    if not same:
        earlier.state.reset()
        earlier.fill("othEr0001", updated=earlier.now - HOUR)
    outcome = earlier.sync()
    if same:
        assert outcome.summary.exit_code == 0
        assert earlier.case_values() == {ONE, TWO, BAD, "caSe0bad2"}
        assert earlier.finished[0].since == 1_751_803_200
    else:
        assert outcome.summary.exit_code == 1
        assert "--same-tenant" in str(outcome.summary.error)
        earlier.tenant = "Another"
        assert earlier.sync().summary.exit_code == 0
        assert "othEr0001" in earlier.case_values()


def test_13_what_an_earlier_version_split_by_a_rotated_key_is_one_again(earlier: Site) -> None:
    fill_format_1(earlier)
    with sqlite3.connect(earlier.library) as connection:
        # the cases that wait were set aside under the keys before
        connection.execute("UPDATE feed_set_aside SET tenant = 'before'")
        connection.execute(
            "INSERT INTO feed_messages_read SELECT feed, 'before', case_id, since, until "
            "FROM feed_messages_read WHERE case_id = ?",
            (ONE,),
        )
    connection.close()
    outcome = earlier.sync()
    assert (outcome.summary.exit_code, outcome.summary.retried) == (0, 2)
    assert earlier.case_values() == {ONE, TWO, BAD, "caSe0bad2"}


@pytest.mark.parametrize(
    ("own", "accepted", "became", "joined"),
    [(None, [2], 2, []), (None, [2, 3], 2, [3]), (1, [1], 1, []), (1, [1, 2, 3], 1, [2, 3])],
)
def test_13_the_first_state_that_is_accepted_is_the_tenants_and_the_others_join_it(
    own: int | None, accepted: list[int], became: int, joined: list[int]
) -> None:
    there = SimpleNamespace(id=own, settled=False, _joined=[])
    for tenant in accepted:
        Tenant.accept(cast("Tenant", there), tenant)
    assert (there.id, there.settled, there._joined) == (became, True, joined)


def test_13_an_earlier_library_that_may_not_be_written_can_be_read(earlier: Site) -> None:
    fill_format_1(earlier)
    before = earlier.library.read_bytes()
    with Library.open(earlier.library) as library, library.reading() as connection:
        assert connection.execute("SELECT count(*) FROM object").fetchone() == (9,)
    assert earlier.library.read_bytes() == before


def test_13_a_migration_that_breaks_off_leaves_the_library_as_it_was(
    earlier: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_format_1(earlier)
    before = dump(earlier.library)
    broken = {**MIGRATIONS, 1: "CREATE TABLE half (x);\nSELECT * FROM nowhere;"}
    monkeypatch.setattr("izoologic_cdf.library.database.MIGRATIONS", broken)
    with pytest.raises(Exception, match="nowhere"):
        Library.create(earlier.library)
    assert dump(earlier.library) == before


# --- 14: looked up and inserted in one transaction ---------------------------------------------


@pytest.mark.usefixtures("every_core")
@pytest.mark.parametrize("secrets", [("a", "a"), ("a", "b")])
def test_14_two_first_runs_at_once_make_one_tenant(
    tmp_path: Path, secrets: tuple[str, str]
) -> None:
    path = tmp_path / "library.sqlite"
    Library.create(path).close()
    together, errors = threading.Barrier(2), list[str]()

    def begin(secret: str) -> None:
        with Library.create(path) as library:
            state = State(library, FEED, {**VALUES, "api_secret": secret})
            together.wait(5)
            try:
                state.tenant.prove(0)
                state.coverage.begin_at(len(errors))
            except Exception as error:  # noqa: BLE001 - what it is, is looked at below
                errors.append(str(error))

    threads = [threading.Thread(target=begin, args=(secret,)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Library.create(path) as library:
        rows = library.connection.execute("SELECT host, name FROM feed_tenant").fetchall()
    assert rows == [("api.example.com", "")]
    if secrets == ("a", "a"):
        assert errors == []
    else:
        (error,) = errors
        assert "--tenant NAME" in error


def test_14_the_first_origin_stays(tmp_path: Path) -> None:
    with Library.create(tmp_path / "one.sqlite") as library:
        states = [State(library, FEED, VALUES) for _ in range(2)]
        for origin, state in enumerate(states, 5):
            state.tenant.prove(0)
            state.coverage.begin_at(origin)
        assert [state.coverage.origin() for state in states] == [5, 5]


# --- 15: second encodings ----------------------------------------------------------------------

ODD = ["abc123", "abc123\0x", "abc123\0", "abc123\ud800", "abc123\ud801", "abc123\ufffd",
       "abc123\\0x", "abc123\\ud800", "abc123\\", "abc123\\\\", "Abc123", "abc123\u0301",
       'abc123"', "abc123'", "abc123%00", "abc123\n"]  # fmt: skip


@pytest.mark.parametrize("odd", [case_id for case_id in ODD if case_id != "abc123"])
def test_15_a_case_whose_id_begins_like_another_does_not_make_it_count_as_done(
    site: Site, odd: str
) -> None:
    def listed(case_id: str, days: int) -> dict[str, Any]:
        row = {"caseId": case_id, "updatedAt": str(site.now - days * DAY)}
        return {"result": [row], "success": True, "message": None, "errorCode": None}

    site.fill("abc123", updated=site.now - HOUR)
    # the odd one stands in an earlier window than the real one
    site.state.add_fault("envelope", endpoint="CaseSync", json=listed(odd, 40))
    site.state.add_fault("envelope", endpoint="CaseSync", json=listed("abc123", 2), nth=2)
    site.sync(site.now - 45 * DAY)
    assert "abc123" in site.case_values()


def test_15_no_two_texts_become_one_and_each_comes_back(tmp_path: Path) -> None:
    forms = [escape(text) for text in ODD]
    assert len(set(forms)) == len(ODD)
    assert [unescape(form) for form in forms] == ODD
    for form in forms:
        form.encode()
    with Library.create(tmp_path / "library.sqlite") as library:
        rows = library.connection.execute(
            "SELECT value FROM json_each(?)", (json.dumps(forms),)
        ).fetchall()
        assert [value for (value,) in rows] == forms
        state = State(library, FEED, VALUES)
        state.tenant.prove(0)
        for number, case_id in enumerate(ODD):
            asked = Window(number, number)
            state.defer(Case(case_id, value={"id": case_id}, asked=asked), "-", "outage", 0)
        assert {one.case_id: one.value for one in state.deferred()} == {x: {"id": x} for x in ODD}
        state.done(ODD[1], 0, Window(1, 1))
        assert len(state.deferred()) == len(ODD) - 1


def test_15_objects_and_files_that_differ_in_such_a_character_are_two(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library.sqlite") as library:
        for kind in ("incident", "attachment"):
            reports = [
                Reported(kind, text if kind == "incident" else "a.txt", key=text)
                if kind == "attachment"
                else Reported(kind, text)
                for text in ODD
            ]
            library.ingest(Batch(reports), Origin("Feed", frozenset(), 0, "-"))
            found = library.connection.execute(
                "SELECT count(*) FROM object WHERE type = ?", (kind,)
            ).fetchone()
            assert found == (len(ODD),)
