"""Laws of both feeds over generated cases: order, repetition and number in flight do not matter."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from izoologic_cdf.emulator import Emulator, generate
from izoologic_cdf.emulator.generated import CLOCK as GENERATED_CLOCK
from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.windows import DAY
from tests.support.tenants import ASKED, FeedName, Outcome, Tenant

# few values each, so that cases often share addresses and accounts and disagree about the rest
texts = st.sampled_from([None, "", "N/A", "a", "b"])
dates = st.sampled_from([None, "1754200000", "2025-08-03", "1754000000000", "soon"])
accounts = st.fixed_dictionaries(
    {"email": st.sampled_from([None, "a@example.com", "b@example.com"]), "password": texts},
    optional={"userName": st.sampled_from(["a@example.com", "user"]), "postedDate": dates},
)
details = st.fixed_dictionaries(
    {
        "description": texts,
        "brand": texts,
        "addedDate": dates,
        "detectionDate": dates,
        "statusDescription": texts,
        "ipAddress": st.sampled_from([None, "192.0.2.1", "192.0.2.1 2001:db8::1", "x"]),
        "webhost": texts,
        "dataLossRecoveryDetail": st.lists(accounts, max_size=3),
    }
)
CASE_IDS = ["DLR#caSe00001", "DLR#CASE00001", "caSe00002", "caSe00003", " caSe00004"]
rows = st.lists(
    st.tuples(
        st.sampled_from(CASE_IDS), st.sampled_from([ASKED.asked.since + i for i in range(3)])
    ),
    min_size=1,
    max_size=8,
)
LAW = settings(
    derandomize=True,
    deadline=None,
    max_examples=20,
    # an explanation costs a hundred runs of a server
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FEEDS = pytest.mark.parametrize("feed", ["incident", "dlr"])


def put(tenant: Tenant, cases: dict[str, Any]) -> None:
    """Give both feeds these cases, each with a message and a file."""
    tenant.state.reset()
    for case_id, detail in cases.items():
        tenant.state.put_case(case_id, detail)
        tenant.state.add_message(case_id, {"subject": detail["brand"], "message": case_id})
        tenant.state.add_file(case_id, {"originalFilename": "e.txt"}, case_id.encode())
        tenant.state.put_dlr(case_id, {"caseId": case_id, **detail})


cases = st.fixed_dictionaries(dict.fromkeys(CASE_IDS, details))


@FEEDS
@LAW
@given(cases=cases, listed=rows, data=st.data())
def test_the_order_of_list_rows_does_not_matter(
    tenant: Tenant, feed: FeedName, cases: dict[str, Any], listed: Any, data: st.DataObject
) -> None:
    put(tenant, cases)
    exports = []
    for order in (listed, data.draw(st.permutations(listed))):
        sent = [{"caseId": name, "updatedAt": str(at), "modifiedDate": at} for name, at in order]
        tenant.list_rows(feed, sent)
        exports.append(tenant.sync(feed).text)
    assert exports[0] == exports[1]


@FEEDS
@LAW
@given(cases=cases)
def test_ingesting_twice_equals_ingesting_once(
    tenant: Tenant, feed: FeedName, cases: dict[str, Any]
) -> None:
    put(tenant, cases)
    once = tenant.sync(feed)
    twice = tenant.sync(feed, into=once.library)
    assert twice.text == once.text
    for counts in twice.summary.ingested.counts.values():
        assert (counts.attributes.created, counts.attributes.updated) == (0, 0)
        assert counts.objects.created == 0
        # the description of an account that two cases describe changes and changes back
        assert counts.objects.updated == 0 or feed == "dlr"


# which of several cases in flight shows that messages come late, and how many are read again
CHANCE = ("retrying ", "messages of this tenant do not always update their case")


def told(outcome: Outcome) -> set[str]:
    return {one for one in outcome.said if not any(words in one for words in CHANCE)}


@FEEDS
@settings(LAW, max_examples=10)
@given(seed=st.integers(0, 999), latest=st.integers(0, 3))
def test_one_case_in_flight_gives_the_same_as_eight(
    emulator: Emulator, tmp_path: Path, feed: FeedName, seed: int, latest: int
) -> None:
    tenant = Tenant(emulator, tmp_path, generate(8, seed=seed, days=40, dlr=8))
    asked = whole(GENERATED_CLOCK - 40 * DAY, GENERATED_CLOCK)
    one = tenant.sync(feed, asked=asked, in_flight=1, into=tmp_path / f"{seed}-{latest}-1.sqlite")
    # some details come late, so that cases are done in another order than listed
    tenant.state.reset()
    endpoint = "CaseDetail" if feed == "incident" else "DLRDetail"
    for nth in range(1, latest + 1):
        tenant.state.add_fault("delay", endpoint=endpoint, nth=3 * nth, seconds=0.01)
    into = tmp_path / f"{seed}-{latest}-8.sqlite"
    eight = tenant.sync(feed, asked=asked, in_flight=8, into=into)
    assert one.text == eight.text
    assert told(one) == told(eight)
    assert one.objects
