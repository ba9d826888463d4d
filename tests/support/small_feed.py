"""A small definition that tests of `diff` change."""

from pathlib import Path

from izoologic_cdf.diff.versions import Version, read_version

OLD = """\
version: "1.0"
required_threatq_version: ">=5.29.0"
template_values:
  path: /cases
_anchors:
  - &brand {name: Brand, value: !expr data.brand}
feeds:
  Cases:
    category: Commercial
    namespace: threatq.feeds.example.cases
    default_indicator_status: Active
    user_fields:
      - {name: host, label: Host, required: true}
      - {name: secret, label: Secret, mask: true, default: first-secret}
      - {name: as_event, label: As Event, boolean: true, default: false}
    ingest_rules:
      attributes:
        - {name: Status, rule: update}
    source:
      http:
        url: !tmpl "https://{{ user_fields.host }}{{ path }}"
        params: {since: !expr run_meta.since}
    filters:
      - parse-json
      - iterate
      - supplemental: {feed: Details, params: {id: !expr value.id}, into: details}
    report:
      attribute-sets:
        case:
          items:
            - *brand
            - {name: Status, value: !expr data.status}
      incident-sets:
        case:
          items:
            - value: !expr data.url
              description: !expr data.text
          attribute-sets: [case]
          related: {indicator: [ip]}
      event-sets:
        case:
          items:
            - {title: !expr data.url, type: Incident}
          attribute-sets: [case]
      indicator-sets:
        ip:
          items: !expr data.indicators
  Details:
    feed_type: supplemental
    source:
      http:
        url: !tmpl "https://{{ user_fields.host }}/details"
        params: {id: !expr run_params.id}
    filters: [parse-json]
"""


def version(folder_: Path, text: str, name: str = "new.yaml") -> Version:
    path = folder_ / name
    path.write_text(text, encoding="utf-8")
    return read_version(path)
