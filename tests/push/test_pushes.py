"""What a push brings to the platform, and what it leaves alone."""

import pytest

from izoologic_cdf.library.objects import Reported
from tests.library.reports import obj, put
from tests.platform.rest import Rest
from tests.push.world import DATE, DLR, FEED, OTHER, World, file


def case(value: str = "CASE1", *attributes: tuple[str, str], **fields: object) -> Reported:
    rows = [("Status", "Open"), ("Brand", "Example"), *attributes]
    named = {name for name, _ in attributes}
    rows = [pair for pair in rows[:2] if pair[0] not in named] + list(attributes)
    given = {"description": "A phishing site", "published_at": DATE, **fields}
    return obj("incident", value, *rows, **given)


def address(value: str = "192.0.2.9", **fields: object) -> Reported:
    return obj("indicator", value, subtype="IP Address", status="Active", **fields)


def note(value: str = "2025-08-06 14:28:43 - Hello - CASE1") -> Reported:
    return obj("note", value, description="Dear Example", published_at=DATE)


def attachment(
    name: str = "evidence.pdf", content: bytes | None = b"%PDF", key: str = "k1"
) -> Reported:
    return obj("attachment", name, key=key, content=None if content is None else file(content))


def fill(world: World, *more: Reported) -> None:
    objects = [case(), address(), note(), attachment(), *more]
    relations = [(0, place) for place in range(1, len(objects))]
    put(world.library, *objects, relations=relations, source=FEED)


def test_a_first_push_brings_everything_and_a_second_one_sends_nothing(world: World) -> None:
    fill(world)
    put(world.library, obj("account", "a@example.com", ("Password", "leaked")), source=DLR)
    summary = world.push()
    assert (summary.outcome, summary.exit_code) == ("complete", 0)
    assert dict(summary.created) == dict.fromkeys(
        ("account", "attachment", "incident", "indicator", "note"), 1
    )
    world.check()
    (incident,) = world.platform.snapshot()["incident"]
    assert incident["attributes"] == [("Brand", "Example", [FEED]), ("Status", "Open", [FEED])]
    assert incident["sources"] == [FEED]
    assert incident["related"] == {
        "attachment": ["evidence.pdf"],
        "indicator": ["192.0.2.9"],
        "note": ["2025-08-06 14:28:43 - Hello - CASE1"],
    }
    world.platform.state.clear_requests()
    again = world.push()
    assert (again.outcome, again.sent, sum(again.unchanged.values())) == ("complete", 0, 5)
    paths = {entry.endpoint for entry in world.platform.requests}
    assert paths == {"/token", "/objects"}


def test_a_first_push_takes_fewer_than_a_fifth_of_a_request_per_object(world: World) -> None:
    for number in range(100):
        name = f"CASE{number}"
        notes = [note(f"2025-08-06 14:28:43 - {subject} - {name}") for subject in ("A", "B")]
        rows = [case(name), address(f"192.0.2.{number}"), *notes]
        put(world.library, *rows, relations=[(0, 1), (0, 2), (0, 3)], source=FEED)
    summary = world.push()
    assert (summary.outcome, summary.sent) == ("complete", 400)
    assert len(world.platform.requests) < 0.2 * summary.sent


def test_changes_are_mended_and_rows_of_others_stay(world: World) -> None:
    fill(world)
    world.push()
    theirs = [{"name": "Status", "value": "Seen"}, {"name": "Brand", "value": "Theirs"}]
    planted = {"value": "CASE1", "sources": [OTHER], "attributes": theirs, "tags": ["theirs"]}
    world.platform.plant("incident", planted)
    rows = [("Status", "Closed"), ("URL", "https://example.com/2")]
    objects = [case("CASE1", *rows, description="Taken down"), note("2025-08-07 - CASE1")]
    objects.append(attachment("notes.txt", b"text", "k2"))
    put(world.library, *objects, relations=[(0, 1), (0, 2)], source=FEED)
    summary = world.push()
    assert summary.outcome == "complete"
    world.check()
    (incident,) = world.platform.snapshot()["incident"]
    assert incident["attributes"] == [
        ("Brand", "Example", [FEED]),
        ("Brand", "Theirs", [OTHER]),
        ("Status", "Closed", [FEED]),
        ("Status", "Seen", [OTHER]),
        ("URL", "https://example.com/2", [FEED]),
    ]
    assert (incident["tags"], incident["sources"]) == (
        ["theirs"],
        [OTHER, FEED] if OTHER < FEED else [FEED, OTHER],
    )
    # what was ours when it was last pushed is still ours
    assert incident["description"] == "Taken down"


