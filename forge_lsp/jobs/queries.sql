-- The longer statements of the ledger, by name.

-- history: the newest jobs first
SELECT id AS job_id, state, outcome, created, task, language, uri, workspace, score, grade, attempt_count, seconds,
  coalesce(cost_nano_usd, (SELECT sum(nano_usd) FROM spending WHERE job_id = jobs.id), 0) AS cost_usd,
  apply AS apply_mode, applied, reason
FROM jobs ORDER BY id DESC LIMIT ?;

-- records: by writer, accepted attempts and all that ran
SELECT coalesce(json_extract(whole, '$.candidate.model'), generator) AS writer, sum(decision = 'accept'), count(*)
FROM attempts
WHERE skipped IS NULL AND job_id IN (
  SELECT id FROM jobs
  WHERE language = ? AND state = 'ended' AND outcome IN ('accepted', 'unverified', 'exhausted')
  ORDER BY id DESC LIMIT ?)
GROUP BY writer;

-- unseen: jobs of other processes that no editor has shown
SELECT id, state, owner, workspace, uri FROM jobs WHERE unseen = 1 AND owner <> ? AND created >= ? ORDER BY id;

-- spend_open: what the open calls of a process that is gone had sent counts as spent
UPDATE spending SET open = 0, nano_usd = sent_nano_usd
WHERE open = 1 AND job_id IN (SELECT id FROM jobs WHERE owner = ? AND state IN ('queued', 'running'));

-- interrupt: the jobs of a process that is gone
UPDATE jobs SET
  state = 'interrupted',
  reason = 'the process that ran it ended before it did',
  seconds = (SELECT max(0, (julianday(max(at)) - julianday(created)) * 86400) FROM events WHERE job_id = id),
  attempt_count = (SELECT count(*) FROM events WHERE job_id = id AND type = 'attempt.started'),
  cost_nano_usd = (SELECT coalesce(sum(nano_usd), 0) FROM spending WHERE job_id = jobs.id)
WHERE owner = ? AND state IN ('queued', 'running');

-- end_interrupted: a job that was stopped because its editor had gone
UPDATE jobs SET
  state = 'interrupted', reason = :reason, seconds = :seconds, cost_nano_usd = :nano, attempt_count = :attempt_count
WHERE id = :job_id;

-- set_spending
INSERT OR REPLACE INTO spending (id, job_id, day, model, server, open, nano_usd, sent_nano_usd)
VALUES (:id, :job_id, :day, :model, :server, :open, :nano, :sent);

-- set_consent
INSERT OR REPLACE INTO consents (workspace, server, address, answer, at) VALUES (?, ?, ?, ?, ?);

-- observed_jobs
SELECT id AS job_id, created, language, outcome, coalesce(attempt_count, 0) AS attempts,
  coalesce(seconds, 0) AS seconds, coalesce(cost_nano_usd, 0) AS nano, grade, applied, became, questions
FROM jobs WHERE state IN ('ended', 'interrupted') ORDER BY id;

-- observed_attempts
SELECT a.job_id AS job_id, a.number AS number, a.strategy AS strategy, a.generator AS generator, a.panel AS panel,
  a.decision = 'accept' AND j.outcome = 'accepted' AS accepted, a.skipped IS NOT NULL AS skipped,
  a.seconds AS seconds, a.cost_nano_usd AS nano, a.score AS score,
  json_extract(a.whole, '$.verdict.consensus') AS consensus,
  CASE WHEN a.score IS NOT NULL THEN json_extract(a.whole, '$.evidence') END AS shown
FROM attempts a JOIN jobs j ON j.id = a.job_id ORDER BY a.job_id, a.number;

-- observed_reviews
SELECT job_id, attempt, model, score, abstained FROM reviews ORDER BY job_id, attempt, place;

-- observed_stages
SELECT c.job_id AS job_id, c.attempt AS attempt, c.stage AS stage, count(*) AS calls,
  sum(max(0, c.seconds - c.queue_seconds)) AS working, e.seconds AS wall,
  sum(c.input_tokens) AS input_tokens, sum(c.output_tokens) AS output_tokens
FROM calls c
  JOIN jobs j ON j.id = c.job_id AND j.state IN ('ended', 'interrupted')
  LEFT JOIN (
    SELECT job_id, json_extract(body, '$.number') AS attempt, json_extract(body, '$.stage') AS stage,
      sum(json_extract(body, '$.seconds')) AS seconds
    FROM events WHERE type = 'stage.finished' GROUP BY 1, 2, 3) e
  ON e.job_id = c.job_id AND e.attempt = c.attempt AND e.stage = c.stage
GROUP BY c.job_id, c.attempt, c.stage;
