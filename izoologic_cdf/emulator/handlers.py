"""What each endpoint takes and answers: request values -> answer, as ASP.NET Core would do it."""

import random
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import quote

from izoologic_cdf.emulator import assumed, endpoints
from izoologic_cdf.emulator.endpoints import Endpoint, Name
from izoologic_cdf.emulator.scenario import JsonObject, Options, Register
from izoologic_cdf.emulator.tenant import State
from izoologic_cdf.loopback.inputs import DAY, epoch, iso
from izoologic_cdf.loopback.serving import BYTES, Answer, encode

PROBLEM = "application/problem+json; charset=utf-8"
_INTEGER = re.compile(r"-?[0-9]{1,14}")


class BadRequestError(Exception):
    """The request is refused with 400; the argument are lists of sentences by name."""


def read(
    endpoint: Endpoint, pairs: Iterable[tuple[str, Any]], options: Options, now: int
) -> dict[str, Any]:
    """Return the values by default name: text, or epoch seconds as an integer.

    Strict takes the default spelling alone, once, and no time that has not come yet; otherwise
    names are read without regard to case, aliases are taken and unknown names ignored (I-09). A
    name that an option has changed is None where it is not given. Raises BadRequestError with
    everything that is wrong.
    """
    strict = options.strict
    given: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    keys = {
        text: name.default
        for name in endpoint.names
        for text in _spellings(endpoint, name, options)
    }
    for spelling, value in pairs:
        found = keys.get(spelling if strict else spelling.lower())
        if strict and found is None:
            wanted = ", ".join(keys)
            errors[spelling] = [f"The name {spelling} is unknown here; expected: {wanted}."]
        elif strict and found in given:
            errors[spelling] = [f"The name {spelling} is given twice."]
        if found is not None:
            given.setdefault(found, value)
    values: dict[str, Any] = {}
    for name, key in ((name, name.default) for name in endpoint.names):
        values[key] = _value(endpoint, name, given.get(key), options)
        if values[key] is not None:
            continue
        if given.get(key) is not None:
            errors[key] = [f"The value of {key} must be {_wanted(endpoint, name, options)}."]
        elif key in given or f"{endpoint.name}.{key}" not in options.renamed:
            errors[key] = [f"The {key} field is required."]
    for key, ahead in (("fromdate", 0), ("todate", DAY)) if strict and not errors else ():
        if (values.get(key) or 0) > now + ahead:
            errors[key] = [f"The {key} {values[key]} lies in the future of {iso(now)}."]
    if errors:
        raise BadRequestError(errors)
    return values


def _spellings(endpoint: Endpoint, name: Name, options: Options) -> list[str]:
    full = f"{endpoint.name}.{name.default}"
    if full not in options.renamed:
        return [name.default, *(() if options.strict else name.aliases)]
    new = options.renamed[full]
    return [] if new is None else [new if options.strict else new.lower()]


def _value(endpoint: Endpoint, name: Name, value: Any, options: Options) -> str | int | None:
    if name.kind == "text":
        return value if isinstance(value, str) else None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        in_json = endpoint.method == "POST"
        return None if in_json and options.epoch_type == "int" else int(value)
    if isinstance(value, int) and not isinstance(value, bool) and options.epoch_type != "string":
        return value
    return None


def _wanted(endpoint: Endpoint, name: Name, options: Options) -> str:
    if name.kind == "text":
        return "a string"
    if endpoint.method == "GET":
        return "epoch seconds"
    types = {"string": "a string", "int": "an integer", "both": "a string or an integer"}
    return f"epoch seconds as {types[options.epoch_type]}"


def envelope(value: JsonObject, status: int = 200) -> Answer:
    """Return the answer of a whole envelope."""
    return Answer(status, encode(value))


def success(result: Any, blank: str | None) -> Answer:
    """Return the envelope of a result; `message` and `errorCode` are the blank."""
    body = {"result": result, "success": True, "message": blank, "errorCode": blank}
    return Answer(200, encode(body))


def problem(status: int, title: str, errors: dict[str, list[str]]) -> Answer:
    """Return a problem+json answer; errors by the name they are about."""
    return Answer(status, encode(assumed.problem(status, title, errors)), PROBLEM)


def bad_request(errors: dict[str, list[str]]) -> Answer:
    """Return a 400 that names what is wrong with which name."""
    return problem(400, "One or more validation errors occurred.", errors)


def authenticate(state: State, values: dict[str, Any], now: int) -> Answer:
    """Issue a token for the right pair of keys."""
    if (values["apikey"], values["secretkey"]) != (state.api_key, state.secret_key):
        return envelope(assumed.bad_credentials(), state.options.bad_login_status)
    return success({"accessToken": state.tokens.issue(now, state.options)}, "")


