-- One job from the request to what becomes of its result.

local client_of = require('forge.client')
local config = require('forge.config')
local place = require('forge.place')
local question_of = require('forge.question')
local ui = require('forge.ui')

local M = {}

---The argument of forge.generate; docs/lsp.md of the server describes it.
---@class forge.Request
---@field uri string
---@field range? lsp.Range nil: the whole file; empty: a cursor
---@field task? string
---@field language? string
---@field maxIterations? integer
---@field profile? string
---@field diagnostics? lsp.Diagnostic[]
---@field followUp? { jobId: string, feedback: string }
---@field apply? "edit"|"preview"|"none"

---@class forge.Outcome
---@field jobId string
---@field outcome "accepted"|"unverified"|"exhausted"|"cancelled"|"failed"
---@field grade? "proven"|"kept"|"supported"|"reviewed"
---@field score? number
---@field attemptCount integer
---@field seconds number
---@field costUsd number
---@field applied boolean
---@field reason? string
---@field cause? "consent" it failed since the use of a paid or remote model was not allowed
---@field questions? forge.Question[] those that the user was asked

---@class forge.Job
---@field id string
---@field question? string the one whose answer can become an example
---@field bufnr? integer nil: of an earlier session
---@field client_id integer
---@field request forge.Request
---@field accepted? boolean
---@field place? forge.Place

---@type forge.Job? the newest that ended with a result
local last

---@type forge.Job? the newest whose result was neither applied, rejected nor gone on from
local waiting

---@type table<string, forge.Job> this session's, by id
local known = {}

local tokens = 0

local SERVER_CANCELLED = -32802

local HINT = ' · not applied: `:Forge preview` shows it'

---What a person is told of the proof, beside the outcome.
M.PROOF = {
  proven = 'proven',
  kept = 'nothing broken',
  supported = 'other models agree',
  reviewed = 'on review only',
}

---@param outcome forge.Outcome
---@return string
function M.summary(outcome)
  local count = outcome.attemptCount or 0
  local exhausted = outcome.outcome == 'exhausted'
  local attempts = ('%d attempt%s'):format(count, count == 1 and '' or 's')
  local parts = { exhausted and 'not accepted after ' .. attempts or outcome.outcome or outcome.state }
  if outcome.grade and M.PROOF[outcome.grade] then
    table.insert(parts, M.PROOF[outcome.grade])
  end
  if outcome.score then
    table.insert(parts, ('score %.1f'):format(outcome.score))
  end
  if not exhausted then
    table.insert(parts, attempts)
  end
  table.insert(parts, ('%.0f s'):format(outcome.seconds or 0))
  if (outcome.costUsd or 0) > 0 then
    table.insert(parts, ('$%.2f'):format(outcome.costUsd))
  end
  if outcome.applied then
    table.insert(parts, 'applied')
  end
  return table.concat(parts, ' · ')
end

---Whether a window or a question may come up: not into the user's typing, nor while they read something else.
---@param job forge.Job
---@return boolean
local function welcome(job)
  return vim.api.nvim_get_mode().mode == 'n' and vim.api.nvim_get_current_buf() == job.bufnr
end

---@param job forge.Job
---@param told string
local function not_proven(job, told)
  local choices = {
    { 'Preview', function()
      require('forge.preview').open(job)
    end },
    { 'Apply anyway', function()
      require('forge.preview').apply(job)
    end },
    { 'Try again', function()
      M.retry(job)
    end },
    { 'Report', function()
      require('forge.views').report(job.id)
    end },
    { 'Dismiss', function() end },
  }
  ui.choose(('forge: %s. Not applied; what now?'):format(told), 'forge.result', choices)
end

---@param job forge.Job
---@param outcome forge.Outcome
local function finish(job, outcome)
  local told = M.summary(outcome) .. ' · ' .. vim.fs.basename(vim.uri_decode(job.request.uri))
  local why = outcome.reason and (' · ' .. outcome.reason) or ''
  if outcome.outcome == 'cancelled' then
    ui.info(told)
    return
  end
  last, known[job.id] = job, job
  if not outcome.applied and outcome.outcome ~= 'failed' then
    job.accepted = outcome.outcome == 'accepted'
    waiting = job
    require('forge.watch').refresh()
  end
  local keepable = question_of.keepable(outcome)
  job.question = keepable and keepable.id
  if outcome.cause == 'consent' then
    ui.info('nothing was changed' .. why) -- the user said no: that is no fault
  elseif outcome.outcome == 'failed' then
    ui.error(told .. why)
  elseif outcome.applied then
    ui.info(told .. (job.question and ' · `:Forge keep` keeps your answer as an example' or ''))
  elseif job.request.apply == 'none' then
    ui.info(told .. HINT)
  elseif outcome.outcome == 'accepted' then
    if welcome(job) then
      ui.info(told .. why)
      require('forge.preview').open(job)
    else
      ui.info(told .. HINT)
    end
  else
    local client = assert(vim.lsp.get_client_by_id(job.client_id), 'the client that just answered')
    client_of.execute(client, 'forge.result', { jobId = job.id }, function(failure)
      if failure then -- there is no code to offer
        ui.warn(told .. why)
      elseif welcome(job) then
        not_proven(job, told .. why)
      else
        ui.warn(told .. why .. HINT)
      end
    end)
  end
