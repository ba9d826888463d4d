"""The views of a library: tables for people and for any SQLite tool, under names that stay.

`docs/queries.md` describes them. Times are UTC text, `YYYY-MM-DD HH:MM:SS`. An attribute with
several values stands as all of them, sorted, with a comma between. No view shows a password.
"""
# ruff: noqa: S608 - SQL made of words of ours

# --- what runs and views both go by ---
# what fails this often through faults of its own is abandoned, until an operator retries it
MAX_FAILURES = 5
# the cause of what the operator does without
LEFT_OUT = "left out"
# seconds by which the clocks of two machines may differ: a scheduled run begins this long before
# the last finished point, since a case can also change while it is read (F26, F27)
OVERLAP = 600

# in place of the value of a password
HIDDEN = "(hidden)"
# attributes whose value is a password have one of these in their name
PASSWORD_WORDS = ("password", "passwd", "passphrase", "pwd")

_IS_PASSWORD = " OR ".join(f"text LIKE '%{word}%'" for word in PASSWORD_WORDS)
PASSWORDS = f"(SELECT id FROM term WHERE {_IS_PASSWORD})"

CASES = "('incident', 'event')"
ACCOUNTS = "('account', 'identity')"


def is_password(name: str) -> bool:
    """Return whether the attribute of that name holds passwords."""
    folded = name.lower()
    return any(word in folded for word in PASSWORD_WORDS)


def _term(name: str) -> str:
    return f"(SELECT id FROM term WHERE text = '{name}')"


def _joined(select: str) -> str:
    return f"(SELECT group_concat(value, ', ') FROM ({select}))"


def _attribute(name: str) -> str:
    """Return the values of an attribute of `object`; null for none."""
    return _joined(
        "SELECT DISTINCT value FROM attribute "
        f"WHERE object = object.id AND name = {_term(name)} ORDER BY value"
    )


def _related(types: str) -> str:
    """Return a FROM and WHERE that find the objects of these types that `object` is related to."""
    return (
        "(SELECT high AS id FROM relation WHERE low = object.id "
        "UNION ALL SELECT low FROM relation WHERE high = object.id) AS link "
        f"CROSS JOIN object AS other ON other.id = link.id AND +other.type IN {types}"
    )


def _count(types: str) -> str:
    return f"(SELECT count(*) FROM {_related(types)})"


_SOURCES = _joined(
    "SELECT text AS value FROM object_source JOIN term ON term.id = source "
    "WHERE object = object.id ORDER BY text"
)
_CASE_IDS = _joined(f"SELECT DISTINCT other.value AS value FROM {_related(CASES)} ORDER BY 1")
_SEEN = f"created_at AS first_seen, modified_at AS last_changed, {_SOURCES} AS sources"
# since when one row of `attribute` is there; before format 4 the begin of its run is known
_SINCE = f"""coalesce(
    (SELECT max(at) FROM history WHERE history.object = attribute.object AND kind = 'attribute'
      AND history.name = attribute.name AND history.run = attribute.run
      AND history.new IN (attribute.value, '{HIDDEN}')),
    CASE WHEN attribute.run = created_run THEN created_at END,
    (SELECT started_at FROM run WHERE run.id = attribute.run))"""


def _status_since(condition: str) -> str:
    return f"""(SELECT max({_SINCE}) FROM attribute
    WHERE attribute.object = object.id AND name = {_term("Status")}{condition})"""


# column -> the attribute that it shows, by view
ATTRIBUTES = {
    "cases": {
        "brand": "Brand", "status": "Status", "case_type": "Case Type",
        "incident_type": "Incident Type", "threat_type": "Threat Type", "impact": "Impact",
        "url": "URL", "client_ref": "Client Ref", "detected_by": "Detected By",
        "progress": "Progress Stage",
    },
    "accounts": {
        "brand": "Brand", "severity": "Severity", "case_ids": "Case ID",
        "breach": "File or Breach Name", "data_type": "Data Type", "subtype": "Subtype",
        "website": "Website or Server", "ownership": "Corporate or Public Account",
        "executive": "Is Executive Account", "posted": "Posted Date", "added": "Added Date",
        "detected_on": "Detected On", "affected_property": "Affected Property",
        "recovered_property": "Recovered Property", "threat_actor": "Threat Actor Name",
        "threat_actor_type": "Threat Actor Type",
    },
    "notes": {"posted_by": "Posted By", "brand": "Brand"},
    "indicators": {
        "web_host": "Web Host", "country": "Web Host Country", "registrar": "Registrar Name",
        "name_server": "Name Server",
    },
}  # fmt: skip


def _attributes(view: str) -> str:
    columns = ATTRIBUTES[view].items()
    return ",\n  ".join(f"{_attribute(name)} AS {column}" for column, name in columns)