def _list(state: State, values: dict[str, Any], now: int, time: str) -> Answer:
    """List the cases updated since a time; `time` is the name of that of a row."""
    options, is_dlr = state.options, time == endpoints.DLR_LIST_TIME
    # an API that ignores the time lists everything
    since = values["lastsyncntime"] or 0
    limits = [options.max_lookback_days]
    if options.window == "reject-older-than-30d":
        limits.append(options.range_limit_days)
    days = min((limit for limit in limits if limit is not None), default=None)
    if days is not None and now - since > days * DAY:
        return envelope(assumed.too_far_back(days))
    last = now
    if options.window == "window":
        last = min(now, since + options.range_limit_days * DAY)
    rows = (state.dlr if is_dlr else state.incidents).rows(since, last)
    if not rows:
        return envelope(assumed.no_data())
    if options.list_order == "desc":
        rows.reverse()
    elif options.list_order == "shuffled":
        # the same question has the same answer, so that a run can be repeated
        random.Random(since).shuffle(rows)  # noqa: S311
    listed = [{"caseId": case_id, time: str(updated)} for updated, case_id in rows]
    return success(listed, "" if is_dlr else None)


def case_detail(state: State, values: dict[str, Any], now: int) -> Answer:
    """Return an incident case, with new file tokens at every call."""
    # an API that ignores the id answers with any case
    case_id = _any(state.incidents, now) if values["caseid"] is None else values["caseid"]
    case = state.incidents.case(case_id)
    if case is None:
        return envelope(assumed.no_data())
    detail = case.detail
    files = detail.get("caseFiles")
    if isinstance(files, list):
        entries = [_entry(state, case_id, i, entry, now) for i, entry in enumerate(files)]
        detail = {**detail, "caseFiles": entries}
    return success(detail, case.blank)


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


def communications(state: State, values: dict[str, Any], now: int) -> Answer:
    """Return the messages of an incident case in a range, newest first."""
    options, case_id = state.options, values["caseid"]
    bounds = values["fromdate"], values["todate"]
    first, last = bounds[0] or 0, now if bounds[1] is None else bounds[1]
    if first >= last:
        return envelope(assumed.inverted_range())
    if last - first > options.range_limit_days * DAY and None not in bounds:
        return envelope(assumed.range_too_long(options.range_limit_days))
    if options.day_rounding:
        # observed at FetchIncidents: the first day is rounded up, the last one down and included
        first, last = -(-first // DAY) * DAY, last // DAY * DAY + DAY - 1
    last = min(last, now)
    # an API that ignores the id answers with the messages of all cases
    ids = [case_id] if case_id is not None else sorted({i for _, i in state.incidents.rows(0, now)})
    cases = [case for one in ids if (case := state.incidents.case(one)) is not None]
    dated = [(epoch(row.get("createdOn")), row) for case in cases for row in case.messages]
    # a message without a date lies in every range: left out, nobody could ever read it
    found = [(at, row) for at, row in dated if at is None or first <= at <= last]
    found.sort(key=lambda item: -(item[0] or 0))
    return success([row for _, row in found], "") if found else envelope(assumed.no_data())


def download(state: State, values: dict[str, Any], now: int) -> Answer:
    """Return the bytes of a file."""
    found = state.file_tokens.use(values["filetoken"] or "", now, state.options)
    case_id, index = found or ("", 0)
    case = state.incidents.case(case_id)
    content = case.contents[index] if case and index < len(case.contents) else None
    if found is None or case is None or content is None:
        return envelope(assumed.bad_file_token())
    answer = Answer(200, content, BYTES)
    if state.options.content_disposition:
        name = str(case.detail["caseFiles"][index].get("originalFilename"))
        quoted = quote(name, safe="", errors="replace")
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quoted}"
    return answer


def dlr_detail(state: State, values: dict[str, Any], now: int) -> Answer:
    """Return a DLR case by its case id or its tracking id."""
    named = values["trackingid"]
    case_id = _any(state.dlr, now) if named is None else state.dlr.find(named)
    case = state.dlr.case(case_id) if case_id else None
    return success(case.detail, case.blank) if case else envelope(assumed.no_data())


HANDLERS: dict[Endpoint, Callable[[State, dict[str, Any], int], Answer]] = {
    endpoints.AUTHENTICATE: authenticate,
    endpoints.CASE_SYNC: partial(_list, time=endpoints.INCIDENT_LIST_TIME),
    endpoints.CASE_DETAIL: case_detail,
    endpoints.COMMUNICATIONS: communications,
    endpoints.DOWNLOAD: download,
    endpoints.DLR_LIST: partial(_list, time=endpoints.DLR_LIST_TIME),
    endpoints.DLR_DETAIL: dlr_detail,
}
