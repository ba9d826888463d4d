"""The format of a library file: its tables, its version, and the way from earlier versions."""

from izoologic_cdf.library.views import HIDDEN, PASSWORDS, VIEWS

# 1: objects; what feeds remember stood in tables of their own, under a hash of host and keys
# 2: what feeds remember is kept per tenant: feed, host and name
# 3: what was pushed to which platform
# 4: what changed when, the counts of runs, views, and a full-text index
# 5: with which update a case was read, and for which range of what was asked
VERSION = 5

# what a run said about cases and about itself; a null `case_id` is itself
MESSAGES = """
CREATE TABLE run_message (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(id),
  level TEXT NOT NULL, case_id TEXT, text TEXT NOT NULL);
CREATE INDEX run_message_run ON run_message(run);
"""

# the references are not enforced while writing, which would cost four look-ups per attribute;
# the tests check them with PRAGMA foreign_key_check
OBJECTS = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
  started_at TEXT NOT NULL, finished_at TEXT, outcome TEXT,
  tenant INTEGER REFERENCES feed_tenant(id));
-- texts that repeat in every object: attribute names and sources
CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE content (
  id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, bytes BLOB NOT NULL);
-- identity: a JSON list of what makes the object this one and no other
-- described: the update, in epoch seconds, of the case that the description is of
CREATE TABLE object (
  id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
  value TEXT NOT NULL, subtype TEXT, description TEXT,
  published_at TEXT, happened_at TEXT, started_at TEXT, ended_at TEXT, status TEXT,
  content INTEGER REFERENCES content(id), described INTEGER,
  created_at TEXT NOT NULL, created_run INTEGER NOT NULL REFERENCES run(id),
  modified_at TEXT NOT NULL, modified_run INTEGER NOT NULL REFERENCES run(id));
CREATE INDEX object_content ON object(content) WHERE content IS NOT NULL;
CREATE TABLE object_source (
  object INTEGER NOT NULL REFERENCES object(id), source INTEGER NOT NULL REFERENCES term(id),
  PRIMARY KEY (object, source)) WITHOUT ROWID;
CREATE TABLE attribute (
  object INTEGER NOT NULL REFERENCES object(id), name INTEGER NOT NULL REFERENCES term(id),
  value TEXT NOT NULL, source INTEGER NOT NULL REFERENCES term(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (object, name, value, source)) WITHOUT ROWID;
CREATE TABLE tag (
  object INTEGER NOT NULL REFERENCES object(id), text TEXT NOT NULL,
  PRIMARY KEY (object, text)) WITHOUT ROWID;
-- undirected: the smaller id always stands first
CREATE TABLE relation (
  low INTEGER NOT NULL REFERENCES object(id), high INTEGER NOT NULL REFERENCES object(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (low, high), CHECK (low < high)) WITHOUT ROWID;
CREATE INDEX relation_high ON relation(high);
"""

# What the runs of a feed remember of a tenant. Times are epoch seconds. A case id stands as
# `limits.escape` has it, so that no two ids are one.
STATE = """
-- host: null for a tenant of format 1, of which nothing but the hash in `keys` is known
-- keys: salted hash of the keys of the last login that succeeded
-- reach: the greatest age, in seconds, that a list was given for
-- witnesses: a few cases that were read, as a JSON list of [id, item]
CREATE TABLE feed_tenant (
  id INTEGER PRIMARY KEY, feed TEXT NOT NULL, host TEXT, name TEXT NOT NULL DEFAULT '',
  salt TEXT NOT NULL, keys TEXT NOT NULL, origin INTEGER, reach INTEGER NOT NULL DEFAULT 0,
  witnesses TEXT NOT NULL DEFAULT '[]',
  UNIQUE (feed, host, name));
-- messages_since: since when the ranged parts of its cases, such as messages, were requested
CREATE TABLE feed_interval (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL REFERENCES feed_tenant(id),
  kind TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  messages_since INTEGER NOT NULL);
-- since, until: the range in which every part of the case was read; null for none
-- read_at: when the newest reading that was committed began, in milliseconds
CREATE TABLE feed_case (
  tenant INTEGER NOT NULL REFERENCES feed_tenant(id), case_id TEXT NOT NULL,
  since INTEGER, until INTEGER, read_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, case_id)) WITHOUT ROWID;
-- part: '' for the whole case; read_at: when the reading that failed began, in milliseconds
CREATE TABLE feed_deferred (
  tenant INTEGER NOT NULL REFERENCES feed_tenant(id), case_id TEXT NOT NULL, part TEXT NOT NULL,
  value TEXT NOT NULL, updated INTEGER, since INTEGER NOT NULL, until INTEGER NOT NULL,
  cause TEXT NOT NULL, reason TEXT NOT NULL, failures INTEGER NOT NULL,
  first_at INTEGER NOT NULL, next_at INTEGER NOT NULL, read_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, case_id, part)) WITHOUT ROWID;
