"""Memory does not grow with the number of pages: a page is let go when the next one is there."""

import tracemalloc
from pathlib import Path

from tests.runtime.runs import run
from tests.support.loopback import Answer, Asked, Loopback

DEFINITION = """\
version: "1.0.0"
required_threatq_version: ">=5.29.0"
feeds:
  Rows:
    category: Commercial
    namespace: threatq.feeds.example.rows
    default_indicator_status: Active
    user_fields: [{name: host, label: Host}]
    source:
      http:
        url: !tmpl "{{ user_fields.host }}/rows"
        params: {since: !expr run_meta.since}
        pagination:
          condition: !expr prev_response_data.more
          params: {page: !expr page_count}
        response_content_type: application/json
    filters:
      - parse-json
      - get: rows
      - iterate
      - drop: !expr not value.kept
    report:
      asset-sets: {asset: {items: [{value: !expr data.value}]}}
"""
ROWS = 1_000
# the least that a parsed page takes: each row is a mapping and two texts
PAGE = ROWS * 300


def peak(folder: Path, pages: int) -> int:
    """Return the most bytes that a run over so many large pages holds at one time."""

    def page(asked: Asked) -> Answer:
        number = int(asked.get("page", "0"))
        rows = [{"value": f"asset {number}-{row}", "kept": not row} for row in range(ROWS)]
        return Answer({"more": number + 1 < pages, "rows": rows})

    folder.mkdir()
    path = folder / "rows.yaml"
    path.write_text(DEFINITION, encoding="utf-8")
    with Loopback({"/rows": page}) as server:
        tracemalloc.start()
        try:
            outcome = run(path, folder / "l.sqlite", {"host": server.url})
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert outcome.summary.detailed == len(server.asked) == pages
    return most


def test_many_more_pages_take_no_more_memory(tmp_path: Path) -> None:
    peak(tmp_path / "warm", 1)  # what is made once
    few, many = peak(tmp_path / "few", 4), peak(tmp_path / "many", 30)
    assert few > 2 * PAGE
    assert many < few + PAGE