# an event of another type is no case, though other definitions may report some
_OBJECTS = f"""
CREATE VIEW objects AS SELECT
  object.id AS id, type, subtype, value, status, published_at AS published,
  happened_at AS happened, {_SEEN}, description
FROM object;

CREATE VIEW cases AS SELECT
  object.id AS id, value AS case_id, type, {_attributes("cases")},
  {_status_since("")} AS status_since,
  {_status_since(" AND lower(attribute.value) = 'closed'")} AS closed,
  published_at AS published, datetime(nullif(described, 0), 'unixepoch') AS updated, {_SEEN},
  {_count("('note')")} AS notes, {_count("('attachment')")} AS files,
  {_count("('indicator')")} AS indicators, description
FROM object WHERE type IN {CASES} AND (type = 'incident' OR subtype = 'Incident');

CREATE VIEW accounts AS SELECT
  object.id AS id, value AS account, type,
  {_attributes("accounts")},
  (SELECT count(DISTINCT value) FROM attribute
    WHERE object = object.id AND name = {_term("Case ID")}) AS cases,
  (SELECT count(DISTINCT value) FROM attribute
    WHERE object = object.id AND name IN {PASSWORDS}) AS passwords,
  published_at AS published, {_SEEN}, description
FROM object WHERE type IN {ACCOUNTS};

CREATE VIEW notes AS SELECT
  object.id AS id, value AS title, {_CASE_IDS} AS case_ids, {_attributes("notes")},
  published_at AS published, {_SEEN}, description AS text
FROM object WHERE type = 'note';

CREATE VIEW files AS SELECT
  object.id AS id, value AS name, {_CASE_IDS} AS case_ids, size, sha256,
  published_at AS published, {_SEEN}
FROM object LEFT JOIN content ON content.id = object.content WHERE type = 'attachment';

CREATE VIEW indicators AS SELECT
  object.id AS id, value AS indicator, subtype AS type, status,
  {_attributes("indicators")}, {_count(CASES)} AS cases, {_CASE_IDS} AS case_ids,
  published_at AS published, {_SEEN}
FROM object WHERE type = 'indicator';

CREATE VIEW attributes AS SELECT
  attribute.object AS id, name.text AS name,
  CASE WHEN attribute.name IN {PASSWORDS} THEN '{HIDDEN}' ELSE attribute.value END AS value,
  source.text AS source, {_SINCE} AS since, attribute.run AS run
FROM attribute JOIN object ON object.id = attribute.object
  JOIN term AS name ON name.id = attribute.name JOIN term AS source ON source.id = attribute.source;

CREATE VIEW related AS SELECT
  low AS id, high AS other_id, type AS other_type, value AS other_value, run
FROM relation JOIN object ON object.id = high
UNION ALL SELECT high, low, type, value, run FROM relation JOIN object ON object.id = low;

CREATE VIEW changes AS SELECT
  created_at AS at, created_run AS run, object.id AS id, type, value, 'came' AS change,
  'object' AS what, NULL AS name, NULL AS old, NULL AS new, NULL AS other_id
FROM object
UNION ALL SELECT
  at, history.run, object.id, type, object.value,
  CASE WHEN old IS NULL THEN 'came' WHEN new IS NULL THEN 'went' ELSE 'changed' END,
  kind, text, old, coalesce(new, (SELECT value FROM object WHERE id = other)), other
FROM history JOIN object ON object.id = history.object LEFT JOIN term ON term.id = name;
"""

_RUN_COUNTS = (
    "listed", "detailed", "skipped", "failed", "retried", "created", "updated", "unchanged",
    "requests", "retries",
)  # fmt: skip


def _run_count(name: str) -> str:
    """Return a count of a run, over all types; null where the run was killed or kept none."""
    return f"""CASE WHEN EXISTS (SELECT 1 FROM run_count WHERE run = run.id) THEN coalesce(
    (SELECT sum(count) FROM run_count WHERE run = run.id AND name = '{name}'), 0) END AS {name}"""


def _messages(level: str) -> str:
    return (
        f"(SELECT count(*) FROM run_message WHERE run = run.id AND level = '{level}') AS {level}s"
    )


