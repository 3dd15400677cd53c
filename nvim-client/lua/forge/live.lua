-- What runs, attempt by attempt: folded from `forge/jobEvent` notifications, and told as lines.

local M = {}

---@class forge.Attempt
---@field number integer
---@field who string
---@field stages { stage: string, detail: string, seconds?: number }[] without seconds: it runs
---@field calls table<integer, { model: string, stage: string, ended?: boolean }>
---@field notes string[]
---@field decision? string nil: it runs
---@field unverified? boolean it was accepted, and something could not be checked
---@field reason string
---@field score? number
---@field seconds number
---@field cost number

---@class forge.Live
---@field id string
---@field client_id integer
---@field file string
---@field task string
---@field most integer
---@field since integer seconds
---@field attempts forge.Attempt[]
---@field cost number
---@field best? { attempt: integer, model: string, seen: string, score?: number }
---@field ended? table the event job.finished

---@class forge.Line
---@field text string
---@field group? string highlights its first `upto` bytes, or the whole of it
---@field upto? integer
---@field attempt? integer whose line it is

local DOING = { think = 'thinking', generate = 'writing', check = 'checking', review = 'reviewing' }
local DECIDED = {
  accept = { 'accepted', 'DiagnosticOk' },
  retry = { 'not accepted', 'DiagnosticError' },
  give_up = { 'not accepted', 'DiagnosticError' },
  skip = { 'skipped', 'Comment' },
}
local ENDED = {
  accepted = { 'Accepted', 'DiagnosticOk' },
  unverified = { 'Not verified', 'DiagnosticWarn' },
  exhausted = { 'Not accepted', 'DiagnosticError' },
  cancelled = { 'Cancelled', 'Comment' },
  failed = { 'Failed', 'DiagnosticError' },
}

---@type forge.Live[] the oldest first; at most one that has ended, the newest
local jobs = {}

---@param value any
---@return any nil for JSON's null
local function given(value)
  if value ~= vim.NIL then
    return value
  end
end

---@param at string ISO 8601 in UTC
---@return integer seconds since the epoch
local function seconds_of(at)
  local year, month, day, hour, minute, second = at:match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
  if not year then
    return os.time()
  end
  local told = { year = year, month = month, day = day, hour = hour, min = minute, sec = second, isdst = false }
  local utc = os.date('!*t', os.time())
  utc.isdst = false
  return os.time(told) + os.difftime(os.time(), os.time(utc)) -- os.time() reads local time
end

---@param id string
---@return forge.Live?
function M.get(id)
  for _, job in ipairs(jobs) do
    if job.id == id then
      return job
    end
  end
end

---Forget jobs that have ended, and what is known of one that is told from its beginning.
---@param id? string
local function forget(id)
  jobs = vim.tbl_filter(function(job)
    return not job.ended and job.id ~= id
  end, jobs)
end

---@param job forge.Live
---@param number integer
---@return forge.Attempt
local function attempt_of(job, number)
  for _, attempt in ipairs(job.attempts) do
    if attempt.number == number then
      return attempt
    end
  end
  local attempt = { number = number, who = '', stages = {}, calls = {}, notes = {}, reason = '', seconds = 0, cost = 0 }
  table.insert(job.attempts, attempt)
  return attempt
end

