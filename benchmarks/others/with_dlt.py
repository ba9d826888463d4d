"""The job with dlt, in its own virtual environment: FOLDER SINCE UNTIL IN_FLIGHT EVERY.

List, detail and communications with `rest_api`, the attributes mapped, all into SQLite. The list
comes as one page; it is taken apart, since dlt works on the parts of a page one after the other.
With EVERY it syncs so often, in seconds: the list is `incremental` on the update, and the messages
of a case are requested from where dlt's state says that they were read last.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import others
from benchmarks.others import DAY, EVERY, FOLDER, HOST, IN_FLIGHT, MIDNIGHT, NAMES, SINCE, UNTIL

# dlt reads its settings when it is imported
os.environ |= {
    "DLT_DATA_DIR": str(FOLDER),
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "EXTRACT__WORKERS": str(IN_FLIGHT),
    "EXTRACT__MAX_PARALLEL_ITEMS": str(2 * IN_FLIGHT),
}

import dlt  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

WINDOW = 30 * DAY
# seconds that an incremental list begins early, as ours does
LAG = 600


def incremental(bearer: str, now: int) -> list[Any]:
    """Return the resources of a sync: the cases updated since the last, and what of each to read.

    Windows have at most 30 days. Messages begin where they were read last, at midnight, since the
    API rounds the begin of a range up to it.
    """
    newer = dlt.sources.incremental("updatedAt", initial_value=SINCE, lag=LAG)

    @dlt.resource(selected=False)  # type: ignore[untyped-decorator]
    def cases(updated: Any = newer) -> Iterator[list[dict[str, Any]]]:
        for since in range(updated.start_value, now, WINDOW):
            for row in others.listed(since, bearer):
                # a list holds both ends of its window
                if (at := int(row["updatedAt"])) < since + WINDOW:
                    yield [row | {"updatedAt": at}]

    @dlt.transformer(data_from=cases, selected=False)  # type: ignore[untyped-decorator]
    def windows(page: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        read = dlt.current.resource_state().setdefault("read", {})
        for case in page:
            begin = read.get(case["caseId"], SINCE)
            for since in range(begin - begin % DAY, now, WINDOW):
                yield [case | {"fromdate": since, "todate": min(since + WINDOW - 1, now)}]
            read[case["caseId"]] = now

    return [cases, windows]


def mapped(record: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a case; texts, since a column has one type."""
    names = {**NAMES, "_cases_caseId": "Case ID"}
    values = {name: record.get(key) for key, name in names.items()}
    return {name: None if value is None else str(value) for name, value in values.items()}


def note(record: dict[str, Any]) -> dict[str, Any]:
    """Return a note."""
    keys = ("caseID", "createdOn", "subject", "message", "brand", "postedBy")
    return {key: record.get(key) for key in keys}


def endpoint(action: str, **request: Any) -> dict[str, Any]:
    """Return an endpoint whose result is one page."""
    path = f"api/ThreatManagement/{action}"
    return {"path": path, "data_selector": "result", "paginator": "single_page", **request}


def child(
    name: str, action: str, mapper: Callable[..., Any], parent: str = "cases", **params: str
) -> dict[str, Any]:
    """Return a resource that is requested for each row of its parent."""
    params["caseid"] = f"{{resources.{parent}.caseId}}"
    return {
        "name": name,
        "include_from_parent": ["caseId"],
        "parallelized": True,
        "write_disposition": "append",
        "processing_steps": [{"map": mapper}],
        "endpoint": endpoint(action, params=params),
    }


def run(now: int) -> None:
    """Run the pipeline once."""
    bearer = others.log_in()
    if EVERY:
        listed = incremental(bearer, now)
        bounds = {key: f"{{resources.windows.{key}}}" for key in ("fromdate", "todate")}
        bounds["parent"] = "windows"
    else:
        listing = endpoint("CaseSync", method="POST", json={"lastsyncntime": str(SINCE)})
        cases = {"name": "cases", "selected": False, "endpoint": listing}
        one_by_one = {"yield_map": lambda case: [[case]]}
        listed = [cases | {"processing_steps": [one_by_one]}]
        bounds = {"fromdate": str(MIDNIGHT), "todate": str(now)}
    details = child("details", "CaseDetail", mapped)
    notes = child("communications", "FetchCaseCommunications", note, **bounds)
    client = {"base_url": HOST, "auth": {"type": "bearer", "token": bearer}}
    source = rest_api_source({"client": client, "resources": [*listed, details, notes]})
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=f"{FOLDER}/pipelines",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{FOLDER}/dlt.sqlite"),
        dataset_name="main",
    )
    pipeline.run(source).raise_on_failed_jobs()


def main() -> None:
    """Run the pipeline, or sync at each time and keep which messages were read."""
    for now in others.times() if EVERY else [UNTIL]:
        run(now)
    if EVERY:
        notes = "SELECT case_id, created_on FROM communications"
        others.keep_messages(sqlite3.connect(f"{FOLDER}/dlt.sqlite").execute(notes))


if __name__ == "__main__":
    main()