def test_a_description_of_another_source_stays(world: World) -> None:
    planted = {"value": "CASE1", "sources": [OTHER], "description": "Theirs"}
    world.platform.plant("incident", planted | {"published_at": "2020-01-01 00:00:00"})
    fill(world)
    assert world.push().adopted["incident"] == 1
    (incident,) = world.platform.snapshot()["incident"]
    assert (incident["description"], incident["published_at"]) == ("Theirs", "2020-01-01 00:00:00")
    assert sorted(incident["sources"]) == sorted([FEED, OTHER])
    world.check()


def test_an_attribute_with_two_sources_keeps_its_old_value_beside_the_new_one(world: World) -> None:
    fill(world)
    world.push()
    row = {"name": "Status", "value": "Open", "sources": [OTHER]}
    world.platform.plant("incident", {"value": "CASE1", "attributes": [row], "sources": [OTHER]})
    put(world.library, case("CASE1", ("Status", "Closed")), source=FEED)
    world.push()
    (incident,) = world.platform.snapshot()["incident"]
    statuses = [pair for pair in incident["attributes"] if pair[0] == "Status"]
    assert statuses == [("Status", "Closed", [FEED]), ("Status", "Open", sorted([FEED, OTHER]))]
    world.check()


@pytest.mark.parametrize("status", ["Whitelisted", "Expired", "Review"])
def test_the_status_of_an_indicator_that_exists_stays(world: World, status: str) -> None:
    planted = {"value": "192.0.2.9", "type": "IP Address", "status": status, "sources": [OTHER]}
    world.platform.plant("indicators", planted)
    fill(world)
    world.push()
    (indicator,) = world.platform.snapshot()["indicator"]
    assert (indicator["status_name"], sorted(indicator["sources"])) == (
        status,
        sorted([FEED, OTHER]),
    )
    world.check()


def test_a_title_that_exists_twice_is_a_third_event(world: World) -> None:
    world.platform.state.set_options(event_key="title+type+happened_at")
    for day in ("01", "02"):
        item = {"title": "CASE1", "type": "Incident", "happened_at": f"2020-01-{day} 00:00:00"}
        world.platform.plant("events", item | {"sources": [OTHER], "description": "Theirs"})
    event = obj("event", "CASE1", subtype="Incident", happened_at=DATE, description="Ours")
    put(world.library, event, source=FEED)
    world.push()
    events = world.platform.snapshot()["event"]
    assert [(one["happened_at"], one["description"], one["sources"]) for one in events] == [
        ("2020-01-01 00:00:00", "Theirs", [OTHER]),
        ("2020-01-02 00:00:00", "Theirs", [OTHER]),
        (DATE, "Ours", [FEED]),
    ]
    # when it happened is corrected, which makes no further event
    event.happened_at = "2025-08-05 00:00:00"
    put(world.library, event, source=FEED)
    world.push()
    events = world.platform.snapshot()["event"]
    assert (len(events), events[2]["happened_at"]) == (3, "2025-08-05 00:00:00")
    world.check()


def test_an_event_type_that_the_platform_lacks_is_made(world: World) -> None:
    put(world.library, obj("event", "CASE1", subtype="Takedown", happened_at=DATE), source=FEED)
    world.push()
    (event,) = world.platform.snapshot()["event"]
    assert event["type_name"] == "Takedown"


def test_without_a_custom_object_the_others_go_and_it_follows_once_it_is_installed(
    world: World,
) -> None:
    fill(world, obj("victim", "a@example.com", ("Password", "leaked")))
    summary = world.push()
    assert (summary.exit_code, dict(summary.missing)) == (3, {"victim": 1})
    assert "install the custom object" in summary.as_text()
    assert summary.created["incident"] == 1
    definition = [{"code": "victim", "name": "Victim", "fields": [{"field": "value"}]}]
    world.platform.state.install(definition)
    assert world.push().exit_code == 0
    world.check()
    (incident,) = world.platform.snapshot()["incident"]
    assert incident["related"]["victim"] == ["a@example.com"]