"""

# What spares calls.
# updated: the update that the list showed of a case that was read so late that no other one can
# have followed in the same second; null for none
# asked, item: where messages were requested for a shorter range than asked, the end of that range,
# and the item as JSON, to request the rest with
# unannounced: whether messages of the tenant are known to come without an update of their case
READINGS = """
ALTER TABLE feed_case ADD COLUMN updated INTEGER;
ALTER TABLE feed_case ADD COLUMN asked INTEGER;
ALTER TABLE feed_case ADD COLUMN item TEXT;
ALTER TABLE feed_tenant ADD COLUMN unannounced INTEGER NOT NULL DEFAULT 0;
"""

# What each platform has of the objects, which `outbox` reads and writes.
OUTBOX = """
CREATE TABLE push_platform (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL UNIQUE
);
-- remote: the id of the object in its collection on the platform
-- version: the digest of what was pushed in full; '' where something is missing there
-- published, described: the date and the digest of the description that the platform has from us
-- failures: how often the platform refused this object since it last changed
CREATE TABLE push_object (
  platform INTEGER NOT NULL REFERENCES push_platform(id),
  object INTEGER NOT NULL REFERENCES object(id),
  remote INTEGER,
  version TEXT NOT NULL,
  published TEXT,
  described TEXT,
  failures INTEGER NOT NULL,
  refused TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (platform, object)
) WITHOUT ROWID;
CREATE INDEX push_object_remote ON push_object(platform, remote);
"""

# What format 4 adds. Nothing of it is written for what is new: `created_run` of an object and `run`
# of its attributes tell that. The full-text index itself is made by `search`, where SQLite can.
HISTORY = """
-- at: when it was committed; kind: attribute, field, source, tag or relation; name: of the
-- attribute or field; old, new: null for what is not there; other: the other end of the relation
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY, object INTEGER NOT NULL REFERENCES object(id),
  run INTEGER NOT NULL REFERENCES run(id), at TEXT NOT NULL, kind TEXT NOT NULL,
  name INTEGER REFERENCES term(id), old TEXT, new TEXT, other INTEGER REFERENCES object(id));
