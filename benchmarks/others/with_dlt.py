"""The job with dlt, in its own virtual environment: FOLDER SINCE UNTIL IN_FLIGHT [EVERY].

List, detail and communications with `rest_api`, the attributes mapped, all into SQLite. The list
comes as one page; it is taken apart, since dlt works on the parts of a page one after the other.
With EVERY it syncs so often, in seconds: the list is `incremental` on the update, and the messages
of a case are requested from where dlt's state says that they were read last.
"""

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FOLDER, SINCE, UNTIL, IN_FLIGHT = sys.argv[1], *map(int, sys.argv[2:5])
EVERY = int(sys.argv[5]) if len(sys.argv) > 5 else None
# dlt reads its settings when it is imported
os.environ.update(
    {
        "DLT_DATA_DIR": FOLDER,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "EXTRACT__WORKERS": str(IN_FLIGHT),
        "EXTRACT__MAX_PARALLEL_ITEMS": str(2 * IN_FLIGHT),
    }
)

import dlt  # type: ignore[import-not-found] # noqa: E402
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found] # noqa: E402

from benchmarks.others import DAY, NAMES, keep_messages, post, times  # noqa: E402

HOST = os.environ["IZOOLOGIC_API_HOST"]
PATH = "api/ThreatManagement"
WINDOW = 30 * DAY
# seconds that an incremental list begins early, as ours does
LAG = 600


def token() -> str:
    """Log in."""
    names = {"apikey": "IZOOLOGIC_API_KEY", "secretkey": "IZOOLOGIC_API_SECRET"}
    answer = post("/api/Token/Authenticate", {key: os.environ[name] for key, name in names.items()})
    return str(json.loads(answer)["result"]["accessToken"])


def one_by_one(case: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Take a page apart, into pages of one case."""
    yield [case]


def incremental(bearer: str, now: int) -> list[Any]:
    """Return the resources of a sync: the cases updated since the last, and what of each to read.

    Windows have at most 30 days. Messages begin where they were read last, at midnight, since the
    API rounds the begin of a range up to it.
    """
    newer = dlt.sources.incremental("updatedAt", initial_value=SINCE, lag=LAG)

    @dlt.resource(selected=False)  # type: ignore[untyped-decorator]
    def cases(updated: Any = newer) -> Iterator[list[dict[str, Any]]]:
        for since in range(updated.start_value, now, WINDOW):
            body = post(f"/{PATH}/CaseSync", {"lastsyncntime": str(since)}, bearer)
            for row in json.loads(body)["result"] or ():
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
    found = {
        name: None if record.get(key) is None else str(record[key]) for key, name in NAMES.items()
    }
    return {**found, "Case ID": record["_cases_caseId"]}


def note(record: dict[str, Any]) -> dict[str, Any]:
    """Return a note."""
    keys = ("caseID", "createdOn", "subject", "message", "brand", "postedBy")
    return {key: record.get(key) for key in keys}


def endpoint(action: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return an endpoint whose result is one page."""
    return {
        "path": f"{PATH}/{action}",
        "data_selector": "result",
        "paginator": "single_page",
        **request,
    }


def child(
    name: str, action: str, mapper: Callable[..., Any], parent: str = "cases", **params: str
) -> dict[str, Any]:
    """Return a resource that is requested for each row of its parent."""
    request = {"params": {"caseid": f"{{resources.{parent}.caseId}}", **params}}
    return {
        "name": name,
        "include_from_parent": ["caseId"],
        "parallelized": True,
        "write_disposition": "append",
        "processing_steps": [{"map": mapper}],
        "endpoint": endpoint(action, request),
    }


def run(now: int) -> Any:
    """Run the pipeline once; return it."""
    bearer = token()
    if EVERY:
        listed = incremental(bearer, now)
        bounds = {key: f"{{resources.windows.{key}}}" for key in ("fromdate", "todate")}
        bounds["parent"] = "windows"
    else:
        listing = {"method": "POST", "json": {"lastsyncntime": str(SINCE)}}
        cases = {"name": "cases", "selected": False, "endpoint": endpoint("CaseSync", listing)}
        listed = [cases | {"processing_steps": [{"yield_map": one_by_one}]}]
        bounds = {"fromdate": str(SINCE - SINCE % DAY), "todate": str(now)}
    source = rest_api_source(
        {
            "client": {"base_url": HOST, "auth": {"type": "bearer", "token": bearer}},
            "resources": [
                *listed,
                child("details", "CaseDetail", mapped),
                child("communications", "FetchCaseCommunications", note, **bounds),
            ],
        }
    )
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=f"{FOLDER}/pipelines",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{FOLDER}/dlt.sqlite"),
        dataset_name="main",
    )
    pipeline.run(source).raise_on_failed_jobs()
    return pipeline


def main() -> None:
    """Run the pipeline, or sync at each time and keep which messages were read."""
    if EVERY is None:
        counts = run(UNTIL).last_trace.last_normalize_info.row_counts
        print(json.dumps({name: n for name, n in counts.items() if not name.startswith("_")}))
        return
    for now in times(SINCE, UNTIL, EVERY):
        run(now)
    with contextlib.closing(sqlite3.connect(f"{FOLDER}/dlt.sqlite")) as database:
        rows = database.execute("SELECT case_id, created_on FROM communications").fetchall()
    keep_messages(Path(FOLDER), rows)


if __name__ == "__main__":
    main()
