"""A story as data, as text, and as one HTML page; whatever is shown of values is masked here.

What is personal is decided by the mapping: `fixtures/mapping/fields.yaml` names the fields by
endpoint. Of an endpoint that is not there, fields with the usual names count. The values of such
fields are masked wherever they stand, whatever a step has called them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path as FilePath
from typing import Any

from jinja2 import Environment, StrictUndefined

from izoologic_cdf.errors import ItemError, UsageError
from izoologic_cdf.explain.mapped_rows import Row
from izoologic_cdf.explain.origins import Field, Hop
from izoologic_cdf.explain.paths import ABSENT, Path, dotted, parts, place
from izoologic_cdf.explain.story import Story
from izoologic_cdf.explain.trace import Asked, Frame, events_of
from izoologic_cdf.language import steps
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.values import compile_value
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.interpreter import evaluate
from izoologic_cdf.runtime.redactor import MASK, Redactor
from izoologic_cdf.runtime.windows import stamp

Data = dict[str, Any]
_MAX_TEXT = 120
_ANSWER = steps.ParseJson.word
_AT = "the expression"
_USUAL = frozenset(
    {"apikey", "body", "dob", "email", "filetoken", "firstname", "fullname", "lastname", "mail"}
    | {"message", "passwd", "password", "phone", "pwd", "secret", "ssn", "token", "username"}
)
# shorter texts would mask ordinary words
_MIN_TEXT = 3
MAX_SHOWN = 300


class Masker:
    """What is shown of values."""

    def __init__(
        self, personal: Mapping[str, list[str]], redactor: Redactor, *, show_data: bool = False
    ) -> None:
        """`personal` are patterns of paths by the last part of an endpoint's path."""
        self._personal = {name.lower(): patterns for name, patterns in personal.items()}
        self._redactor, self._show = redactor, show_data
        self._texts: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, frames: Iterable[Frame]) -> None:
        """Remember the personal values of the answers."""
        for frame, event in events_of(frames):
            if isinstance(event.step, steps.ParseJson):
                self._learn(frame.asked, event.after)
        longest = sorted(self._texts, key=len, reverse=True)
        escaped = "|".join(map(re.escape, longest))
        self._pattern = re.compile(escaped, re.IGNORECASE) if escaped else None

    def _learn(self, asked: Asked | None, body: Any) -> None:
        for path, value in parts(body):
            is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
            if is_text and self.is_personal(asked, path):
                for line in (str(value), *str(value).splitlines()):
                    if len(line.strip()) >= _MIN_TEXT:
                        self._texts[line.strip()] = None

    def is_personal(self, asked: Asked | None, path: Path) -> bool:
        """Return whether a field of an answer is personal."""
        names = [one.lower() for one in path if isinstance(one, str)]
        endpoint = asked.endpoint.rpartition("/")[2].lower() if asked is not None else ""
        if endpoint in self._personal:
            dotted = ".".join(names)
            return any(fnmatch(dotted, one.lower()) for one in self._personal[endpoint])
        return bool(names) and names[-1] in _USUAL

    def text(self, text: str) -> str:
        """Return a text with what is personal or secret in it masked."""
        if self._pattern is not None and not self._show:
            text = self._pattern.sub(MASK, text)
        return self._redactor(text)

    def value(self, value: Any) -> str | None:
        """Return a value as JSON text, cut; null where there is none."""
        if value is ABSENT:
            return None
        written = json.dumps(self._masked(value), ensure_ascii=False, default=_other)
        return written if len(written) <= MAX_SHOWN else f"{written[:MAX_SHOWN]}..."

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): self._masked(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(one) for one in value]
        if isinstance(value, str):
            return self.text(value)
        shown = not isinstance(value, int | float) or isinstance(value, bool)
        return (
            value if shown or self._show or str(value) not in self._texts else self.text(str(value))
        )


def _other(value: Any) -> str:
    size = len(value) if isinstance(value, bytes) else getattr(value, "size", None)
    return f"{size} bytes" if size is not None else type(value).__name__


def as_data(story: Story, masker: Masker, attribute: str | None = None) -> Data:
    """Return a story as JSON data; `attribute` leaves one attribute of it.

    Raises:
        UsageError: the report has no such attribute.
    """
    masker.learn(story.recorder.frames)
    numbered = [(number, row) for number, rows in enumerate(story.items, 1) for row in rows]
    if attribute is not None:
        names = {row.name for _, row in numbered if row.is_attribute}
        numbered = [
            (number, row)
            for number, row in numbered
            if row.is_attribute and row.name.lower() == attribute.lower()
        ]
        if not numbered and names:
            raise UsageError(
                f"there is no attribute {attribute!r}; {did_you_mean(attribute, names)}"
            )
    return {
        "case": story.name,
        "feed": story.feed.name,
        "window": {"since": stamp(story.window.since), "until": stamp(story.window.until)},
        "requests": list(_requests(story, masker)),
        "notes": [masker.text(note) for note in story.notes],
        "rows": [{"item": number, **_row(row, masker)} for number, row in numbered],
    }


def _requests(story: Story, masker: Masker) -> Iterator[Data]:
    for (endpoint, status), group in groupby(
        story.requests, lambda one: (one.endpoint, one.status)
    ):
        first, *more = group
        params = {key: masker.text(str(value)) for key, value in first.params.items()}
        times = 1 + len(more)
        yield {"endpoint": endpoint, "params": params, "status": status, "times": times}