# `runtime/overview` computes the gaps of `status` from the same tables; a test compares both
_RUNS = f"""
CREATE VIEW runs AS SELECT
  run.id AS id, source AS feed, host, name AS tenant, since, until, started_at AS started,
  finished_at AS finished, outcome,
  {", ".join(_run_count(name) for name in _RUN_COUNTS)},
  {", ".join(_messages(level) for level in ("warning", "failure", "error"))}
FROM run LEFT JOIN feed_tenant ON feed_tenant.id = run.tenant;

CREATE VIEW deferred AS SELECT
  feed, host, name AS tenant, replace(case_id, '\\\\', '\\') AS case_id,
  CASE WHEN part = '' THEN 'case' WHEN instr(part, char(10)) = 0 THEN part
    ELSE substr(part, 1, instr(part, char(10)) - 1) END AS part,
  CASE WHEN instr(part, char(10)) THEN substr(part, instr(part, char(10)) + 1) END AS name,
  CASE WHEN cause = '{LEFT_OUT}' THEN '{LEFT_OUT}' WHEN failures >= {MAX_FAILURES} THEN 'abandoned'
    ELSE 'retried' END AS state,
  reason, cause, failures, datetime(first_at, 'unixepoch') AS first_failed,
  datetime(next_at, 'unixepoch') AS next_try, datetime(feed_deferred.since, 'unixepoch') AS since,
  datetime(feed_deferred.until, 'unixepoch') AS until
FROM feed_deferred JOIN feed_tenant ON feed_tenant.id = feed_deferred.tenant;

CREATE VIEW gaps AS
WITH
-- the last run of each tenant: what failed before a tenant was known counts until then
last_run AS (SELECT source, max(run.id) AS number FROM run
  JOIN feed_tenant ON feed_tenant.id = run.tenant AND feed = source GROUP BY source),
-- what is asked for, finished, and too old, by feed and tenant
span (feed, tenant, since, until, asked, finished, refused) AS (
  SELECT source, run.tenant, CAST(strftime('%s', since) AS INTEGER),
    min(CAST(strftime('%s', until) AS INTEGER),
      CAST(strftime('%s', started_at) AS INTEGER) - {OVERLAP + 1}), 1, 0, 0
  FROM run LEFT JOIN last_run USING (source)
  WHERE (finished_at IS NOT NULL OR started_at < datetime('now', '-1 day'))
    AND (run.tenant IS NOT NULL OR number IS NULL OR run.id > number)
  UNION ALL
  SELECT feed, feed_tenant.id, origin, max(feed_interval.until), 1, 0, 0
  FROM feed_tenant JOIN feed_interval ON tenant = feed_tenant.id
  WHERE kind = 'finished' AND origin IS NOT NULL AND since <= until GROUP BY feed_tenant.id
  UNION ALL
  SELECT feed, tenant, since, until, 0, kind = 'finished', kind = 'refused'
  FROM feed_interval JOIN feed_tenant ON feed_tenant.id = tenant
  UNION ALL
  SELECT feed, NULL, since, until, 0, 1, 0
  FROM feed_interval JOIN feed_tenant ON feed_tenant.id = tenant WHERE kind = 'finished'),
-- what begins and ends at each second
edge AS (
  SELECT feed, tenant, since AS at, asked, finished, refused FROM span WHERE since <= until
  UNION ALL
  SELECT feed, tenant, until + 1, -asked, -finished, -refused FROM span WHERE since <= until),
step AS (
  SELECT feed, tenant, at, sum(asked) AS asked, sum(finished) AS finished, sum(refused) AS refused
  FROM edge GROUP BY feed, tenant, at),
state AS (
  SELECT feed, tenant, at AS since, lead(at) OVER tenants - 1 AS until,
    CASE WHEN sum(finished) OVER tenants > 0 THEN NULL
      WHEN sum(refused) OVER tenants > 0 THEN 'too old'
      WHEN sum(asked) OVER tenants > 0 THEN 'missing' END AS kind
  FROM step WINDOW tenants AS (PARTITION BY feed, tenant ORDER BY at)),
marked AS (
  SELECT *, kind IS NOT lag(kind) OVER tenants AS is_first
  FROM state WINDOW tenants AS (PARTITION BY feed, tenant ORDER BY since)),
numbered AS (
  SELECT *, sum(is_first) OVER (PARTITION BY feed, tenant ORDER BY since) AS number FROM marked)
SELECT numbered.feed AS feed, host, name AS tenant, kind,
  datetime(min(since), 'unixepoch') AS since, datetime(max(until), 'unixepoch') AS until,
  max(until) - min(since) + 1 AS seconds
FROM numbered LEFT JOIN feed_tenant ON feed_tenant.id = tenant
WHERE kind IS NOT NULL GROUP BY numbered.feed, numbered.tenant, number
"""

# what one row of each is
NAMES = {
    "cases": "an incident case",
    "accounts": "a leaked account",
    "notes": "a message about a case",
    "files": "a file of a case",
    "indicators": "an IP address",
    "objects": "an object of any type",
    "attributes": "a value of an attribute of an object, from one feed",
    "related": "an object to which another is related, from both sides",
    "changes": "something that came, went or changed",
    "runs": "a run of a feed",
    "deferred": "a case, or a part of one, that could not be read",
    "gaps": "a range of time that was not read",
}
VIEWS = "".join(f"DROP VIEW IF EXISTS {name};\n" for name in NAMES) + _OBJECTS + _RUNS
