"""The job with airbyte-cdk, in its own virtual environment: FOLDER SINCE UNTIL IN_FLIGHT [EVERY].

A declarative manifest: the list, its detail and communications as substreams read concurrently,
the attributes added by their names; records go to standard output, as airbyte's do. With EVERY it
syncs so often, in seconds: each stream has a cursor, and gets the state of the sync before.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import launch  # type: ignore[import-not-found]
from airbyte_cdk.models import (  # type: ignore[import-not-found]
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.sources.declarative.yaml_declarative_source import (  # type: ignore[import-not-found]
    YamlDeclarativeSource,
)

from benchmarks.others import DAY, NAMES, keep_messages, times

FOLDER, SINCE, UNTIL, IN_FLIGHT = Path(sys.argv[1]), *map(int, sys.argv[2:5])
EVERY = int(sys.argv[5]) if len(sys.argv) > 5 else None
MIDNIGHT = SINCE - SINCE % DAY
MODE = "incremental" if EVERY else "full_refresh"
CONFIG = {
    "host": os.environ["IZOOLOGIC_API_HOST"],
    "api_key": os.environ["IZOOLOGIC_API_KEY"],
    "api_secret": os.environ["IZOOLOGIC_API_SECRET"],
}
KEYS = {"apikey": "{{ config['api_key'] }}", "secretkey": "{{ config['api_secret'] }}"}
HOST = "{{ config['host'] }}"
STREAMS = [
    {
        "stream": {"name": name, "json_schema": {}, "supported_sync_modes": [MODE]},
        "sync_mode": MODE,
        "destination_sync_mode": "append",
    }
    for name in ("details", "communications")
]
CATALOG = ConfiguredAirbyteCatalogSerializer.load({"streams": STREAMS})
ANYTHING = {"type": "object", "additionalProperties": True, "properties": {}}


def component(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a component of the manifest; fields that are None are left out."""
    return {"type": kind, **{key: value for key, value in fields.items() if value is not None}}


def cursor(field: str, lookback: str, step: str | None = None) -> dict[str, Any]:
    """Return the cursor of a stream, with windows where its requests have any."""
    return component(
        "DatetimeBasedCursor",
        cursor_field=field,
        datetime_format="%s",
        start_datetime=str(MIDNIGHT),
        end_datetime="{{ config['until'] }}",
        lookback_window=lookback,
        step=step,
        cursor_granularity="PT1S" if step else None,
    )


def stream(action: str, incremental: dict[str, Any], **request: Any) -> dict[str, Any]:
    """Return a stream of the manifest: the list, or what is requested for each of its cases."""
    login = component(
        "HttpRequester",
        url_base=HOST,
        path="/api/Token/Authenticate",
        http_method="POST",
        request_body_json=KEYS,
    )
    token = component(
        "SessionTokenAuthenticator",
        session_token_path=["result", "accessToken"],
        expiration_duration="P1D",
        request_authentication=component("Bearer"),
        login_requester=login,
    )
    parent = component(
        "ParentStreamConfig",
        stream="#/streams/0",
        parent_key="caseId",
        partition_field="case_id",
        incremental_dependency=bool(EVERY),
        extra_fields=[["updatedAt"]] if EVERY else None,
    )
    is_list = action == "CaseSync"
    partitions = component("SubstreamPartitionRouter", parent_stream_configs=[parent])
    requester = component(
        "HttpRequester",
        url_base=HOST,
        authenticator=token,
        path=f"/api/ThreatManagement/{action}",
        http_method="POST" if is_list else "GET",
        **request,
    )
    found = component("DpathExtractor", field_path=["result"])
    retriever = component(
        "SimpleRetriever",
        record_selector=component("RecordSelector", extractor=found),
        requester=requester,
        partition_router=None if is_list else partitions,
    )
    return component(
        "DeclarativeStream",
        name={"CaseSync": "cases", "CaseDetail": "details"}.get(action, "communications"),
        schema_loader=component("InlineSchemaLoader", schema=ANYTHING),
        retriever=retriever,
        incremental_sync=incremental if EVERY else None,
    )


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
    # a sync begins ten minutes early, as ours does
    cases = stream(
        "CaseSync", cursor("updatedAt", "PT10M", "P30D"), request_body_json={"lastsyncntime": since}
    )
    details = stream(
        "CaseDetail", cursor("updatedAt", "PT10M"), request_parameters={"caseid": case_id}
    )
    details["transformations"] = [component("AddFields", fields=added)]
    # the API rounds the begin of a range of messages up to midnight
    asked = {"caseid": case_id, "fromdate": bounds[0], "todate": bounds[1]}
    incremental = cursor("createdOn", "P1D", "P30D")
    notes = stream("FetchCaseCommunications", incremental, request_parameters=asked)
    return component(
        "DeclarativeSource",
        version="7.39.1",
        check=component("CheckStream", stream_names=["cases"]),
        concurrency_level=component(
            "ConcurrencyLevel", default_concurrency=IN_FLIGHT, max_concurrency=100
        ),
        spec=component("Spec", connection_specification=ANYTHING),
        streams=[cases, details, notes],
    )


def source(until: int, state: list[Any]) -> Any:
    """Return the source of a run, whose files are in the folder."""
    CONFIG["until"] = str(until)
    files = {"config": CONFIG, "catalog": {"streams": STREAMS}, "manifest": manifest()}
    for name, value in files.items():
        Path(f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return YamlDeclarativeSource(
        path_to_yaml="manifest.json", catalog=CATALOG, config=CONFIG, state=state
    )


def sync(now: int, state: dict[str, Any]) -> list[tuple[str, str]]:
    """Sync once, renew the state and return the messages that were read."""
    notes, given = [], [AirbyteStateMessageSerializer.load(one) for one in state.values()]
    run = source(now, given)
    for message in run.read(logging.getLogger("airbyte"), CONFIG, CATALOG, given):
        if message.type == Type.STATE:
            name = message.state.stream.stream_descriptor.name
            state[name] = AirbyteStateMessageSerializer.dump(message.state)
            # a case that is new to it would begin there, and lose its older messages
            state[name]["stream"]["stream_state"].pop("state", None)
        elif message.type == Type.RECORD and message.record.stream == "communications":
            notes.append((message.record.data["caseID"], message.record.data["createdOn"]))
    return notes


def main() -> None:
    """Read both streams, once or sync by sync."""
    os.chdir(FOLDER)
    if EVERY is None:
        run = source(UNTIL, [])
        launch(run, ["read", "--config", "config.json", "--catalog", "catalog.json"])
        return
    state: dict[str, Any] = {}
    notes = []
    for now in times(SINCE, UNTIL, EVERY):
        notes += sync(now, state)
    keep_messages(FOLDER, notes)


if __name__ == "__main__":
    main()
