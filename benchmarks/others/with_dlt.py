"""The job with dlt: FOLDER SINCE UNTIL IN_FLIGHT. Runs in dlt's own virtual environment.

List, detail and communications with `rest_api`, the attributes mapped, all into SQLite. The list
comes as one page; it is taken apart, since dlt works on the parts of a page one after the other.
"""

import json
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

FOLDER, SINCE, UNTIL, IN_FLIGHT = sys.argv[1], *map(int, sys.argv[2:5])
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

from benchmarks.others import NAMES  # noqa: E402

HOST = os.environ["IZOOLOGIC_API_HOST"]
DAY = 86_400


def token() -> str:
    """Log in."""
    names = {"apikey": "IZOOLOGIC_API_KEY", "secretkey": "IZOOLOGIC_API_SECRET"}
    keys = {key: os.environ[name] for key, name in names.items()}
    request = urllib.request.Request(  # noqa: S310 - the emulator's address
        f"{HOST}/api/Token/Authenticate",
        json.dumps(keys).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(json.load(answer)["result"]["accessToken"])


def one_by_one(case: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Take a page apart, into pages of one case."""
    yield [case]


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
    path = f"api/ThreatManagement/{action}"
    return {"path": path, "data_selector": "result", "paginator": "single_page", **request}


def child(name: str, action: str, mapper: Callable[..., Any], **params: str) -> dict[str, Any]:
    """Return a resource that is requested for each case."""
    request = {"params": {"caseid": "{resources.cases.caseId}", **params}}
    return {
        "name": name,
        "include_from_parent": ["caseId"],
        "parallelized": True,
        "write_disposition": "append",
        "processing_steps": [{"map": mapper}],
        "endpoint": endpoint(action, request),
    }


def main() -> None:
    """Run the pipeline."""
    from_date = SINCE - SINCE % DAY
    listing = {"method": "POST", "json": {"lastsyncntime": str(SINCE)}}
    span = {"fromdate": str(from_date), "todate": str(UNTIL)}
    source = rest_api_source(
        {
            "client": {"base_url": HOST, "auth": {"type": "bearer", "token": token()}},
            "resources": [
                {
                    "name": "cases",
                    "selected": False,
                    "processing_steps": [{"yield_map": one_by_one}],
                    "endpoint": endpoint("CaseSync", listing),
                },
                child("details", "CaseDetail", mapped),
                child("communications", "FetchCaseCommunications", note, **span),
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
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(json.dumps({name: n for name, n in counts.items() if not name.startswith("_")}))


if __name__ == "__main__":
    main()
