-- The question of a job: a window with the call and the answers, each with a key. The job does not wait for it.

local client_of = require('forge.client')
local ui = require('forge.ui')

local M = {}

---@class forge.Question
---@field id string
---@field call string
---@field choices { value: string, models: string[] }[]
---@field line? integer
---@field expected? string what a check of the user's says that candidates agree against

---@class forge.Asked
---@field jobId string
---@field uri string
---@field question forge.Question
---@field client_id integer

---@type forge.Asked[] those without an answer, the newest last
local open = {}

---@type { asked: forge.Asked, window: integer }?
local shown

-- A window takes the keys: not while some are being typed.
local QUIET_MS = 1000
local typed = 0
local watching = false

local NAMESPACE = vim.api.nvim_create_namespace('forge.question')

---@param value any
---@return any
local function given(value)
  return value ~= vim.NIL and value or nil
end

---The call itself, without the statements that it needs.
---@param question forge.Question
---@return string
local function call_of(question)
  local lines = vim.split(vim.trim(question.call), '\n')
  return lines[#lines]
end

---@param asked forge.Asked
local function forget(asked)
  open = vim.tbl_filter(function(other)
    return other ~= asked
  end, open)
end

local function close()
  local window = shown and shown.window
  shown = nil
  if window and vim.api.nvim_win_is_valid(window) then
    vim.api.nvim_win_close(window, true)
  end
end

---@param asked forge.Asked
---@param answer table
local function send(asked, answer)
  local client = vim.lsp.get_client_by_id(asked.client_id) or client_of.of()
  if not client then
    return ui.error('the server of that job is not running any more')
  end
  forget(asked)
  local told = vim.tbl_extend('force', { jobId = asked.jobId, question = asked.question.id }, answer)
  client_of.execute(client, 'forge.answer', told, function(failure)
    if failure then
      ui.error(failure.message)
    end
  end)
end

---@param asked forge.Asked
local function own_value(asked)
  local prompt = ('%s should give (Enter: none of these): '):format(call_of(asked.question))
  vim.ui.input({ prompt = prompt }, function(words)
    if words then -- nil: the user thought better of it, and the question stays open
      send(asked, words:find('%S') and { value = vim.trim(words) } or { none = true })
    end
  end)
end

---The lines of the window, and what is highlighted in them: row, first and last column, group.
---@param question forge.Question
---@return string[], [integer, integer, integer, string][]
local function drawn(question)
  local lines, marks = {}, {}
  local function add(parts)
    local line = ''
    for _, part in ipairs(parts) do
      if part[2] then
        table.insert(marks, { #lines, #line, #line + #part[1], part[2] })
      end
      line = line .. part[1]
    end
    table.insert(lines, line)
  end
  add({ { 'What should this give?', 'Title' } })
  for _, line in ipairs(vim.split(vim.trim(question.call), '\n')) do
    add({ { '  ' }, { line, 'Function' } })
  end
  if given(question.expected) then
    local where = given(question.line) and ('line %d'):format(question.line) or 'one of your checks'
    add({ { ('  (%s says %s; models agree against it)'):format(where, question.expected), 'Comment' } })
  end
  add({ { '' } })
  for number, choice in ipairs(question.choices) do
    local who = #choice.models > 0 and table.concat(choice.models, ', ') or 'your check'
    local value = choice.value:gsub('%s+', ' ')
    local group = vim.startswith(value, 'raises ') and 'ErrorMsg' or 'String'
    add({ { ' ' }, { tostring(number), 'Special' }, { '  ' }, { value, group }, { '  ' .. who, 'Comment' } })
  end
  add({ { ' ' }, { 'n', 'Special' }, { '  None of these …' } })
  add({ { ' ' }, { '?', 'Special' }, { "  I can't say" } })
  add({ { ' ' }, { 'q', 'Special' }, { '  Later (:Forge answer)' } })
  return lines, marks
end

---@param asked forge.Asked
local function show(asked)
  close()
  local lines, marks = drawn(asked.question)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].filetype = 'forge-question'
  for _, mark in ipairs(marks) do
    vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, mark[1], mark[2], { end_col = mark[3], hl_group = mark[4] })
  end
  local width = 0
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line))
  end
  width = math.max(20, math.min(width + 1, vim.o.columns - 4))
  local height = math.min(#lines, math.max(3, vim.o.lines - 6))
  local window = vim.api.nvim_open_win(buffer, true, {
    relative = 'editor',
    row = math.max(0, vim.o.lines - height - 5),
    col = math.max(0, math.floor((vim.o.columns - width) / 2)),
    width = width,
    height = height,
    style = 'minimal',
    border = 'rounded',
    title = ' forge ',
  })
  shown = { asked = asked, window = window }

  local function key(keys, act)
    vim.keymap.set('n', keys, function()
      close()
      act()
    end, { buffer = buffer, nowait = true, desc = 'forge: answer' })
  end
  for number in ipairs(asked.question.choices) do
    key(tostring(number), function()
      send(asked, { choice = number - 1 })
    end)
  end
  key('n', function()
    own_value(asked)
  end)
  key('?', function()
    send(asked, { cantSay = true })
  end)
  for _, keys in ipairs({ 'q', '<Esc>' }) do
    key(keys, function() end)
  end
end

---@param asked forge.Asked
---@return boolean
local function welcome(asked)
  local here = vim.uri_from_bufnr(vim.api.nvim_get_current_buf()) == asked.uri
  return here and not shown and vim.api.nvim_get_mode().mode == 'n'
end

local function watch()
  if not watching then
    watching = true
    vim.on_key(function()
      typed = vim.uv.now()
    end, NAMESPACE)
  end
end

---@param asked forge.Asked
local function offer(asked)
  if not vim.tbl_contains(open, asked) then
    return -- answered or withdrawn meanwhile
  end
  local quiet = vim.uv.now() - typed
  if quiet < QUIET_MS then
    vim.defer_fn(function()
      offer(asked)
    end, QUIET_MS - quiet)
  elseif welcome(asked) then
    show(asked)
  else
    ui.info(('a question: what should %s give? `:Forge answer`'):format(call_of(asked.question)))
  end
end

---Handler of forge/question. Answers at once that there is no answer yet: the user's comes by a command.
---@param params forge.Asked
---@param context lsp.HandlerContext
function M.asked(params, context)
  watch()
  local asked = vim.tbl_extend('force', params, { client_id = context.client_id }) ---@type forge.Asked
  table.insert(open, asked)
  vim.schedule(function()
    offer(asked)
  end)
  return vim.NIL
end

---Handler of forge/questionWithdrawn: nobody needs the answer any more.
---@param params { jobId: string, question: string }
function M.withdrawn(params)
  vim.schedule(function()
    for _, asked in ipairs(vim.deepcopy(open)) do
      if asked.jobId == params.jobId and asked.question.id == params.question then
        if shown and shown.asked.jobId == params.jobId then
          close()
        end
        open = vim.tbl_filter(function(other)
          return other.jobId ~= params.jobId or other.question.id ~= params.question
        end, open)
      end
    end
  end)
end

---Show the newest question without an answer.
function M.answer()
  local asked = open[#open]
  if asked then
    show(asked)
  else
    ui.info('there is no question to answer')
  end
end

---The answered question of a job that can become an example.
---@param outcome forge.Outcome
---@return forge.Question?
function M.keepable(outcome)
  for _, question in ipairs(outcome.questions or {}) do
    if given(question.answer) and not question.kept and not given(question.expected) then
      return question
    end
  end
end

---@param job forge.Job
---@param question string
function M.keep(job, question)
  client_of.any(function(client)
    client_of.ask(client, 'forge.keepExample', { jobId = job.id, question = question }, function(kept)
      if kept.kept then
        ui.info('kept as an example')
      else
        ui.warn('not kept: ' .. (given(kept.reason) or 'the server gave no reason'))
      end
    end)
  end)
end

return M
