"""Runs a pipeline that is written as YAML over a value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.schema import Scope
from izoologic_cdf.language.steps import PIPELINE
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.interpreter import CallFeed, Interpreter


def _no_feed(name: str, params: Mapping[str, Any], case: Case) -> Any:
    raise AssertionError(f"{name} was called")


def steps(
    text: str,
    value: Any,
    *,
    names: Mapping[str, Any] | None = None,
    case: Case | None = None,
    call: CallFeed = _no_feed,
    folder: Path = Path("filters-that-are-not-there"),
    missing: Missing = Missing.NULL,
) -> list[Any]:
    names = names or {}
    document = Document("feed.yaml", text)
    scope = Scope(document, frozenset({"value", *names}), missing, PythonFilters(folder))
    pipeline = PIPELINE.read(scope, document.root, "filters")
    return Interpreter(names, case or Case("C1"), call).run(pipeline, value)
