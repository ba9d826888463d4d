"""Times: every form, both bounds inclusive, and every text is a time or a usage error."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from izoologic_cdf.cli.moments import parse_range, parse_time
from izoologic_cdf.cli.run_command import LONGEST_RUN
from izoologic_cdf.errors import UsageError
from izoologic_cdf.runtime.windows import EARLIEST
from tests.support.shells import Shell

NOW = 1_755_300_000  # 2025-08-15T23:20:00Z
NOON = int(datetime(2025, 8, 1, 12, 30, tzinfo=UTC).timestamp())
# digits that are no ASCII
ARABIC_30 = "\u0663\u0660"
LATEST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2025-08-01", NOON - 12 * 3600 - 30 * 60),
        ("2025-08-01T12:30", NOON), ("2025-08-01T12:30:00", NOON), ("2025-08-01 12:30", NOON),
        ("2025-08-01T12:30:00Z", NOON), ("2025-08-01T12:30Z", NOON), ("2025-08-01 12:30 Z", NOON),
        ("2025-08-01T14:30:00+02:00", NOON), ("2025-08-01T14:30+0200", NOON),
        ("2025-08-01 07:00:00 -05:30", NOON), ("2025-08-01T12:30:00.999Z", NOON),
        ("2024-02-29", 1_709_164_800), ("2000-01-01", EARLIEST),
        (str(EARLIEST), EARLIEST), ("1754051400", NOON), ("0001754051400"[2:], NOON),
        ("now", NOW), (" now ", NOW), ("30d", NOW - 30 * 86_400), ("12h", NOW - 12 * 3_600),
        ("0d", NOW), (" 1h", NOW - 3_600),
    ],
)  # fmt: skip
def test_these_are_times(text: str, epoch: int) -> None:
    assert parse_time(text, "since", NOW) == epoch


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "is not a time; a time is a date (2025-08-01)") for text in (
            "", " ", "yesterday", "NOW", "-1", "1e9", "30 d", "30D", "30m", "d", "1.5h",
            "2025-8-1", "2025/08/01", "01.08.2025", "2025-08", "2025-W31", "2025-08-01T",
            "2025-08-01T12", "2025-08-01Z", "2025-08-01T12:30 CET", "2025-08-01T12:30:00,5",
            ARABIC_30 + "d", ARABIC_30, "9" * 12, "9999999d", "2025-08-01\x00",
            "2025-08-01T12:30:00+02:00Z",
        )),
        *((text, "there is no such date since 1970") for text in (
            "2025-13-01", "2025-02-29", "2025-00-10", "2025-01-01T25:00", "2025-01-01T12:60",
            "2025-01-01T12:30:61", "0000-01-01", "0001-01-01T00:00+23:59",
            "2025-01-01T12:00+25:00", f"20{ARABIC_30[::-1]}-01-01",
        )),
        ("999999d", "before 2000"), ("999999h", "before 2000"), ("1999-12-31", "before 2000"),
    ],
)  # fmt: skip
def test_these_are_no_times_and_the_option_is_named(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_time(text, "until", NOW)
    assert str(caught.value).startswith("--until: ")
    assert told in str(caught.value)


_LIKE_TIMES = st.text("0123456789-:TZ+ .dhnow/", max_size=30)


@given(st.text(max_size=40) | _LIKE_TIMES)
@example("999999d")
@example("9" * 5_000)
@example("9" * 20)
def test_any_text_is_a_time_from_2000_on_or_a_usage_error(text: str) -> None:
    try:
        epoch = parse_time(text, "since", NOW)
    except UsageError as error:
        message = str(error)
    else:
        message = "--since: none"
        assert EARLIEST <= epoch <= max(LATEST + 2 * 86_400, 10**11)
    assert message.startswith("--since: ")


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(5000, 1, 1)),  # noqa: DTZ001 - the zone is added
    st.integers(-23 * 60, 23 * 60),
)
def test_a_moment_is_the_same_in_every_zone(moment: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    here = moment.replace(microsecond=0, tzinfo=UTC)
    expected = int(here.timestamp())
    assert parse_time(here.astimezone(zone).isoformat(), "since", NOW) == expected
    assert parse_time(here.replace(tzinfo=None).isoformat(), "since", NOW) == expected
    assert parse_time(str(expected), "since", NOW) == expected


@given(st.integers(EARLIEST, NOW * 2), st.integers(EARLIEST, NOW * 2) | st.none())
def test_a_range_lies_before_now_and_begins_before_it_ends(begin: int, end: int | None) -> None:
    until = NOW if end is None else min(end, NOW)
    try:
        found = parse_range(str(begin), None if end is None else str(end), NOW)
    except UsageError:
        assert begin >= until
    else:
        assert begin < until
        assert found == (begin, until, end is not None and end > NOW)


def test_a_case_at_either_bound_is_in_the_range_and_one_a_second_outside_is_not(
    shell: Shell,
) -> None:
    for name, when in (("early", -1), ("first", 0), ("last", 100), ("late", 101)):
        shell.emulator.state.put_case(f"bound{name}", {"url": "http://example.com"}, NOON + when)
    ended = shell.feed("run", "incident", "--since", str(NOON), "--until", str(NOON + 100))
    assert ended.code == 0
    cases = {one["value"] for one in shell.export() if one["type"] == "incident"}
    assert cases == {"boundfirst", "boundlast"}


def test_a_run_begins_at_its_begin_and_no_window_is_longer_than_30_days(shell: Shell) -> None:
    since, until = (parse_time(text, "since", NOW) for text in ("2023-01-01", "2023-07-01"))
    assert shell.feed("run", "incident", "--since", "2023-01-01", "--until", "2023-07-01").code == 0
    lists = [one.body for one in shell.emulator.requests if one.endpoint == "CaseSync"]
    begins = [int(body["lastsyncntime"]) for body in lists]
    assert begins[0] == since
    assert until - begins[-1] <= LONGEST_RUN * 86_400
    steps = [later - begin for begin, later in pairwise(begins)]
    assert all(0 < step <= LONGEST_RUN * 86_400 for step in steps)


def test_without_an_end_a_run_ends_now(shell: Shell) -> None:
    before = int(datetime.now(UTC).timestamp())
    ended = shell.feed("run", "incident", "--since", "1h", "--format", "json")
    until = datetime.fromisoformat(ended.data["until"] + "+00:00").timestamp()
    assert before <= until <= datetime.now(UTC).timestamp()
    assert ended.said == []


@pytest.mark.parametrize("command", [("windows",), ("run", "incident"), ("backfill", "incident")])
def test_a_future_end_is_said_and_becomes_now(shell: Shell, command: tuple[str, ...]) -> None:
    run = shell if command == ("windows",) else shell.feed
    ended = run(*command, "--since", "1h", "--until", "9999-12-31")
    assert ended.code == 0
    assert ended.said == ["--until is in the future; using now"]
    assert "9999" not in ended.out
