"""The built definition gives byte for byte what the authored ones give."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.runtime.source_client import FirstPage
from izoologic_cdf.runtime.windows import Window, split_range
from tests.support.built import Answers, authored, built, built_text, exported, loaded

SCENARIOS = ("guide", "generated:12:days=45:messages_per_case=4:files_per_case=2")
SWITCHES: list[dict[str, Any]] = [
    {},
    {"ingest_as_event": True},
    {"ingest_ip_as_attribute": True},
    {"ingest_description_as_attribute": True},
    {"use_added_date": True},
    {"ingest_as_identity": True},
    {"use_posted_date": True},
    {
        "ingest_as_event": True,
        "ingest_ip_as_attribute": True,
        "ingest_description_as_attribute": True,
        "use_added_date": True,
        "ingest_as_identity": True,
        "use_posted_date": True,
    },
]


@pytest.fixture(scope="module", params=SCENARIOS)
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator(load_scenario(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def answers(emulator: Emulator) -> Answers:
    assert not emulator.state.faults
    return Answers()


def ranges(emulator: Emulator) -> list[Window]:
    """Return the runs that hold something: whole windows, no longer than the API takes."""
    scenario = emulator.state.scenario
    assert scenario.since is not None
    assert scenario.until is not None
    every = split_range(scenario.since, scenario.until, 30)
    dates = [updated for cases in (scenario.incidents, scenario.dlr) for updated, _ in cases.rows()]
    return [one for one in every if any(one.since <= date <= one.until for date in dates)]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: "+".join(switches) or "none")
def test_both_forms_give_the_same_library(
    emulator: Emulator, answers: Answers, tmp_path: Path, switches: dict[str, Any]
) -> None:
    """Whatever a missing key is, and whether or not pagination applies to the first request."""
    asked = ranges(emulator)
    want = exported(tmp_path, authored(), emulator, asked, switches, transport=answers)
    assert '"type": ' in want
    for missing, first_page in zip(Missing, FirstPage, strict=True):
        found = exported(tmp_path, built(missing), emulator, asked, switches, first_page, answers)
        assert found == want


PLANTED = {
    "a month": ("value.days // 153 + 2", "value.days // 153 + 3"),
    "names in any case": ("(value[0] | lower,", "(value[0],"),
    "the status": ("value.get('statusdescription'", "value.get('statuscode'"),
    "an IPv4 address": ("select('le', 255)", "select('le', 25)"),
    "the name of a file": ("value[:235] ~", "value[:3] ~"),
    "the id in a note": ("' - ' ~ run_params.case_id)", "'')"),
    "the tracking id": ("value.caseId[4:] if", "value.caseId[3:] if"),
    "the rows of a case": ("value.primary + value.detail", "value.primary"),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_difference_is_found(
    answered: tuple[Emulator, Answers], tmp_path: Path, planted: tuple[str, str]
) -> None:
    """The comparison above can fail: each of these shows in the export, or ends the run."""
    emulator, answers = answered
    text = built_text()
    assert text.count(planted[0]) == 1
    asked = ranges(emulator)
    good = exported(tmp_path, built(Missing.NULL), emulator, asked, {}, transport=answers)
    try:
        bad = exported(
            tmp_path, loaded(text.replace(*planted)), emulator, asked, {}, transport=answers
        )
    except AssertionError:
        return
    assert good != bad
