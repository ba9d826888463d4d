"""Details, communications and files."""

import pytest

from tests.emulator.api_client import API, Client

DAY = 86_400
# both messages of the guide's sample
ACKNOWLEDGED, UPLOADED = 1_754_490_523, 1_754_599_674
NO_DATA = "iZOO2011"


@pytest.mark.parametrize("case_id", ["unknown", "case123456", "DLR#n9Ra7KbR3", ""])
def test_a_detail_of_an_unknown_case_is_no_data(client: Client, case_id: str) -> None:
    assert client.detail(case_id)["errorCode"] == NO_DATA


@pytest.mark.parametrize("tracking_id", ["unknown", "DLR", "gz3kEgBWO"])
def test_a_dlr_detail_of_an_unknown_case_is_no_data(client: Client, tracking_id: str) -> None:
    assert client.dlr(tracking_id)["errorCode"] == NO_DATA


@pytest.mark.parametrize(
    ("given", "case_id"),
    [
        ("DLR#n9Ra7KbR3", "DLR#n9Ra7KbR3"),
        ("n9Ra7KbR3", "DLR#n9Ra7KbR3"),
        ("DLR123456", "DLR123456"),
        ("TRK789012", "DLR123456"),
        ("exAmple02", "DLR#exAmple02"),
    ],
)
def test_a_dlr_case_is_found_by_either_of_its_ids(client: Client, given: str, case_id: str) -> None:
    assert client.dlr(given)["result"]["caseId"] == case_id


def test_a_hash_that_is_not_encoded_cuts_the_id_and_gives_no_data(client: Client) -> None:
    assert client.get(API + "DLRDetail?trackingid=DLR#n9Ra7KbR3").json()["errorCode"] == NO_DATA
    encoded = client.get(API + "DLRDetail?trackingid=DLR%23n9Ra7KbR3").json()
    assert encoded["result"]["trackingID"] == "n9Ra7KbR3"


def test_ids_that_need_encoding_are_found(client: Client) -> None:
    for case_id in ("a+b", "a/b", "a b", "a&b=c", "100%", "例示", "a?b;c"):
        client.emulator.state.put_case(case_id, {"brand": case_id})
        assert client.detail(case_id)["result"] == {"brand": case_id}