def test_what_was_pushed_without_a_custom_object_is_related_to_it_later(world: World) -> None:
    account = obj("a_victim", "a@example.com")
    put(world.library, case(), account, relations=[(0, 1)], source=FEED)
    assert world.push().exit_code == 3
    definition = [{"code": "a_victim", "name": "Victim", "fields": [{"field": "value"}]}]
    world.platform.state.install(definition)
    # the case comes after it, and was complete but for that
    summary = world.push()
    assert (summary.exit_code, summary.created["a_victim"], summary.changed["incident"]) == (
        0,
        1,
        1,
    )
    world.check()


def test_a_refused_object_is_deferred_with_its_reason_and_the_others_go(world: World) -> None:
    bad = obj("indicator", "198.51.100.1", subtype="No Such Type")
    fill(world, bad, *(address(f"198.51.100.{n}") for n in range(2, 30)))
    summary = world.push()
    assert (summary.exit_code, summary.created["indicator"]) == (3, 29)
    (deferred,) = summary.deferred
    assert deferred.name == "indicator '198.51.100.1'"
    assert "type" in deferred.reason
    for _ in range(4):
        assert world.push().exit_code in (0, 3)
    last = world.push()
    assert (last.exit_code, [one.abandoned for one in last.deferred]) == (0, [True])


@pytest.mark.parametrize("how", ["refuse", "skip", "report"])
def test_a_bad_item_in_a_batch(world: World, how: str) -> None:
    world.platform.state.set_options(consume_bad_item=how)
    long = obj("note", "n" * 200, ("x" * 70, "value"))
    put(world.library, note(), long, note("n2"), source=FEED)
    summary = world.push()
    assert (summary.created["note"], len(summary.deferred)) == (2, 1)
    assert summary.deferred[0].name.startswith("note 'nnn")


def test_a_file_is_sent_once_and_related_from_every_case(world: World) -> None:
    fill(world)
    second = [case("CASE2"), attachment("evidence.pdf", b"%PDF", "k9")]
    put(world.library, *second, relations=[(0, 1)], source=FEED)
    put(
        world.library,
        case("CASE3"),
        attachment("waits.pdf", None, "k3"),
        relations=[(0, 1)],
        source=FEED,
    )
    summary = world.push()
    assert (summary.exit_code, summary.waiting) == (0, 1)
    assert world.platform.requests.count("/attachments/upload") == 1
    (found,) = world.platform.snapshot()["attachment"]
    assert (found["type_name"], found["related"]["incident"]) == ("PDF", ["CASE1", "CASE2"])
    world.check()
    put(world.library, attachment("waits.pdf", b"came", "k3"), source=FEED)
    world.push()
    world.check()
    assert world.platform.requests.count("/attachments/upload") == 2


def test_what_was_deleted_on_the_platform_is_named_and_made_again(world: World) -> None:
    fill(world)
    world.push()
    world.platform.state.reset()
    planted = {"value": "a stranger", "sources": [OTHER]}
    world.platform.plant("incident", planted)
    compared = world.push(verify=True)
    assert (compared.exit_code, len(compared.differences)) == (3, 4)
    assert "note" in "".join(compared.differences)
    assert world.push().exit_code == 0
    world.check()
    assert [one["value"] for one in world.platform.snapshot()["incident"]] == [
        "a stranger",
        "CASE1",
    ]


def test_without_passwords_they_stay_at_home(world: World) -> None:
    put(
        world.library,
        obj("account", "a@example.com", ("Password", "s3cret"), ("Brand", "B")),
        source=DLR,
    )
    world.push(left_out=("Password",))
    (account,) = world.platform.snapshot()["account"]
    assert account["attributes"] == [("Brand", "B", [DLR])]


def test_a_user_may_push_with_email_and_password(world: World) -> None:
    fill(world)
    own = world.platform.credentials
    summary = world.push(client_secret="", email=own.email, password=own.password)
    assert summary.exit_code == 0
    world.check()


@pytest.mark.parametrize("case_too", [False, True])
@pytest.mark.parametrize("collection", ["indicators", "note", "attachments"])
def test_a_changed_case_brings_back_what_the_platform_lost(
    world: World, collection: str, case_too: bool
) -> None:
    fill(world)
    world.push()
    with Rest(world.platform) as rest:
        rest.login()
        for lost in [collection, *(["incident"] if case_too else [])]:
            (row,) = rest.data("GET", f"/{lost}")
            rest.data("DELETE", f"/{lost}/{row['id']}")
    put(world.library, case("CASE1", ("Status", "Closed")), source=FEED)
    summary = world.push()
    assert (summary.exit_code, summary.deferred) == (0, [])
    assert sum(summary.created.values()) == 1 + case_too
    world.check()
    assert world.push().sent == 0
