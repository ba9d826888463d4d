-- A library as version 1.1.0 of 2025 left it: two cases read, one abandoned and one set aside
-- by an outage, the tenant told by a hash of host and keys. TENANT stands for that hash.
BEGIN TRANSACTION;
CREATE TABLE attribute (
  object INTEGER NOT NULL REFERENCES object(id),
  name INTEGER NOT NULL REFERENCES term(id),
  value TEXT NOT NULL,
  source INTEGER NOT NULL REFERENCES term(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (object, name, value, source)
) WITHOUT ROWID;
INSERT INTO "attribute" VALUES(1,2,'https://case00001.example.com',1,1);
INSERT INTO "attribute" VALUES(1,3,'caSe00001',1,1);
INSERT INTO "attribute" VALUES(1,4,'Open',1,1);
INSERT INTO "attribute" VALUES(4,2,'https://case00002.example.com',1,1);
INSERT INTO "attribute" VALUES(4,3,'caSe00002',1,1);
INSERT INTO "attribute" VALUES(4,4,'Open',1,1);
INSERT INTO "attribute" VALUES(7,2,'https://case0bad2.example.com',1,2);
INSERT INTO "attribute" VALUES(7,3,'caSe0bad2',1,2);
INSERT INTO "attribute" VALUES(7,4,'Open',1,2);
CREATE TABLE content (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
INSERT INTO "content" VALUES(1,'b83a6766625a827fdc7c1301b8a78caea00e99f973307281e24728c57c652051',9,X'636153653030303031');
INSERT INTO "content" VALUES(2,'66846227dbd1363305c7fb876fbdd2d97110d6f7b93feac516d6a9767562bbbc',9,X'636153653030303032');
INSERT INTO "content" VALUES(3,'602642bc75f8fc4a83364cb1c3b972e0e0dde829237b781ad13f0af38adbb723',9,X'636153653062616432');
CREATE TABLE feed_interval (
      id INTEGER PRIMARY KEY, feed TEXT NOT NULL, tenant TEXT NOT NULL,
      kind TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
      messages_since INTEGER NOT NULL);
INSERT INTO "feed_interval" VALUES(1,'iZoologic Incident Case Sync','TENANT','origin',1751803200,1751803200,0);
INSERT INTO "feed_interval" VALUES(2,'iZoologic Incident Case Sync','TENANT','finished',1751803200,1755276599,1751803200);
CREATE TABLE feed_messages_read (
      feed TEXT NOT NULL, tenant TEXT NOT NULL, case_id TEXT NOT NULL,
      since INTEGER NOT NULL, until INTEGER NOT NULL,
      PRIMARY KEY (feed, tenant, case_id)) WITHOUT ROWID;
INSERT INTO "feed_messages_read" VALUES('iZoologic Incident Case Sync','TENANT','caSe00001',1751803200,1755259200);
INSERT INTO "feed_messages_read" VALUES('iZoologic Incident Case Sync','TENANT','caSe00002',1751803200,1755259200);
INSERT INTO "feed_messages_read" VALUES('iZoologic Incident Case Sync','TENANT','caSe0bad2',1751803200,1755262800);
CREATE TABLE feed_salt (salt TEXT NOT NULL);
INSERT INTO "feed_salt" VALUES('77ca1b0439c6aa23d82c2a932001e799');
CREATE TABLE feed_set_aside (
      feed TEXT NOT NULL, tenant TEXT NOT NULL, case_id TEXT NOT NULL,
      value TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
      reason TEXT NOT NULL, failures INTEGER NOT NULL,
      PRIMARY KEY (feed, tenant, case_id));
INSERT INTO "feed_set_aside" VALUES('iZoologic Incident Case Sync','TENANT','caSe0bad1','{"caseId": "caSe0bad1", "trackingId": null, "updated": 1755086400, "error": null, "since": "1754352000", "until": "1755259200"}',1751803200,1755273600,'GET /api/ThreatManagement/CaseDetail: the server answered 503 Service Unavailable',5);
INSERT INTO "feed_set_aside" VALUES('iZoologic Incident Case Sync','TENANT','caSe0bad2','{"caseId": "caSe0bad2", "trackingId": null, "updated": 1755273600, "error": null, "since": "1755272399", "until": "1755277200"}',1755262200,1755277200,'GET /api/ThreatManagement/CaseDetail: the server answered 503 Service Unavailable',1);
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  subtype TEXT,
  description TEXT,
  published_at TEXT,
  happened_at TEXT,
  started_at TEXT,
  ended_at TEXT,
  status TEXT,
  content INTEGER REFERENCES content(id),
  created_at TEXT NOT NULL,
  created_run INTEGER NOT NULL REFERENCES run(id),
  modified_at TEXT NOT NULL,
  modified_run INTEGER NOT NULL REFERENCES run(id)
);
INSERT INTO "object" VALUES(1,'["incident","caSe00001"]','incident','caSe00001',NULL,NULL,'2025-08-11 12:00:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(2,'["note","2025-08-12 11:59:00 - Hello - caSe00001"]','note','2025-08-12 11:59:00 - Hello - caSe00001',NULL,NULL,'2025-08-12 11:59:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(3,'["attachment",null,null,"caSe00001\ncaSe00001.txt\n2025-08-15 12:00:00"]','attachment','caSe00001.txt',NULL,NULL,'2025-08-15 12:00:00',NULL,NULL,NULL,NULL,1,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(4,'["incident","caSe00002"]','incident','caSe00002',NULL,NULL,'2025-08-11 12:00:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(5,'["note","2025-08-12 11:59:00 - Hello - caSe00002"]','note','2025-08-12 11:59:00 - Hello - caSe00002',NULL,NULL,'2025-08-12 11:59:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(6,'["attachment",null,null,"caSe00002\ncaSe00002.txt\n2025-08-15 12:00:00"]','attachment','caSe00002.txt',NULL,NULL,'2025-08-15 12:00:00',NULL,NULL,NULL,NULL,2,'2025-08-15 12:00:00',1,'2025-08-15 12:00:00',1);
INSERT INTO "object" VALUES(7,'["incident","caSe0bad2"]','incident','caSe0bad2',NULL,NULL,'2025-08-13 12:00:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 13:00:00',2,'2025-08-15 13:00:00',2);
INSERT INTO "object" VALUES(8,'["note","2025-08-14 11:59:00 - Hello - caSe0bad2"]','note','2025-08-14 11:59:00 - Hello - caSe0bad2',NULL,NULL,'2025-08-14 11:59:00',NULL,NULL,NULL,NULL,NULL,'2025-08-15 13:00:00',2,'2025-08-15 13:00:00',2);
INSERT INTO "object" VALUES(9,'["attachment",null,null,"caSe0bad2\ncaSe0bad2.txt\n2025-08-15 12:00:00"]','attachment','caSe0bad2.txt',NULL,NULL,'2025-08-15 12:00:00',NULL,NULL,NULL,NULL,3,'2025-08-15 13:00:00',2,'2025-08-15 13:00:00',2);
CREATE TABLE object_source (
  object INTEGER NOT NULL REFERENCES object(id),
  source INTEGER NOT NULL REFERENCES term(id),
  PRIMARY KEY (object, source)
) WITHOUT ROWID;
INSERT INTO "object_source" VALUES(1,1);
INSERT INTO "object_source" VALUES(2,1);
INSERT INTO "object_source" VALUES(3,1);
INSERT INTO "object_source" VALUES(4,1);
INSERT INTO "object_source" VALUES(5,1);
INSERT INTO "object_source" VALUES(6,1);
INSERT INTO "object_source" VALUES(7,1);
INSERT INTO "object_source" VALUES(8,1);
INSERT INTO "object_source" VALUES(9,1);
CREATE TABLE relation (
  low INTEGER NOT NULL REFERENCES object(id),
  high INTEGER NOT NULL REFERENCES object(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (low, high),
  CHECK (low < high)
) WITHOUT ROWID;
INSERT INTO "relation" VALUES(1,2,1);
INSERT INTO "relation" VALUES(1,3,1);
INSERT INTO "relation" VALUES(4,5,1);
INSERT INTO "relation" VALUES(4,6,1);
INSERT INTO "relation" VALUES(7,8,2);
INSERT INTO "relation" VALUES(7,9,2);
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  outcome TEXT
);
INSERT INTO "run" VALUES(1,'iZoologic Incident Case Sync','2025-07-06 12:00:00','2025-08-15 12:00:00','2025-08-15 12:00:00','2025-08-15 12:00:00','partial');
INSERT INTO "run" VALUES(2,'iZoologic Incident Case Sync','2025-08-15 11:39:59','2025-08-15 13:00:00','2025-08-15 13:00:00','2025-08-15 13:00:00','partial');
INSERT INTO "run" VALUES(3,'iZoologic Incident Case Sync','2025-08-15 12:39:59','2025-08-15 14:00:00','2025-08-15 14:00:00','2025-08-15 14:00:00','partial');
INSERT INTO "run" VALUES(4,'iZoologic Incident Case Sync','2025-08-15 13:39:59','2025-08-15 15:00:00','2025-08-15 15:00:00','2025-08-15 15:00:00','partial');
INSERT INTO "run" VALUES(5,'iZoologic Incident Case Sync','2025-08-15 14:39:59','2025-08-15 16:00:00','2025-08-15 16:00:00','2025-08-15 16:00:00','partial');
INSERT INTO "run" VALUES(6,'iZoologic Incident Case Sync','2025-08-15 15:39:59','2025-08-15 17:00:00','2025-08-15 17:00:00','2025-08-15 17:00:00','partial');
CREATE TABLE tag (
  object INTEGER NOT NULL REFERENCES object(id),
  text TEXT NOT NULL,
  PRIMARY KEY (object, text)
) WITHOUT ROWID;
CREATE TABLE term (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
INSERT INTO "term" VALUES(1,'iZoologic Incident Case Sync');
INSERT INTO "term" VALUES(2,'URL');
INSERT INTO "term" VALUES(3,'Case ID');
INSERT INTO "term" VALUES(4,'Status');
CREATE INDEX object_content ON object(content) WHERE content IS NOT NULL;
CREATE INDEX relation_high ON relation(high);
COMMIT;
PRAGMA application_id=1414293858;
PRAGMA user_version=1;
