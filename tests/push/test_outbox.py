"""The outbox: what is due, and libraries of an earlier format."""

import contextlib
from pathlib import Path

import pytest

from izoologic_cdf.library import tables
from izoologic_cdf.library.outbox import Outbox, Outgoing
from izoologic_cdf.library.store import Library
from tests.library.reports import back_to_format_2, obj, put
from tests.push.world import DATE, FEED, file

HOST = "https://threatq.example.com"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.create(tmp_path / "library.sqlite")


def only(library: Library, kind: str, **options: object) -> Outgoing:
    (found,) = (one for one in Outbox(library, HOST, **options).scan() if one.type == kind)  # type: ignore[arg-type]
    return found


def test_an_object_is_read_with_all_that_is_sent_of_it(library: Library) -> None:
    case = obj("incident", "CASE1", ("Status", "Open"), description="d", published_at=DATE)
    case.tags = ["t"]
    put(library, case, obj("note", "n"), obj("attachment", "f", key="k"),
        relations=[(0, 1), (0, 2)], source=FEED)  # fmt: skip
    put(library, obj("incident", "CASE1", ("Status", "Open")), source="Other")
    one = only(library, "incident")
    assert (one.description, one.published_at, one.tags) == ("d", DATE, {"t"})
    assert one.attributes == {("Status", "Open"): {FEED, "Other"}}
    # the file waits for its bytes, so it is not related yet
    assert [kind for kind, _ in one.related] == ["note"]
    assert only(library, "note").related == []
    assert not only(library, "attachment").is_sendable


def test_a_push_waits_for_another_of_its_library_and_goes_on_after_it(library: Library) -> None:
    waited: list[int] = []
    with contextlib.ExitStack() as other:

        def wait() -> None:
            waited.append(1)
            if len(waited) == 3:
                other.close()

        other.enter_context(Outbox(library, HOST).alone(wait))
        with Outbox(library, HOST).alone(wait):
            assert len(waited) == 3


@pytest.mark.parametrize(
    "change",
    [
        obj("incident", "CASE1", ("Status", "Closed")),
        obj("incident", "CASE1", ("Brand", "B")),
        obj("incident", "CASE1", description="new"),
        obj("incident", "CASE1", published_at="2020-01-01 00:00:00"),
        obj("incident", "CASE1", started_at=DATE),
    ],
)
def test_whatever_is_sent_makes_another_version(library: Library, change: object) -> None:
    put(library, obj("incident", "CASE1", ("Status", "Open"), description="d", published_at=DATE))
    before = only(library, "incident").version
    put(library, change)  # type: ignore[arg-type]
    assert only(library, "incident").version != before


def test_relations_sources_tags_and_bytes_make_another_version(library: Library) -> None:
    put(library, obj("incident", "CASE1"), obj("attachment", "f", key="k"), relations=[(0, 1)])
    seen = [only(library, "incident").version]
    put(library, obj("incident", "CASE1"), source="Other")
    seen.append(only(library, "incident").version)
    tagged = obj("incident", "CASE1")
    tagged.tags = ["t"]
    put(library, tagged)
    seen.append(only(library, "incident").version)
    put(library, obj("incident", "CASE1"), obj("note", "n"), relations=[(0, 1)])
    seen.append(only(library, "incident").version)
    put(library, obj("attachment", "f", key="k", content=file(b"bytes")))
    seen.append(only(library, "incident").version)
    assert len(set(seen)) == len(seen)


def test_the_same_report_again_makes_no_other_version(library: Library) -> None:
    case = obj("incident", "CASE1", ("Status", "Open"), description="d", published_at=DATE)
    put(library, case)
    before = only(library, "incident").version
    put(library, case, now="2024-06-01 00:00:00")
    assert only(library, "incident").version == before


def test_what_is_left_out_is_not_part_of_the_version(library: Library) -> None:
    put(library, obj("account", "a", ("Password", "p1")))
    left_out = ("Password",)
    before = only(library, "account", left_out=left_out).version
    put(library, obj("account", "a", ("Password", "p2")))
    assert only(library, "account", left_out=left_out).version == before
    assert only(library, "account", left_out=left_out).attributes == {}


def test_each_platform_has_an_outbox_of_its_own(library: Library) -> None:
    put(library, obj("note", "n"))
    outbox = Outbox(library, HOST)
    (one,) = outbox.scan()
    one.remote, one.pushed = 7, one.version
    outbox.save([one])
    assert outbox.remotes([one.id]) == {one.id: 7}
    assert next(Outbox(library, HOST).scan()).pushed == one.version
    assert next(Outbox(library, "https://other.example.com").scan()).pushed == ""


def test_a_library_of_format_2_gets_its_outbox_and_keeps_its_objects(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library.create(path) as library:
        put(library, obj("note", "n"))
    back_to_format_2(path)
    before = path.read_bytes()
    with Library.open(path) as library:
        assert [one.value for one in Outbox(library, HOST, is_preview=True).scan()] == ["n"]
    assert path.read_bytes() == before
    with Library.create(path) as library:
        assert [one.value for one in Outbox(library, HOST).scan()] == ["n"]
        (version,) = library.connection.execute("PRAGMA user_version").fetchone()
        assert version == tables.VERSION
