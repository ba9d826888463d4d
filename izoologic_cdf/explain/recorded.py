"""Recorded answers in place of an API: one JSON body for each endpoint."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from izoologic_cdf.errors import ItemError, UsageError
from izoologic_cdf.explain.trace import TracedTransport
from izoologic_cdf.language import model
from izoologic_cdf.runtime.bodies import Response, read_json
from izoologic_cdf.runtime.failures import OK
from izoologic_cdf.runtime.http import Request


def read_record(path: Path) -> Mapping[str, Any]:
    """Return the bodies of a file by endpoint; raises UsageError for anything else."""
    form = (
        'expected {"CaseDetail": {...}, ...}: the last part of a path, and the body of its answer'
    )
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--record: {path}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise UsageError(f"--record: {path} is not JSON: {error}", form) from None
    if not isinstance(record, dict) or not record:
        raise UsageError(f"--record: {path} holds no answers", form)
    return record


class RecordedTransport(TracedTransport):
    """Answers from a record; sends nothing."""

    bodies: Mapping[str, Any]

    def answer(self, request: Request) -> Response:
        """Return the recorded body of an endpoint; raises ItemError where there is none."""
        path = urlsplit(request.url).path
        names = {request.endpoint.lower(), path.lower(), path.rpartition("/")[2].lower()}
        for name, body in self.bodies.items():
            if name.lower() in names:
                sent = body if isinstance(body, str) else json.dumps(body)
                raw = sent.encode("utf-8", "surrogatepass")
                return Response(OK, {}, read_json(raw) if request.json_due else raw)
        known = ", ".join(self.bodies)
        raise ItemError(f"the record has no answer of {request.endpoint}; it has {known}")


def without_login(definition: model.Definition) -> model.Definition:
    """Return a definition that requests no tokens."""
    feeds = {
        name: replace(feed, source=replace(feed.source, auth=None)) if feed.source else feed
        for name, feed in definition.feeds.items()
    }
    return replace(definition, feeds=feeds)