def _row(row: Row, masker: Masker) -> Data:
    return {
        "name": row.name,
        "kind": "attribute" if row.is_attribute else "property",
        "set": row.set,
        "value": masker.value(row.value),
        "objects": [masker.text(one) for one in row.objects],
        "reason": masker.text(row.reason) if row.reason else None,
        "expression": row.expression,
        "at": place(row.position),
        "condition": row.condition,
        "holds": row.holds,
        "fields": [_field(one, masker) for one in row.way.fields.values()],
        "steps": list(_steps(row.way.hops, masker)),
        "settings": list(row.way.settings),
    }


def _field(one: Field, masker: Masker) -> Data:
    return {
        "endpoint": one.asked.endpoint if one.asked is not None else None,
        "path": one.name,
        "value": masker.value(one.value),
        "read_at": place(one.read_at) if one.read_at is not None else None,
    }


def _steps(hops: list[Hop], masker: Masker) -> Iterator[Data]:
    before: Any = ABSENT
    for hop in hops:
        taken = bool(hop.result) if hop.word in (steps.If.word, steps.Drop.word) else None
        yield {
            "at": place(hop.position),
            "feed": hop.feed,
            "step": hop.word,
            "text": hop.text if len(hop.text) <= _MAX_TEXT else f"{hop.text[:_MAX_TEXT]}...",
            "path": dotted(hop.path),
            "value": masker.value(hop.value),
            "changed": hop.word == _ANSWER or hop.value != before,
            "taken": taken,
        }
        before = hop.value


# --- text ----------------------------------------------------------------------------------------


def as_text(data: Data, *, in_full: bool) -> str:
    """Return a story for a terminal; `in_full` with all steps of each row."""
    return "\n".join(map(printable, _lines(data, in_full=in_full)))


def _lines(data: Data, *, in_full: bool) -> Iterator[str]:
    window = data["window"]
    yield f"{data['case']}: {data['feed']}, window {window['since']} to {window['until']}"
    yield ""
    yield "requests"
    for one in data["requests"]:
        params = ", ".join(f"{key}={value}" for key, value in one["params"].items())
        times = f", and {one['times'] - 1} more" if one["times"] > 1 else ""
        yield f"  {one['status'] or '-'}  {one['endpoint']}{' ' * bool(params)}{params}{times}"
    if data["notes"]:
        yield from ("", "notes", *(f"  {note}" for note in data["notes"]))
    item = None
    for row in data["rows"]:
        if not in_full and row["item"] != item:
            item = row["item"]
            yield from ("", f"item {item}")
        yield from _in_full(row) if in_full else [_short(row)]
    if not data["rows"]:
        yield from ("", "nothing is reported of it")


def _short(row: Data) -> str:
    value = row["reason"] or row["value"]
    to = f" -> {', '.join(row['objects'])}" if row["objects"] and not row["reason"] else ""
    return f"  {row['name']:<24} {'-  ' if row['reason'] else ''}{value}{to}"


def _in_full(row: Data) -> Iterator[str]:
    yield ""
    yield f"{row['name']} = {'nothing: ' + row['reason'] if row['reason'] else row['value']}"
    if row["objects"] and not row["reason"]:
        yield f"  of {', '.join(row['objects'])}"
    yield f"  expression  {row['expression']}  [{row['at']}]"
    if row["condition"]:
        yield f"  condition   {row['condition']}  is {str(row['holds']).lower()}"
    for one in row["fields"]:
        yield f"  answer      {one['endpoint']}: {one['path']} = {one['value'] or 'not there'}"
    for name in row["settings"]:
        yield f"  setting     {name}"
    for one in row["steps"]:
        taken = {True: " (true)", False: " (false)", None: ""}[one["taken"]]
        value = (one["value"] or "not there") if one["changed"] else "unchanged"
        yield f"  {one['at']}  {one['step']} {one['text']}{taken}"
        yield f"      {one['path']} = {value}" if one["changed"] else f"      {value}"


# --- one expression ------------------------------------------------------------------------------


def evaluations(story: Story, expression: str, line: int | None, masker: Masker) -> list[Data]:
    """Return what an expression gives at each step, equal ones once; or at the step of a line.

    It sees the value as the step does, before it. With `data`, it is what the report sees.

    Raises:
        DefinitionError: it is no expression.
        UsageError: no step of that line has run.
    """
    masker.learn(story.recorder.frames)
    document = Document(_AT, f"!expr {json.dumps(expression)}")
    found: list[Data] = []
    lines = set[int]()

    def try_at(at: str, word: str, names: Mapping[str, Any]) -> None:
        value = compile_value(document, document.root, frozenset(names), Missing.NULL)
        try:
            shown = masker.value(evaluate(value, names))
        except ItemError as error:
            shown = masker.text(error.message)
        if not found or found[-1]["value"] != shown:
            found.append({"at": at, "step": word, "value": shown})

    of_report = "data" in expression and "value" not in expression
    if of_report:
        for number, item in enumerate(story.recorder.items, 1):
            try_at(f"item {number}", "report", item.names)
        return found
    for frame, event in events_of(story.recorder.frames):
        lines.add(event.position.line)
        if line in (None, event.position.line):
            names = {**frame.names, "value": event.before}
            try_at(place(event.position), event.step.word, names)
    if not found:
        known = ", ".join(map(str, sorted(lines)))
        raise UsageError(f"no step of line {line} has run for this case; steps ran at {known}")
    return found


# --- the page ------------------------------------------------------------------------------------


def as_page(data: Data) -> str:
    """Return a story as one HTML page that loads nothing."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    page = FilePath(__file__).with_name("page.html").read_text(encoding="utf-8")
    return environment.from_string(page).render(data) + "\n"
