"""Makes the answers that faults ask for: another answer, or a changed one."""

import base64
import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

from izoologic_cdf.emulator import assumed, responses
from izoologic_cdf.emulator.faults import Fault
from izoologic_cdf.emulator.responses import Answer

_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


def replacement(faults: Iterable[Fault], now: int) -> Answer | None:
    """Return the answer that a fault gives in place of the true one, or None."""
    for fault in faults:
        if fault.kind == "status":
            return _status(now=now, **fault.parameters)
        if fault.kind in _REPLACEMENTS:
            return _REPLACEMENTS[fault.kind](**fault.parameters)
    return None


def changed(answer: Answer, faults: Iterable[Fault]) -> Answer:
    """Return the answer after the faults that change it, in their order."""
    for fault in faults:
        if fault.kind in _CHANGES:
            answer = _CHANGES[fault.kind](answer, **fault.parameters)
    return answer


def _status(
    *,
    now: int,
    status: int,
    body: str,
    message: str,
    code: Any,
    retry_after: Any,
    retry_after_date_in: int | None,
) -> Answer:
    if body == "json":
        answer = responses.envelope(assumed.failure(message, code), status)
    elif body == "problem":
        answer = responses.problem(status, message, {"$": [message]})
    elif body == "html":
        answer = Answer(status, _PAGE.format(message).encode(), responses.HTML)
    else:
        answer = Answer(status, b"", None)
    if status == 401:
        answer.headers["WWW-Authenticate"] = assumed.UNAUTHORIZED_HEADER
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    if retry_after_date_in is not None:
        answer.headers["Retry-After"] = formatdate(now + retry_after_date_in, usegmt=True)
    return answer


def _envelope(*, json: Any) -> Answer:
    return Answer(200, responses.encode(json))


def _raw(*, text: str | None, base64: str | None, status: int, content_type: str) -> Answer:
    body = (text or "").encode() if base64 is None else _decoded(base64)
    return Answer(status, body, content_type)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)


def _redirect(*, location: str, status: int) -> Answer:
    return Answer(status, b"", None, {"Location": location})


def _fields(answer: Answer, *, put: dict[str, Any], drop: list[str], envelope: bool) -> Answer:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return answer
    result = document if envelope else document.get("result")
    for item in result if isinstance(result, list) else [result]:
        if isinstance(item, dict):
            item.update(put)
            for name in drop:
                item.pop(name, None)
    return Answer(answer.status, responses.encode(document), answer.content_type, answer.headers)


def _content_type(answer: Answer, *, value: str) -> Answer:
    return Answer(answer.status, answer.body, value, answer.headers)


def _bom(answer: Answer) -> Answer:
    body = codecs.BOM_UTF8 + answer.body
    return Answer(answer.status, body, answer.content_type, answer.headers)


def _gzip(answer: Answer) -> Answer:
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return Answer(answer.status, gzip.compress(answer.body), answer.content_type, headers)


def _coding(answer: Answer, *, value: str, keep: float) -> Answer:
    """Name any content coding: gzip and deflate are true, of all others the bytes make no sense."""
    pack = gzip.compress if value == "gzip" else zlib.compress
    body = pack(answer.body)
    headers = {**answer.headers, "Content-Encoding": value}
    return Answer(answer.status, body[: int(len(body) * keep)], answer.content_type, headers)


def _truncate(answer: Answer, *, keep: float) -> Answer:
    body = answer.body[: int(len(answer.body) * keep)]
    return Answer(answer.status, body, answer.content_type, answer.headers)


_REPLACEMENTS: dict[str, Callable[..., Answer]] = {
    "envelope": _envelope,
    "raw": _raw,
    "redirect": _redirect,
}
_CHANGES: dict[str, Callable[..., Answer]] = {
    "fields": _fields,
    "content_type": _content_type,
    "bom": _bom,
    "gzip": _gzip,
    "coding": _coding,
    "truncate": _truncate,
}
