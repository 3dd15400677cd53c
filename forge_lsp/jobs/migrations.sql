-- The ledger's tables. Only ever append a step: a file in a user's state folder has had the ones before.
-- A step begins with a line `-- step N`; a statement ends with a semicolon at the end of its line.

-- step 1
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,            -- queued | running | ended | interrupted
    owner TEXT NOT NULL,            -- the process that runs it: the name of its lock in live/
    created TEXT NOT NULL,
    workspace TEXT,
    uri TEXT NOT NULL,
    language TEXT NOT NULL,
    profile TEXT NOT NULL,
    task TEXT NOT NULL,
    version INTEGER,                -- the editor's number of the document
    base_text TEXT NOT NULL,        -- the document before the candidate
    scope TEXT NOT NULL,            -- JSON
    allowed_attempts INTEGER NOT NULL,
    apply TEXT NOT NULL,
    follow_up_of TEXT,
    toys TEXT NOT NULL,             -- JSON: models whose scores mean nothing
    outcome TEXT,
    score REAL,
    reason TEXT,
    seconds REAL,
    cost_nano_usd INTEGER,
    attempt_count INTEGER,
    applied INTEGER NOT NULL DEFAULT 0,
    candidate TEXT,                 -- JSON, with the whole document in its text
    sent TEXT NOT NULL DEFAULT '[]' -- JSON: whose text went where
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state) WHERE state IN ('queued', 'running');
CREATE TABLE attempts (
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    generator TEXT NOT NULL,
    samples INTEGER NOT NULL,
    panel TEXT NOT NULL,
    compiled INTEGER,               -- 1, 0 or NULL: not checked
    passed INTEGER NOT NULL,        -- examples
    failed INTEGER NOT NULL,
    disputed INTEGER NOT NULL,
    score REAL,
    decision TEXT NOT NULL,
    skipped TEXT,
    seconds REAL NOT NULL,
    cost_nano_usd INTEGER NOT NULL,
    whole TEXT NOT NULL,            -- JSON: the attempt, less the whole document of its candidate
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE reviews (
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    place INTEGER NOT NULL,
    model TEXT NOT NULL,
    aspect TEXT NOT NULL,
    weight REAL NOT NULL,
    score REAL,
    abstained TEXT,
    issues INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (job_id, attempt, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE calls (
    job_id TEXT NOT NULL,
    call INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    stage TEXT NOT NULL,
    role TEXT NOT NULL,
    model TEXT NOT NULL,
    server TEXT NOT NULL,
    ended TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    queue_seconds REAL NOT NULL,
    load_seconds REAL NOT NULL,
    first_token_seconds REAL NOT NULL,
    seconds REAL NOT NULL,
    cost_nano_usd INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (job_id, call)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    job_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,             -- JSON
    PRIMARY KEY (job_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE spending (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    day TEXT NOT NULL,              -- of the reservation, UTC
    model TEXT NOT NULL,
    server TEXT NOT NULL,
    open INTEGER NOT NULL,          -- 1: reserved, the call is not over
    nano_usd INTEGER NOT NULL,      -- the estimate while open, then the cost
    sent_nano_usd INTEGER NOT NULL  -- the part of the estimate that is spent once the call is sent
) STRICT, WITHOUT ROWID;
CREATE INDEX spending_by_day ON spending (day, nano_usd);
CREATE INDEX spending_by_job ON spending (job_id, nano_usd);
CREATE TABLE consents (
    workspace TEXT NOT NULL,        -- '' where there is none
    server TEXT NOT NULL,
    address TEXT NOT NULL,
    answer INTEGER NOT NULL,        -- 1: yes, 0: no
    at TEXT NOT NULL,
    PRIMARY KEY (workspace, server)
) STRICT, WITHOUT ROWID;

-- step 2
-- of proof: proven | kept | supported | reviewed | NULL
ALTER TABLE jobs ADD COLUMN grade TEXT;
-- JSON: pairs of a check's status and how many have it
ALTER TABLE jobs ADD COLUMN checks TEXT;
ALTER TABLE attempts ADD COLUMN grade TEXT;

-- step 3
-- the applied result once saved: kept | changed | undone | NULL
ALTER TABLE jobs ADD COLUMN became TEXT;

-- step 4
-- JSON: what the user was asked, and the answers
ALTER TABLE jobs ADD COLUMN questions TEXT;

-- step 5
-- what the settings asked a panel for
ALTER TABLE jobs ADD COLUMN accept_score REAL;

-- step 6
-- 1: an editor asked for the job, and none has shown how it ended
ALTER TABLE jobs ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_unseen ON jobs (id) WHERE unseen = 1;

-- step 7
-- why it failed, for programs: consent | NULL
ALTER TABLE jobs ADD COLUMN cause TEXT;
-- what fixes that, which is in the reason too
ALTER TABLE jobs ADD COLUMN remedy TEXT;
-- what it was started with, for a job that is gone on with: by the user; NULL: the settings'
ALTER TABLE jobs ADD COLUMN asked_profile TEXT;
-- JSON: the user's words on an earlier result, and its code
ALTER TABLE jobs ADD COLUMN insights TEXT;
-- JSON: to be fixed
ALTER TABLE jobs ADD COLUMN diagnostics TEXT;
