"""What each endpoint answers: (state, arguments, now in epoch seconds) -> answer."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from izoologic_cdf.emulator import assumed, endpoints, responses
from izoologic_cdf.emulator.cases import Case, JsonObject, Register
from izoologic_cdf.emulator.endpoints import Endpoint
from izoologic_cdf.emulator.responses import Answer, envelope
from izoologic_cdf.emulator.tenant import State
from izoologic_cdf.emulator.times import DAY, epoch

Handler = Callable[[State, dict[str, Any], int], Answer]


def authenticate(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """Give out a token for the right pair of keys."""
    if (arguments["apikey"], arguments["secretkey"]) != (state.api_key, state.secret_key):
        return envelope(assumed.bad_credentials(), state.options.bad_login_status)
    return responses.success({"accessToken": state.tokens.issue(now, state.options)}, "")


def case_sync(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """List the incident cases updated since a time."""
    since = arguments["lastsyncntime"]
    return _list(state, state.incidents, since, now, time=endpoints.INCIDENT_LIST_TIME, blank=None)


def dlr_synced_cases(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """List the DLR cases modified since a time."""
    since = arguments["lastsyncntime"]
    return _list(state, state.dlr, since, now, time=endpoints.DLR_LIST_TIME, blank="")


def _list(
    state: State, register: Register, since: int | None, now: int, *, time: str, blank: str | None
) -> Answer:
    options = state.options
    # an API that ignores the time lists everything
    since = 0 if since is None else since
    limits = [options.max_lookback_days]
    if options.window == "reject-older-than-30d":
        limits.append(options.range_limit_days)
    days = min((limit for limit in limits if limit is not None), default=None)
    if days is not None and now - since > days * DAY:
        return envelope(assumed.too_far_back(days))
    last = now
    if options.window == "window":
        last = min(now, since + options.range_limit_days * DAY)
    rows = register.rows(since, last)
    if not rows:
        return envelope(assumed.no_data())
    if options.list_order == "desc":
        rows.reverse()
    elif options.list_order == "shuffled":
        # the same question has the same answer, so that a run can be repeated
        random.Random(since).shuffle(rows)  # noqa: S311
    return responses.success(
        [{"caseId": case_id, time: str(updated)} for updated, case_id in rows], blank
    )


def case_detail(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """Tell an incident case, with new file tokens at every call."""
    # an API that ignores the id tells of any case
    case_id = _any(state.incidents, now) if arguments["caseid"] is None else arguments["caseid"]
    case = state.incidents.case(case_id)
    if case is None:
        return envelope(assumed.no_data())
    detail = case.detail
    files = detail.get("caseFiles")
    if isinstance(files, list):
        told = [_entry(state, case_id, i, entry, now) for i, entry in enumerate(files)]
        detail = {**detail, "caseFiles": told}
    return responses.success(detail, case.blank)


def _any(register: Register, now: int) -> str:
    return next((case_id for _, case_id in register.rows(0, now)), "")


def _entry(state: State, case_id: str, index: int, entry: Any, now: int) -> Any:
    if not isinstance(entry, dict):
        return entry
    token = entry.get("fileToken")
    if state.options.file_tokens == "stored" and isinstance(token, str):
        state.file_tokens.store(token, case_id, index)
        return entry
    return {**entry, "fileToken": state.file_tokens.issue(case_id, index, now)}


def communications(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """Tell the messages of an incident case in a range, newest first."""
    bounds = arguments["fromdate"], arguments["todate"]
    first, last = bounds[0] or 0, now if bounds[1] is None else bounds[1]
    options, case_id = state.options, arguments["caseid"]
    if first >= last:
        return envelope(assumed.inverted_range())
    if last - first > options.range_limit_days * DAY and None not in bounds:
        return envelope(assumed.range_too_long(options.range_limit_days))
    # an API that ignores the id tells the messages of all cases
    ids = [case_id] if case_id is not None else sorted({i for _, i in state.incidents.rows(0, now)})
    if options.day_rounding:
        # observed at FetchIncidents: the first day is rounded up, the last one down and included
        first, last = -(-first // DAY) * DAY, last // DAY * DAY + DAY - 1
    cases = [case for one in ids if (case := state.incidents.case(one)) is not None]
    found = _messages(cases, first, min(last, now))
    return responses.success(found, "") if found else envelope(assumed.no_data())


def _messages(cases: list[Case], first: int, last: int) -> list[JsonObject]:
    dated = [(epoch(row.get("createdOn")), row) for case in cases for row in case.messages]
    # a message without a date lies in every range: left out, nobody could ever read it
    found = [(at, row) for at, row in dated if at is None or first <= at <= last]
    found.sort(key=lambda item: -(item[0] or 0))
    return [row for _, row in found]


def download(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """Give the bytes of a file."""
    found = state.file_tokens.use(arguments["filetoken"] or "", now, state.options)
    if found is None:
        return envelope(assumed.bad_file_token())
    case_id, index = found
    case = state.incidents.case(case_id)
    content = case.contents[index] if case and index < len(case.contents) else None
    if case is None or content is None:
        return envelope(assumed.bad_file_token())
    answer = Answer(200, content, responses.BYTES)
    if state.options.content_disposition:
        name = str(case.detail["caseFiles"][index].get("originalFilename"))
        quoted = quote(name, safe="", errors="replace")
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quoted}"
    return answer


def dlr_detail(state: State, arguments: dict[str, Any], now: int) -> Answer:
    """Tell a DLR case by its case id or its tracking id."""
    named = arguments["trackingid"]
    case_id = _any(state.dlr, now) if named is None else state.dlr.find(named)
    case = state.dlr.case(case_id) if case_id else None
    return responses.success(case.detail, case.blank) if case else envelope(assumed.no_data())


HANDLERS: dict[Endpoint, Handler] = {
    endpoints.AUTHENTICATE: authenticate,
    endpoints.CASE_SYNC: case_sync,
    endpoints.CASE_DETAIL: case_detail,
    endpoints.COMMUNICATIONS: communications,
    endpoints.DOWNLOAD: download,
    endpoints.DLR_LIST: dlr_synced_cases,
    endpoints.DLR_DETAIL: dlr_detail,
}