end

---Start a job and see to its end.
---@param client vim.lsp.Client
---@param bufnr integer
---@param request forge.Request
function M.run(client, bufnr, request)
  M.follow(client, bufnr, request, 'forge.generate', request)
end

---Run a command that shows a job to its end.
---@param client vim.lsp.Client
---@param bufnr? integer nil: its file is not open here
---@param request forge.Request what a further try goes on from
---@param command string
---@param argument table
function M.follow(client, bufnr, request, command, argument)
  tokens = tokens + 1
  local token = ('forge-%d-%d-%d'):format(vim.uv.os_getpid(), vim.uv.hrtime() / 1e6, tokens)
  local here = bufnr and vim.api.nvim_buf_is_loaded(bufnr)
  local kept = here and place.keep(bufnr, request.range, client.offset_encoding) or nil
  client_of.execute(client, command, argument, function(failure, outcome)
    if failure then
      if failure.code == vim.lsp.protocol.ErrorCodes.RequestCancelled then
        ui.info('cancelled')
      elseif failure.code == SERVER_CANCELLED then
        ui.info('the server stops; the job goes on, and is shown again by the next')
      else
        require('forge.faults').tell(failure.message)
      end
      return
    end
    local job = { id = outcome.jobId, bufnr = bufnr, client_id = client.id, request = request, place = kept }
    finish(job, outcome)
  end, token)
end

---Run the command of a code action.
---@param command lsp.Command
---@param context lsp.HandlerContext
function M.from_action(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client then
    local request = vim.deepcopy(command.arguments[1]) ---@type forge.Request
    request.apply = request.apply or config.get().apply
    M.run(client, context.bufnr, request)
  end
end

---The newest job of this session with a result.
---@return forge.Job?
function M.last()
  return last
end

---The newest job whose result waits to be dealt with.
---@return forge.Job?
function M.waiting()
  return waiting
end

---Its result was applied, rejected or gone on from.
---@param id string
function M.dealt_with(id)
  if waiting and waiting.id == id then
    waiting = nil
    require('forge.watch').refresh()
  end
end

---A job of this session with a result.
---@param id string
---@return forge.Job?
function M.known(id)
  return known[id]
end

---Keep the answer to the newest job's question as an example in the documentation.
function M.keep()
  if last and last.question then
    question_of.keep(last, last.question)
  else
    ui.info('the last job has no answer of yours that could become an example')
  end
end

---@param job forge.Job
---@param feedback string
local function follow_up(job, feedback)
  local bufnr = job.bufnr
  if not bufnr or not vim.api.nvim_buf_is_valid(bufnr) then
    bufnr = vim.uri_to_bufnr(job.request.uri)
  end
  vim.fn.bufload(bufnr)
  client_of.with(bufnr, function(client)
    local request = vim.deepcopy(job.request)
    if job.place then
      request.range = place.found(job.place, client.offset_encoding) or request.range
    end
    request.diagnostics = nil -- they spoke of the text before
    request.followUp = { jobId = job.id, feedback = feedback }
    M.run(client, bufnr, request)
  end)
end

---Go on from a result with the user's words on it.
---@param job? forge.Job nil: the newest
---@param feedback? string nil: ask
---@param on_begin? fun() called when there are words
function M.retry(job, feedback, on_begin)
  job = job or last
  if not job then
    ui.info('there is no result to go on from; see :Forge history')
    return
  end
  local function go(words)
    if words and words:find('%S') then
      if on_begin then
        on_begin()
      end
      M.dealt_with(job.id)
      follow_up(job, words)
    end
  end
  if feedback and feedback:find('%S') then
    go(feedback)
  else
    vim.ui.input({ prompt = 'What should change? ' }, go)
  end
end

return M