@pytest.mark.parametrize(
    ("rounding", "first", "last", "found"),
    [
        (False, ACKNOWLEDGED, UPLOADED, [UPLOADED, ACKNOWLEDGED]),
        (False, ACKNOWLEDGED + 1, UPLOADED, [UPLOADED]),
        (False, ACKNOWLEDGED, UPLOADED - 1, [ACKNOWLEDGED]),
        # the first day is rounded up to the next midnight, the last one down and included
        (True, ACKNOWLEDGED, UPLOADED, [UPLOADED]),
        (True, ACKNOWLEDGED // DAY * DAY, UPLOADED, [UPLOADED, ACKNOWLEDGED]),
        (True, ACKNOWLEDGED // DAY * DAY + 1, UPLOADED, [UPLOADED]),
        (True, ACKNOWLEDGED // DAY * DAY, UPLOADED // DAY * DAY, [UPLOADED, ACKNOWLEDGED]),
        (True, ACKNOWLEDGED // DAY * DAY, UPLOADED // DAY * DAY - 1, [ACKNOWLEDGED]),
    ],
)
def test_communications_are_exact_or_of_whole_days_and_newest_first(
    client: Client, rounding: bool, first: int, last: int, found: list[int]
) -> None:
    client.emulator.state.set_options(day_rounding=rounding)
    rows = client.messages("gz3kEgBWO", first, last)["result"] or []
    assert [int(row["createdOn"]) for row in rows] == found


@pytest.mark.parametrize("last", [ACKNOWLEDGED, ACKNOWLEDGED - 1])
def test_a_range_that_is_empty_or_inverted_is_refused(client: Client, last: int) -> None:
    answer = client.messages("gz3kEgBWO", ACKNOWLEDGED, last)
    assert answer["success"] is False
    assert answer["message"] == "from date should not be greater than or equal to to date"


@pytest.mark.parametrize(
    ("limit", "seconds", "refused"),
    [(30, 30 * DAY, False), (30, 30 * DAY + 1, True), (31, 31 * DAY, False)],
)
def test_a_range_over_the_limit_is_refused(
    client: Client, limit: int, seconds: int, refused: bool
) -> None:
    client.emulator.state.set_options(range_limit_days=limit)
    first = ACKNOWLEDGED - 25 * DAY
    answer = client.messages("gz3kEgBWO", first, first + seconds)
    assert answer["success"] is not refused
    assert (answer["errorCode"] not in {"", NO_DATA}) is refused


@pytest.mark.parametrize("case_id", ["CASE123456", "unknown", "DLR#n9Ra7KbR3"])
def test_a_case_without_communications_gives_no_data(client: Client, case_id: str) -> None:
    answer = client.messages(case_id, ACKNOWLEDGED, UPLOADED)
    assert answer["errorCode"] == NO_DATA


def test_a_message_is_not_told_before_it_was_written(client: Client) -> None:
    now = client.emulator.state.clock
    client.emulator.state.add_message("CASE123456", {"createdOn": str(now + 5), "subject": "soon"})
    assert client.messages("CASE123456", now - DAY, now + 10)["errorCode"] == NO_DATA
    client.emulator.state.advance(5)
    assert len(client.messages("CASE123456", now - DAY, now + 10)["result"]) == 1


def test_a_message_without_a_date_lies_in_every_range(client: Client) -> None:
    client.emulator.state.add_message("CASE123456", {"createdOn": None, "subject": "undated"})
    row = client.messages("CASE123456", 0, DAY)["result"][0]
    assert (row["subject"], row["createdOn"], row["caseID"]) == ("undated", None, "CASE123456")


def tokens(client: Client, count: int) -> list[str]:
    details = [client.detail("CASE123456") for _ in range(count)]
    return [detail["result"]["caseFiles"][0]["fileToken"] for detail in details]


def test_file_tokens_differ_at_every_call_and_need_encoding(client: Client) -> None:
    found = tokens(client, 20)
    assert len(set(found)) == 20
    for token in found:
        assert token.startswith("U2FsdGVkX1")
        assert all(character in token for character in "+/=")
        assert client.download(token).content == b"test file"


def test_a_file_is_raw_bytes(client: Client) -> None:
    content = bytes(range(256)) * 3
    client.emulator.state.add_file(
        "CASE123456", {"originalFilename": "b\u00efn \u202e.bin"}, content
    )
    entry = client.detail("CASE123456")["result"]["caseFiles"][1]
    response = client.download(entry["fileToken"])
    assert response.content == content
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "Content-Disposition" not in response.headers
    client.emulator.state.set_options(content_disposition=True)
    header = client.download(entry["fileToken"]).headers["Content-Disposition"]
    assert header == "attachment; filename*=UTF-8''b%C3%AFn%20%E2%80%AE.bin"


@pytest.mark.parametrize("token", ["", "nonsense", "U2FsdGVkX1+/=", "U2FsdGVkX19BQUFB+/+/AA=="])
def test_an_unknown_file_token_is_refused_in_the_envelope(client: Client, token: str) -> None:
    response = client.download(token)
    assert (response.status_code, response.json()["success"]) == (200, False)


def test_a_tampered_file_token_is_refused(client: Client) -> None:
    token = tokens(client, 1)[0]
    other = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    assert client.download(other).json()["success"] is False


def test_a_file_token_can_expire(client: Client) -> None:
    client.emulator.state.set_options(file_token_life_seconds=10)
    token = tokens(client, 1)[0]
    client.emulator.state.advance(9)
    assert client.download(token).content == b"test file"
    client.emulator.state.advance(1)
    assert client.download(token).json()["success"] is False


def test_a_file_token_can_be_good_for_one_use(client: Client) -> None:
    client.emulator.state.set_options(file_token_uses=1)
    first, second = tokens(client, 2)
    assert client.download(first).content == b"test file"
    assert client.download(first).json()["success"] is False
    assert client.download(second).content == b"test file"


def test_stored_file_tokens_are_told_as_the_sample_has_them(client: Client) -> None:
    client.emulator.state.set_options(file_tokens="stored")
    token = tokens(client, 1)[0]
    assert token == "U2FsdGVkX19nK8s2mE+7a6bW...encrypted_token"
    assert client.download(token).content == b"test file"