---@type table<string, fun(job: forge.Live, attempt: forge.Attempt, event: table)>
local folds = {
  ['attempt.started'] = function(job, attempt, event)
    local thinkers = table.concat(event.thinkers or {}, ', ')
    local samples = (event.samples or 1) > 1 and (' ×%d'):format(event.samples) or ''
    local thinking = thinkers ~= '' and ('%s: %s → '):format(event.strategy, thinkers) or ''
    attempt.who = thinking .. event.generator .. samples
    job.most = math.max(event.attempts, event.number)
  end,
  ['stage.started'] = function(_, attempt, event)
    table.insert(attempt.stages, { stage = event.stage, detail = event.detail })
  end,
  ['stage.finished'] = function(_, attempt, event)
    for _, stage in ipairs(attempt.stages) do
      if stage.stage == event.stage and not stage.seconds then
        stage.seconds = event.seconds
        stage.detail = event.detail ~= '' and event.detail or stage.detail
      end
    end
  end,
  ['call.started'] = function(_, attempt, event)
    attempt.calls[event.call] = { model = event.model, stage = event.stage }
  end,
  ['call.finished'] = function(job, attempt, event)
    job.cost = job.cost + event.costUsd
    if attempt.calls[event.call] then
      attempt.calls[event.call].ended = true
    end
    if given(event.error) then
      table.insert(attempt.notes, ('%s: %s'):format(event.model, event.error))
    end
  end,
  degraded = function(_, attempt, event)
    table.insert(attempt.notes, event.reason)
  end,
  ['rung.skipped'] = function(_, attempt, event)
    attempt.decision, attempt.who, attempt.reason = 'skip', event.generator, event.reason
  end,
  ['attempt.finished'] = function(job, attempt, event)
    attempt.decision, attempt.unverified = event.decision, event.unverified
    attempt.reason = given(event.reason) or attempt.reason
    attempt.score = given(event.score)
    attempt.seconds, attempt.cost = event.seconds, event.costUsd
    job.best = given(event.best) or job.best
  end,
}

---Take in an event. Types that are not known are skipped: later servers may send some.
---@param client_id integer
---@param event table
function M.hear(client_id, event)
  if event.type == 'job.started' then
    forget(event.jobId)
    table.insert(jobs, {
      id = event.jobId,
      client_id = client_id,
      file = vim.fs.basename(vim.uri_decode(event.uri)),
      task = event.task,
      most = event.attempts,
      since = seconds_of(event.at),
      attempts = {},
      cost = 0,
    })
    return
  end
  local job = M.get(event.jobId)
  if not job then
    return
  elseif event.type == 'job.finished' then
    forget()
    job.ended = event
  elseif folds[event.type] then
    folds[event.type](job, attempt_of(job, event.number), event)
  end
end

---A server ended; what it ran is no more.
---@param client_id integer
function M.forget(client_id)
  jobs = vim.tbl_filter(function(job)
    return job.client_id ~= client_id or job.ended ~= nil
  end, jobs)
end

---The jobs, the newest first.
---@return forge.Live[]
function M.jobs()
  return vim.iter(jobs):rev():totable()
end

---@param seconds number
---@return string
local function duration(seconds)
  local whole = math.floor(seconds + 0.5)
  return whole < 90 and ('%d s'):format(whole) or ('%d min %d s'):format(math.floor(whole / 60), whole % 60)
end

---@param usd number
---@return string
local function money(usd)
  return usd == 0 and 'free' or usd < 0.01 and '< $0.01' or ('$%.2f'):format(usd)
end

---@param ... string|false|nil
---@return string
local function join(...)
  local parts = {}
  for index = 1, select('#', ...) do
    local part = select(index, ...)
    if part and part ~= '' then
      table.insert(parts, part)
    end
  end
  return table.concat(parts, ' · ')
end

---@param score? number
---@return string|false
local function scored(score)
  return score ~= nil and ('score %.1f'):format(score)
end

---@param words string
---@return string
local function flat(words)
  return vim.trim((words:gsub('%s+', ' ')))
end

---@param attempt forge.Attempt
---@return string? nil: nothing is done just now
local function doing(attempt)
  for index = #attempt.stages, 1, -1 do
    local stage = attempt.stages[index]
    if not stage.seconds then
      local models, seen = {}, {}
      for _, call in vim.spairs(attempt.calls) do
        if not call.ended and not seen[call.model] then
          seen[call.model] = true
          table.insert(models, call.model)
        end
      end
      local who = #models > 0 and table.concat(models, ', ') or stage.detail
      return (DOING[stage.stage] or stage.stage) .. (who ~= '' and ': ' .. who or '')
    end
  end
end