CREATE INDEX IF NOT EXISTS history_object ON history(object, name);
CREATE INDEX IF NOT EXISTS history_at ON history(at);
-- type: the object type of what is counted, '' for what is none; counts of zero are left out
CREATE TABLE IF NOT EXISTS run_count (
  run INTEGER NOT NULL REFERENCES run(id), type TEXT NOT NULL, name TEXT NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (run, type, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS object_type ON object(type);
-- indexed: the full-text index has the objects up to this id
CREATE TABLE IF NOT EXISTS search_progress (
  id INTEGER PRIMARY KEY CHECK (id = 1), indexed INTEGER NOT NULL);
INSERT OR IGNORE INTO search_progress VALUES (1, 0);
-- objects that have changed since they were indexed, and their texts in the index
CREATE TABLE IF NOT EXISTS search_pending (
  object INTEGER PRIMARY KEY REFERENCES object(id), value TEXT NOT NULL, description TEXT);
"""

# Of what came before format 4 the run is known, and not what was there in its place.
_FROM_3 = """
INSERT INTO history (object, run, at, kind, name, new)
  SELECT object.id, attribute.run, run.started_at, 'attribute', name,
    CASE WHEN name IN {passwords} THEN '{hidden}' ELSE attribute.value END
  FROM attribute JOIN object ON object.id = object JOIN run ON run.id = attribute.run
  WHERE attribute.run != created_run
    AND NOT EXISTS (SELECT 1 FROM history WHERE history.object = object.id);
INSERT INTO history (object, run, at, kind, other)
  SELECT low, relation.run, run.started_at, 'relation', high
  FROM relation JOIN run ON run.id = relation.run
    JOIN object AS one ON one.id = low JOIN object AS two ON two.id = high
  WHERE relation.run NOT IN (one.created_run, two.created_run)
    AND NOT EXISTS (SELECT 1 FROM history WHERE history.object = low AND other = high);
"""

# What format 1 held of a case that waits for its next try is taken over with all its tries left,
# since outages used them up, and what it called refused for good is asked for once more. Items of
# its feeds had these four keys.
_FROM_1 = """
CREATE TABLE IF NOT EXISTS feed_salt (salt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feed_interval (
  id INTEGER PRIMARY KEY, feed TEXT, tenant TEXT, kind TEXT, since INTEGER, until INTEGER,
  messages_since INTEGER);
CREATE TABLE IF NOT EXISTS feed_set_aside (
  feed TEXT, tenant TEXT, case_id TEXT, value TEXT, since INTEGER, until INTEGER, reason TEXT,
  failures INTEGER);
CREATE TABLE IF NOT EXISTS feed_messages_read (
  feed TEXT, tenant TEXT, case_id TEXT, since INTEGER, until INTEGER);
ALTER TABLE feed_interval RENAME TO old_interval;
{state}
INSERT INTO feed_tenant (feed, salt, keys)
  SELECT feed, coalesce((SELECT group_concat(salt, ' ') FROM feed_salt), ''), tenant FROM (
    SELECT feed, tenant FROM old_interval WHERE kind = 'finished' AND until >= since
    UNION SELECT feed, tenant FROM feed_set_aside
    UNION SELECT feed, tenant FROM feed_messages_read);
UPDATE feed_tenant SET
  origin = (SELECT min(since) FROM old_interval AS old
    WHERE old.feed = feed_tenant.feed AND old.tenant = keys AND kind = 'origin'),
  witnesses = (SELECT json_group_array(json_array(case_id, json_object(
      'caseId', case_id, 'trackingId', NULL, 'updated', NULL, 'error', NULL)))
    FROM (SELECT case_id FROM feed_messages_read AS old
      WHERE old.feed = feed_tenant.feed AND old.tenant = keys ORDER BY until DESC LIMIT 3));
INSERT INTO feed_interval (tenant, kind, since, until, messages_since)
  SELECT feed_tenant.id, kind, since, until, messages_since
  FROM old_interval AS old JOIN feed_tenant ON old.feed = feed_tenant.feed AND tenant = keys
  WHERE kind = 'finished';
INSERT INTO feed_case
  SELECT id, replace(case_id, char(92), char(92, 92)), since, until, 0
  FROM feed_messages_read AS old JOIN feed_tenant ON old.feed = feed_tenant.feed AND tenant = keys;
INSERT INTO feed_deferred
  SELECT id, replace(case_id, char(92), char(92, 92)), '', value, NULL, since, until, 'item',
    reason, 0, 0, 0, 0
  FROM feed_set_aside AS old JOIN feed_tenant ON old.feed = feed_tenant.feed AND tenant = keys;
DROP TABLE feed_salt;
DROP TABLE old_interval;
DROP TABLE feed_set_aside;
DROP TABLE feed_messages_read;
ALTER TABLE run ADD COLUMN tenant INTEGER REFERENCES feed_tenant(id);
ALTER TABLE object ADD COLUMN described INTEGER;
UPDATE object SET described = CAST(strftime('%s', modified_at) AS INTEGER)
  WHERE description IS NOT NULL;
"""
# what makes a blank file a library
NEWEST = (OBJECTS, MESSAGES, STATE, OUTBOX, READINGS, HISTORY, VIEWS)
# from each version to the next
MIGRATIONS = {
    1: _FROM_1.replace("{state}", STATE) + MESSAGES,
    2: OUTBOX,
    3: HISTORY + _FROM_3.replace("{passwords}", PASSWORDS).replace("{hidden}", HIDDEN) + VIEWS,
    4: READINGS,
}


def statements(script: str) -> list[str]:
    """Return the statements of one of these scripts; none of their texts holds a semicolon."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [one for one in "\n".join(lines).split(";") if one.strip()]
