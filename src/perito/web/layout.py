"""The tables of a review, as SQL.

What people decided is in `label_events` alone, which only grows. The rest can be told from it, from the
design and from the people; it is kept so that the next item is found by an index.
"""

from __future__ import annotations

REVIEW = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE people (
  person_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password_hash TEXT NOT NULL,
  language TEXT NOT NULL, theme TEXT NOT NULL,
  has_keys INTEGER NOT NULL DEFAULT 1, is_active INTEGER NOT NULL, created_us INTEGER NOT NULL,
  started_us INTEGER NOT NULL DEFAULT 0, last_us INTEGER NOT NULL DEFAULT 0,
  break_until_us INTEGER NOT NULL DEFAULT 0, away_until_us INTEGER NOT NULL DEFAULT 0,
  labels INTEGER NOT NULL DEFAULT 0, checked_at INTEGER NOT NULL DEFAULT -1) STRICT;

CREATE TABLE sessions (
  digest TEXT PRIMARY KEY, person_id TEXT NOT NULL, csrf TEXT NOT NULL, started_us INTEGER NOT NULL,
  seen_us INTEGER NOT NULL) STRICT;

CREATE TABLE attempts (
  attempt INTEGER PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;
CREATE INDEX attempts_by_name ON attempts (name, at_us);
CREATE INDEX attempts_by_address ON attempts (address, at_us);

CREATE TABLE books (
  book_no INTEGER PRIMARY KEY, book_id TEXT NOT NULL, version TEXT NOT NULL, content TEXT NOT NULL,
  adopted_us INTEGER NOT NULL, adopted_by TEXT, reason TEXT, UNIQUE (book_id, version)) STRICT;

CREATE TABLE items (
  item_no INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE, item_kind TEXT, platform TEXT,
  queue TEXT NOT NULL, stratum TEXT, draw INTEGER,
  is_doubled INTEGER NOT NULL, is_withdrawn INTEGER NOT NULL DEFAULT 0,
  content TEXT NOT NULL) STRICT;

-- One row is one reading of one item to be made. `barred` names the readers of the item's other readings.
CREATE TABLE slots (
  slot_no INTEGER PRIMARY KEY, item_no INTEGER NOT NULL, book_no INTEGER NOT NULL, round INTEGER NOT NULL,
  queue TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, barred TEXT NOT NULL DEFAULT '',
  reader TEXT, last_reader TEXT, held_us INTEGER, lease_us INTEGER, event_no INTEGER) STRICT;
CREATE INDEX slots_open ON slots (book_no, barred, position, round) WHERE state = 'open';
CREATE INDEX slots_passed ON slots (book_no, position, round) WHERE state = 'passed';
CREATE INDEX slots_held ON slots (reader) WHERE state = 'held';
CREATE INDEX slots_leases ON slots (lease_us) WHERE state = 'held';
CREATE INDEX slots_of_item ON slots (item_no, book_no);
CREATE INDEX slots_done ON slots (book_no, queue, reader) WHERE state = 'done';

CREATE TABLE passes (
  person_id TEXT NOT NULL, item_no INTEGER NOT NULL, PRIMARY KEY (person_id, item_no)) STRICT, WITHOUT ROWID;

CREATE TABLE conflicts (
  conflict_no INTEGER PRIMARY KEY, item_no INTEGER NOT NULL, book_no INTEGER NOT NULL, readers TEXT NOT NULL,
  state TEXT NOT NULL, holder TEXT, held_us INTEGER, lease_us INTEGER, look_no INTEGER,
  event_no INTEGER) STRICT;
CREATE UNIQUE INDEX conflicts_of_item ON conflicts (item_no, book_no) WHERE state <> 'withdrawn';
CREATE INDEX conflicts_by_state ON conflicts (book_no, state, conflict_no);

CREATE TABLE label_events (
  event_no INTEGER PRIMARY KEY AUTOINCREMENT, event_key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  slot_no INTEGER, conflict_no INTEGER, item_no INTEGER NOT NULL, person_id TEXT NOT NULL, choices TEXT,
  note TEXT NOT NULL, at_us INTEGER NOT NULL, open_us INTEGER NOT NULL, revealed_us INTEGER NOT NULL,
  view_mode TEXT NOT NULL, book_no INTEGER NOT NULL, template_version TEXT NOT NULL, undoes INTEGER,
  digest TEXT NOT NULL) STRICT;
CREATE INDEX label_events_undone ON label_events (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX label_events_of_slot ON label_events (slot_no) WHERE slot_no IS NOT NULL;
CREATE INDEX label_events_of_person ON label_events (person_id, event_no);

CREATE TABLE reveals (
  reveal_no INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, person_id TEXT NOT NULL, slot_no INTEGER,
  conflict_no INTEGER, item_no INTEGER NOT NULL, medium INTEGER NOT NULL,
  evidence_id TEXT NOT NULL, mode TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;
CREATE INDEX reveals_of_person ON reveals (person_id, reveal_no);
CREATE TABLE hides (reveal_no INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, shown_us INTEGER NOT NULL) STRICT;
CREATE INDEX reveals_of_slot ON reveals (slot_no) WHERE slot_no IS NOT NULL;
CREATE INDEX reveals_of_conflict ON reveals (conflict_no) WHERE conflict_no IS NOT NULL;
CREATE INDEX items_withdrawn ON items (item_no) WHERE is_withdrawn;

CREATE TABLE exposure (
  person_id TEXT NOT NULL, day TEXT NOT NULL, items INTEGER NOT NULL DEFAULT 0,
  pictures INTEGER NOT NULL DEFAULT 0, revealed_us INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (person_id, day)) STRICT, WITHOUT ROWID;

CREATE TABLE answers (item_no INTEGER PRIMARY KEY, choices TEXT NOT NULL) STRICT;
CREATE TABLE exports (
  export_no INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, person_id TEXT, items TEXT NOT NULL,
  last_event INTEGER NOT NULL) STRICT;

CREATE TRIGGER label_events_stay BEFORE UPDATE ON label_events
  BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END;
CREATE TRIGGER label_events_last BEFORE DELETE ON label_events
  BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END;
CREATE TRIGGER reveals_stay BEFORE UPDATE ON reveals
  BEGIN SELECT RAISE(ABORT, 'reveals are append-only'); END;
CREATE TRIGGER reveals_last BEFORE DELETE ON reveals
  BEGIN SELECT RAISE(ABORT, 'reveals are append-only'); END;
"""

ACCESS = """
CREATE TABLE access (
  access_no INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, person_id TEXT, address TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL) STRICT;
CREATE TRIGGER access_stay BEFORE UPDATE ON access
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER access_last BEFORE DELETE ON access
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""
