"""The job with airbyte-cdk, in its own virtual environment: FOLDER SINCE UNTIL IN_FLIGHT EVERY.

A declarative manifest: the list, its detail and communications as substreams read concurrently,
the attributes added by their names; records go to standard output, as airbyte's do. With EVERY it
syncs so often, in seconds: each stream has a cursor, and gets the state of the sync before.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from airbyte_cdk import entrypoint, models  # type: ignore[import-not-found]
from airbyte_cdk.sources.declarative import yaml_declarative_source  # type: ignore[import-not-found]

from benchmarks import others
from benchmarks.others import EVERY, FOLDER, HOST, IN_FLIGHT, KEYS, MIDNIGHT, NAMES, SINCE, UNTIL

DETAILS, NOTES = "CaseDetail", "FetchCaseCommunications"
MODE = "incremental" if EVERY else "full_refresh"
CONFIG = {"host": HOST, **KEYS}
MODES = {"sync_mode": MODE, "destination_sync_mode": "append"}
STREAMS = [
    {"stream": {"name": name, "json_schema": {}, "supported_sync_modes": [MODE]}, **MODES}
    for name in (DETAILS, NOTES)
]
CATALOG = models.ConfiguredAirbyteCatalogSerializer.load({"streams": STREAMS})
ANYTHING = {"type": "object", "additionalProperties": True, "properties": {}}


def component(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a component of the manifest."""
    return {"type": kind, **fields}


def requester(path: str, method: str, **more: Any) -> dict[str, Any]:
    """Return how one endpoint is requested."""
    where = {"url_base": "{{ config['host'] }}", "path": path, "http_method": method}
    return component("HttpRequester", **where, **more)


def cursor(field: str, lookback: str) -> dict[str, Any]:
    """Return the cursor of a stream."""
    span = {"start_datetime": str(MIDNIGHT), "end_datetime": "{{ config['until'] }}"}
    ways = {"cursor_field": field, "datetime_format": "%s", "lookback_window": lookback}
    return component("DatetimeBasedCursor", **span, **ways)


def stream(action: str, incremental: dict[str, Any], **request: Any) -> dict[str, Any]:
    """Return a stream of the manifest: the list, or what is requested for each of its cases."""
    is_list, keys = action == "CaseSync", {key: f"{{{{ config['{key}'] }}}}" for key in KEYS}
    request["authenticator"] = component(
        "SessionTokenAuthenticator",
        session_token_path=["result", "accessToken"],
        expiration_duration="P1D",
        request_authentication=component("Bearer"),
        login_requester=requester("/api/Token/Authenticate", "POST", request_body_json=keys),
    )
    path, found = (
        f"/api/ThreatManagement/{action}",
        component("DpathExtractor", field_path=["result"]),
    )
    retriever = component(
        "SimpleRetriever",
        record_selector=component("RecordSelector", extractor=found),
        requester=requester(path, "POST" if is_list else "GET", **request),
    )
    if not is_list:
        parent = {"stream": "#/streams/0", "parent_key": "caseId", "partition_field": "case_id"}
        more = {"incremental_dependency": True, "extra_fields": [["updatedAt"]]} if EVERY else {}
        parents = [component("ParentStreamConfig", **parent, **more)]
        router = component("SubstreamPartitionRouter", parent_stream_configs=parents)
        retriever["partition_router"] = router
    schema = component("InlineSchemaLoader", schema=ANYTHING)
    made = component("DeclarativeStream", name=action, schema_loader=schema, retriever=retriever)
    return made | ({"incremental_sync": incremental} if EVERY else {})


def manifest() -> dict[str, Any]:
    """Return the declarative manifest."""
    values = {f"attributes/{name}": f"{{{{ record.get('{key}') }}}}" for key, name in NAMES.items()}
    values["attributes/Case ID"] = case_id = "{{ stream_partition.case_id }}"
    since, bounds = str(SINCE), (str(MIDNIGHT), str(UNTIL))
    if EVERY:
        values["updatedAt"] = "{{ stream_slice.extra_fields['updatedAt'] }}"
        bounds = "{{ stream_interval.start_time }}", "{{ stream_interval.end_time }}"
        since = "{{ stream_interval.start_time ~ '' }}"
    added = [
        component("AddedFieldDefinition", path=path.split("/"), value=value, value_type="string")
        for path, value in values.items()
    ]
    windows = {"step": "P30D", "cursor_granularity": "PT1S"}
    # a sync begins ten minutes early, as ours does
    updated, created = cursor("updatedAt", "PT10M"), cursor("createdOn", "P1D")
    cases = stream("CaseSync", updated | windows, request_body_json={"lastsyncntime": since})
    details = stream(DETAILS, updated, request_parameters={"caseid": case_id})
    details["transformations"] = [component("AddFields", fields=added)]
    asked = {"caseid": case_id, "fromdate": bounds[0], "todate": bounds[1]}
    notes = stream(NOTES, created | windows, request_parameters=asked)
    level = {"default_concurrency": IN_FLIGHT, "max_concurrency": 100}
    return component(
        "DeclarativeSource",
        version="7.39.1",
        check=component("CheckStream", stream_names=["CaseSync"]),
        concurrency_level=component("ConcurrencyLevel", **level),
        spec=component("Spec", connection_specification=ANYTHING),
        streams=[cases, details, notes],
    )


def source(until: int, state: list[Any]) -> Any:
    """Return the source of a run, whose files are in the folder."""
    CONFIG["until"] = str(until)
    files = {"config": CONFIG, "catalog": {"streams": STREAMS}, "manifest": manifest()}
    for name, value in files.items():
        Path(f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return yaml_declarative_source.YamlDeclarativeSource(
        path_to_yaml="manifest.json", catalog=CATALOG, config=CONFIG, state=state
    )


def sync(now: int, state: dict[str, Any]) -> list[tuple[str, str]]:
    """Sync once, renew the state and return the messages that were read."""
    serializer = models.AirbyteStateMessageSerializer
    notes, given = [], [serializer.load(one) for one in state.values()]
    run = source(now, given)
    for message in run.read(logging.getLogger("airbyte"), CONFIG, CATALOG, given):
        if message.type == models.Type.STATE:
            name = message.state.stream.stream_descriptor.name
            state[name] = serializer.dump(message.state)
            # a case that is new to it would begin there, and lose its older messages
            state[name]["stream"]["stream_state"].pop("state", None)
        elif message.type == models.Type.RECORD and message.record.stream == NOTES:
            notes.append((message.record.data["caseID"], message.record.data["createdOn"]))
    return notes


def main() -> None:
    """Read both streams, once or sync by sync."""
    os.chdir(FOLDER)
    if not EVERY:
        files = ["--config", "config.json", "--catalog", "catalog.json"]
        entrypoint.launch(source(UNTIL, []), ["read", *files])
        return
    state: dict[str, Any] = {}
    notes = []
    for now in others.times():
        notes += sync(now, state)
    others.keep_messages(notes)


if __name__ == "__main__":
    main()
