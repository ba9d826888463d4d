"""The limits of the platform: what does not fit is reported, and the rest goes on."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library.limits import CONTENT_BYTES, fit, storable
from izoologic_cdf.library.objects import Content, Count, Problem
from izoologic_cdf.library.store import Library
from tests.library.reports import LATER, NOW, attributes, incident, obj, only, put, stored

SECRET = "hunter2"


@pytest.mark.parametrize("character", ["x", "\u20ac", "\U0001f600"])
def test_a_value_of_255_characters_is_stored_and_one_of_256_fails(
    library: Library,
    character: str,
) -> None:
    long = incident(value=character * 256, tags=["t"])
    done = put(
        library,
        long,
        incident(value=character * 255),
        obj("note", "n"),
        relations=[(0, 1), (0, 2), (1, 2)],
    )
    first, note = stored(library)
    assert first.value == character * 255
    assert note.related == [("incident", character * 255, None)]
    assert done.of("incident").objects == Count(created=1)
    assert done.problems == [
        Problem(
            "failed",
            "incident",
            character * 57 + "...",
            "its value has 256 characters, more than 255, so it is not stored",
        ),
    ]


def test_an_object_without_a_value_fails(library: Library) -> None:
    done = put(library, incident(value=""))
    assert stored(library) == []
    assert [problem.kind for problem in done.problems] == ["failed"]


@pytest.mark.parametrize(
    ("text", "kept", "size"),
    [
        ("x" * 65_535, "x" * 65_535, 0),
        ("x" * 65_536, "x" * 32_590 + " [cut]", 65_536),
        ("\u20ac" * 21_845, "\u20ac" * 21_845, 0),
        ("\u20ac" * 21_846, "\u20ac" * 21_846 + " [cut]", 65_538),
        ("\u20ac" * 40_000, "\u20ac" * 32_590 + " [cut]", 120_000),
        ("\ud800" * 21_846, "\ufffd" * 21_846 + " [cut]", 65_538),
    ],
)
def test_a_text_is_cut_when_its_bytes_do_not_fit(text: str, kept: str, size: int) -> None:
    assert fit(text) == (kept, size)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), st.integers(1, 70_000))
@settings(max_examples=40, deadline=None)
def test_a_text_is_stored_whole_or_cut_at_the_stated_character(text: str, length: int) -> None:
    text = (text * length)[:length]
    size = len(text.encode())
    expected = (text, 0) if size <= 65_535 else (text[:32_590] + " [cut]", size)
    assert fit(text) == expected


@given(st.text(st.characters(codec=None)))
def test_only_surrogates_are_replaced(text: str) -> None:
    kept = storable(text)
    assert [(old, new) for old, new in zip(text, kept, strict=True) if old != new] == [
        (old, "\ufffd") for old in text if "\ud800" <= old <= "\udfff"
    ]


def test_a_cut_is_reported_each_time_and_changes_nothing_the_second(library: Library) -> None:
    report = incident(("Message", SECRET * 10_000), description="d" * 70_000)
    first = put(library, report)
    again = put(library, report, now=LATER)
    assert [problem.sentence for problem in first.problems] == [
        "its description has 70,000 bytes, more than 65,535, so it is cut at 32,590 characters",
        (
            "its attribute 'Message' has 70,000 bytes, more than 65,535, so it is cut at 32,590 "
            "characters"
        ),
    ]
    assert {problem.kind for problem in first.problems} == {"cut"}
    assert first.problems == again.problems
    assert again.of("incident").objects == Count(unchanged=1)
    assert only(library).modified_at == NOW
    assert attributes(library)[0][1] == (SECRET * 10_000)[:32_590] + " [cut]"


def test_problems_never_hold_the_value_of_an_attribute(library: Library) -> None:
    done = put(library, incident(("Password", SECRET * 10_000), tags=[SECRET * 10]))
    assert [problem.kind for problem in done.problems] == ["cut", "tag"]
    assert SECRET not in repr(done.problems)


def test_a_tag_of_50_characters_is_stored_and_one_of_51_reported(library: Library) -> None:
    done = put(library, incident(tags=["x" * 50, "y" * 51]))
    assert only(library).tags == ["x" * 50]
    assert [(problem.kind, problem.sentence) for problem in done.problems] == [
        ("tag", "a tag of 51 characters is longer than 50, so it is not stored"),
    ]


def test_a_file_that_sqlite_cannot_hold_leaves_its_object_without_bytes(
    library: Library,
    tmp_path: Path,
) -> None:
    content = Content(tmp_path / "never-read", CONTENT_BYTES + 1, "0" * 64)
    done = put(library, obj("attachment", "a.bin", key="k", content=content))
    assert only(library).size is None
    assert [problem.kind for problem in done.problems] == ["failed"]


def test_lone_surrogates_are_replaced_everywhere_and_other_characters_kept(
    library: Library,
) -> None:
    odd = "a\ud83d\0\x1b\u2028\U0001f600b"
    kept = "a\ufffd\0\x1b\u2028\U0001f600b"
    report = obj(
        "event",
        odd,
        (odd, odd),
        subtype=odd,
        description=odd,
        status=odd,
        tags=[odd],
    )
    put(library, report, source=odd)
    again = put(library, report, source=odd)
    record = only(library)
    assert [record.value, record.subtype, record.description, record.status] == [kept] * 4
    assert (record.tags, record.sources) == ([kept], [kept])
    assert attributes(library) == [(kept, kept, (kept,))]
    assert again.of("event").objects == Count(unchanged=1)