---@param job forge.Live
---@param attempt forge.Attempt
---@param open boolean
---@param into forge.Line[]
local function attempt_lines(job, attempt, open, into)
  local running = not attempt.decision and not job.ended
  local word, group = 'runs', 'DiagnosticInfo'
  if attempt.unverified then
    word, group = 'not verified', 'DiagnosticWarn'
  elseif not running then
    word, group = unpack(DECIDED[attempt.decision] or { attempt.decision or 'stopped', 'Comment' })
  end
  local facts = join(
    word,
    scored(attempt.score),
    attempt.who,
    attempt.seconds > 0 and duration(attempt.seconds),
    attempt.cost > 0 and money(attempt.cost)
  )
  local title = ('%s Attempt %d'):format(open and '▾' or '▸', attempt.number)
  table.insert(into, { text = title .. '  ' .. facts, group = group, upto = #title, attempt = attempt.number })
  if not open then
    return
  end
  local function add(text, highlight)
    table.insert(into, { text = '    ' .. flat(text), attempt = attempt.number, group = highlight })
  end
  if attempt.reason ~= '' then
    add('why: ' .. attempt.reason)
  end
  for _, stage in ipairs(attempt.stages) do
    add(join(DOING[stage.stage] or stage.stage, stage.detail, stage.seconds and duration(stage.seconds) or running and '…'))
  end
  for _, note in ipairs(attempt.notes) do
    add('note: ' .. note, 'DiagnosticWarn')
  end
end

---A job as lines. `now` in seconds; `keys` what can be pressed; `open` which attempts are shown in full.
---@param job forge.Live
---@param now integer
---@param keys string
---@param open table<integer, boolean> nil: the one that runs
---@return forge.Line[]
function M.lines(job, now, keys, open)
  local lines = {} ---@type forge.Line[]
  local ended, last = job.ended, job.attempts[#job.attempts]
  local head, group
  if ended then
    local word, colour = unpack(ENDED[ended.outcome] or { ended.outcome, 'DiagnosticWarn' })
    local proof = given(ended.grade) and require('forge.job').PROOF[ended.grade]
    local count = ('%d attempt%s'):format(ended.attemptCount, ended.attemptCount == 1 and '' or 's')
    local exhausted = ended.outcome == 'exhausted'
    word = exhausted and word .. ' after ' .. count or word
    head = join(word, proof, scored(given(ended.score)), not exhausted and count, duration(ended.seconds), money(ended.costUsd))
    group = colour
  else
    local where = last and ('attempt %d of at most %d'):format(last.number, job.most) or 'starting'
    head, group = join(where, duration(math.max(0, now - job.since)), money(job.cost)), 'DiagnosticInfo'
  end
  local function add(label, words)
    table.insert(lines, { text = ('%-10s %s'):format(label, flat(words)), group = 'Label', upto = #label })
  end
  table.insert(lines, { text = ('%s  %s'):format(job.file, head), group = group })
  table.insert(lines, { text = keys, group = 'Comment' })
  add('Task', job.task)
  if ended and given(ended.reason) then
    add('Why', ended.reason)
  end
  local now_doing = not ended and last and doing(last)
  if now_doing then
    add('Now', now_doing)
  end
  if job.best then
    local best = job.best
    add(ended and 'Best' or 'Best yet', join(('attempt %d by %s'):format(best.attempt, best.model), best.seen, scored(given(best.score))))
  end
  if not ended then
    for index = #job.attempts, 1, -1 do
      local attempt = job.attempts[index]
      if attempt.decision then
        if attempt.decision ~= 'accept' then
          local seen = ''
          for _, stage in ipairs(attempt.stages) do
            seen = stage.stage == 'check' and stage.detail or seen
          end
          local why = seen ~= '' and attempt.reason .. ': ' .. seen or attempt.reason
          add('Why not', ('attempt %d: %s'):format(attempt.number, why))
        end
        break
      end
    end
  end
  for index = #job.attempts, 1, -1 do
    local attempt = job.attempts[index]
    local shown = open[attempt.number]
    if shown == nil then
      shown = not attempt.decision and not ended
    end
    attempt_lines(job, attempt, shown, lines)
  end
  return lines
end

return M
