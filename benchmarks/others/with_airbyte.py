"""The job with airbyte-cdk: FOLDER SINCE UNTIL IN_FLIGHT, in its own virtual environment.

A declarative manifest: the list, its detail and communications as substreams read concurrently,
the attributes added by their names; records go to standard output, as airbyte's do.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from airbyte_cdk.entrypoint import launch  # type: ignore[import-not-found]
from airbyte_cdk.models import (  # type: ignore[import-not-found]
    ConfiguredAirbyteCatalogSerializer,
)
from airbyte_cdk.sources.declarative.yaml_declarative_source import (  # type: ignore[import-not-found]
    YamlDeclarativeSource,
)

from benchmarks.others import NAMES

MANIFEST = Path(__file__).resolve().parent / "airbyte.yaml"
DAY = 86_400
MODE = "full_refresh"


def main() -> None:
    """Read both streams."""
    folder = Path(sys.argv[1])
    since, until, in_flight = (int(text) for text in sys.argv[2:5])
    config = {
        "host": os.environ["IZOOLOGIC_API_HOST"],
        "api_key": os.environ["IZOOLOGIC_API_KEY"],
        "api_secret": os.environ["IZOOLOGIC_API_SECRET"],
        "since": str(since),
        "from_date": str(since - since % DAY),
        "until": str(until),
        "in_flight": in_flight,
    }
    catalog: dict[str, Any] = {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": [MODE]},
                "sync_mode": MODE,
                "destination_sync_mode": "append",
            }
            for name in ("details", "communications")
        ]
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    manifest = yaml.safe_load(MANIFEST.read_bytes())
    (details,) = [one for one in manifest["streams"] if one["name"] == "details"]
    values = {name: f"{{{{ record.get('{key}') }}}}" for key, name in NAMES.items()}
    values["Case ID"] = "{{ stream_partition.case_id }}"
    kind = {"type": "AddedFieldDefinition", "value_type": "string"}
    added = [{**kind, "path": ["attributes", name], "value": one} for name, one in values.items()]
    details["transformations"] = [{"type": "AddFields", "fields": added}]
    (folder / "manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    os.chdir(folder)
    source = YamlDeclarativeSource(
        path_to_yaml="manifest.yaml",
        catalog=ConfiguredAirbyteCatalogSerializer.load(catalog),
        config=config,
        state=[],
    )
    launch(source, ["read", "--config", "config.json", "--catalog", "catalog.json"])


if __name__ == "__main__":
    main()
