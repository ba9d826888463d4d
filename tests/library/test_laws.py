"""Laws that hold for all reports."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library.objects import Attribute, Batch, Reported
from izoologic_cdf.library.store import Library
from tests.library.reports import LATER, exported, put

# few values each, so that objects and attributes meet; every character that could be mistaken
TEXTS = st.sampled_from(["a", "A", "b", "a\0", "\u00e9", "e\u0301", "\U0001f600", "\ud800", '"]'])
TIMES = st.sampled_from([None, "2024-01-01 00:00:00", "2024-01-02 00:00:00"])
NAMES = st.sampled_from(["Status", "URL", "IP", "Note"])
SOURCES = st.sampled_from(["Feed A", "Feed B"])


def objects(*, additive: bool) -> st.SearchStrategy[Reported]:
    """Any object; an additive one has only what does not depend on which report is the last."""
    late = st.just(None) if additive else st.none() | TEXTS
    return st.builds(
        Reported,
        type=st.sampled_from(["incident", "event", "indicator", "note"]),
        value=TEXTS,
        # the subtype of an object whose identity it is not may change: the last one wins
        subtype=st.just("x") if additive else st.sampled_from([None, "x", "y"]),
        description=late,
        published_at=TIMES,
        happened_at=st.just(None) if additive else TIMES,
        status=st.just(None) if additive else st.sampled_from([None, "Active", "Whitelisted"]),
        attributes=st.lists(
            st.builds(Attribute, st.sampled_from(["IP", "Note"]) if additive else NAMES, TEXTS),
            max_size=4,
        ),
        tags=st.lists(TEXTS, max_size=2),
    )


def batches(*, additive: bool = False) -> st.SearchStrategy[Batch]:
    def related(some: list[Reported]) -> st.SearchStrategy[Batch]:
        place = st.integers(0, len(some) - 1)
        return st.builds(Batch, st.just(some), st.lists(st.tuples(place, place), max_size=3))

    return st.lists(objects(additive=additive), min_size=1, max_size=4).flatmap(related)


@contextmanager
def fresh() -> Iterator[Library]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.create(Path(folder) / "x.sqlite") as library,
    ):
        yield library
        assert library.connection.execute("PRAGMA foreign_key_check").fetchall() == []


def dump(library: Library) -> list[str]:
    """Everything but the runs, which do differ."""
    return [line for line in library.connection.iterdump() if 'INTO "run"' not in line]


@given(st.lists(st.tuples(batches(), SOURCES), max_size=3), batches(), SOURCES)
@settings(max_examples=60, deadline=None)
def test_ingesting_a_batch_twice_changes_nothing(
    earlier: list[tuple[Batch, str]],
    batch: Batch,
    source: str,
) -> None:
    with fresh() as library:
        for old, name in earlier:
            put(library, *old.objects, relations=old.relations, source=name)
        put(library, *batch.objects, relations=batch.relations, source=source)
        before = dump(library)
        done = put(
            library,
            *batch.objects,
            relations=batch.relations,
            source=source,
            now=LATER,
        )
        assert dump(library) == before
        for counts in done.counts.values():
            assert (counts.objects.created, counts.objects.updated) == (0, 0)
            assert (counts.attributes.created, counts.attributes.updated) == (0, 0)


@given(st.lists(st.tuples(batches(additive=True), SOURCES), max_size=4), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_additive_batches_does_not_matter(
    reports: list[tuple[Batch, str]],
    random: Random,
) -> None:
    with fresh() as one, fresh() as other:
        for batch, source in reports:
            put(one, *batch.objects, relations=batch.relations, source=source)
        shuffled = random.sample(reports, len(reports))
        for batch, source in shuffled:
            put(other, *batch.objects, relations=batch.relations, source=source)
        assert exported(one) == exported(other)


@given(st.lists(batches(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_one_batch_or_many_give_the_same(many: list[Batch]) -> None:
    with fresh() as one, fresh() as other:
        whole = Batch()
        for batch in many:
            start = len(whole.objects)
            whole.objects += batch.objects
            whole.relations += [(start + a, start + b) for a, b in batch.relations]
            put(one, *batch.objects, relations=batch.relations)
        put(other, *whole.objects, relations=whole.relations)
        assert exported(one) == exported(other)


@given(batches())
@settings(max_examples=60, deadline=None)
def test_the_direction_of_relations_does_not_matter(batch: Batch) -> None:
    with fresh() as one, fresh() as other:
        put(one, *batch.objects, relations=batch.relations)
        put(other, *batch.objects, relations=[(b, a) for a, b in batch.relations])
        assert exported(one) == exported(other)
