-- The window that follows the jobs: attempts, who does what, the best so far; Cancel, and then the result's actions.

local client_of = require('forge.client')
local live = require('forge.live')
local ui = require('forge.ui')

local M = {}

local NAME = 'forge://progress'
local HEIGHT = 14
local TICK_MS = 1000

local space = vim.api.nvim_create_namespace('forge.progress')
local buffer ---@type integer?
local timer ---@type uv.uv_timer_t?
local at = {} ---@type table<integer, { job: forge.Live, attempt?: integer }> by line, from 1
local open = {} ---@type table<string, table<integer, boolean>> attempts that the user opened or closed, by job

---@return integer? window where it is shown in this tab page
local function window()
  for _, found in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if buffer and vim.api.nvim_win_get_buf(found) == buffer then
      return found
    end
  end
end

---@param job forge.Live
---@return boolean
local function waits(job)
  local waiting = require('forge.job').waiting()
  return waiting ~= nil and waiting.id == job.id
end

---@param job forge.Live
---@return string
local function keys(job)
  if not job.ended then
    return 'c cancel · <CR> open or close an attempt · q close'
  end
  return (waits(job) and 'p preview · a apply · r try again · x discard · ' or '') .. 'R report · <CR> open or close an attempt · q close'
end

---@return forge.Line[]
local function lines()
  local all = {} ---@type forge.Line[]
  at = {}
  for _, job in ipairs(live.jobs()) do
    if #all > 0 then
      table.insert(all, { text = '' })
    end
    for _, line in ipairs(live.lines(job, os.time(), keys(job), open[job.id] or {})) do
      table.insert(all, line)
      at[#all] = { job = job, attempt = line.attempt }
    end
  end
  return #all > 0 and all or { { text = 'Nothing is running. q close', group = 'Comment' } }
end

---Change only the lines that differ: the cursor stays, and nothing flickers.
---@param texts string[]
local function write(texts)
  local before = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  local first = 1
  while first <= #texts and first <= #before and texts[first] == before[first] do
    first = first + 1
  end
  local last, old = #texts, #before
  while last >= first and old >= first and texts[last] == before[old] do
    last, old = last - 1, old - 1
  end
  if last >= first or old >= first then
    vim.bo[buffer].modifiable = true
    vim.api.nvim_buf_set_lines(buffer, first - 1, old, false, vim.list_slice(texts, first, last))
    vim.bo[buffer].modifiable = false
    vim.bo[buffer].modified = false
  end
end

local function draw()
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    return
  end
  local shown = lines()
  write(vim.tbl_map(function(line)
    return line.text
  end, shown))
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  for number, line in ipairs(shown) do
    if line.group then
      local span = { end_col = line.upto or #line.text, hl_group = line.group }
      vim.api.nvim_buf_set_extmark(buffer, space, number - 1, 0, span)
    end
  end
end

local function stop()
  if timer then
    timer:stop()
    timer:close()
    timer = nil
  end
end

local function running()
  return vim.iter(live.jobs()):any(function(job)
    return not job.ended
  end)
end

---The time goes on while something runs and the window is there.
local function tick()
  if not (buffer and vim.api.nvim_buf_is_valid(buffer) and running()) then
    stop()
  elseif not timer then
    timer = assert(vim.uv.new_timer())
    timer:start(TICK_MS, TICK_MS, vim.schedule_wrap(function()
      draw()
      tick()
    end))
  end
end

---Something has changed.
function M.refresh()
  if buffer then
    draw()
    tick()
  end
end

---@param client_id integer
---@param event table
function M.hear(client_id, event)
  live.hear(client_id, event)
  M.refresh()
end

---@param client_id integer
function M.forget(client_id)
  live.forget(client_id)
  M.refresh()
end

---The job of the cursor's line, else the newest.
---@return forge.Live?
local function here()
  local found = at[vim.api.nvim_win_get_cursor(0)[1]]
  return found and found.job or live.jobs()[1]
end

local function cancel()
  local job = here()
  local client = job and not job.ended and vim.lsp.get_client_by_id(job.client_id)
  if not client then
    ui.info('nothing is running')
    return
  end
  client_of.ask(client, 'forge.cancel', { jobId = job.id }, function() end)
end

local function toggle()
  local found = at[vim.api.nvim_win_get_cursor(0)[1]]
  if not found or not found.attempt then
    return
  end
  local mine = open[found.job.id] or {}
  open[found.job.id] = mine
  if mine[found.attempt] == nil then -- the one that runs is open by itself
    local last = found.job.attempts[#found.job.attempts]
    mine[found.attempt] = not found.job.ended and last.number == found.attempt and not last.decision
  end
  mine[found.attempt] = not mine[found.attempt]
  draw()
end

---@param act fun(job: forge.Job)
---@return fun()
local function with_result(act)
  return function()
    local job = here()
    local waiting = require('forge.job').waiting()
    if job and job.ended and waiting and waiting.id == job.id then
      act(waiting)
    else
      ui.info('no result is waiting for a decision; see :Forge history')
    end
  end
end

local actions = {
  c = { cancel, 'cancel' },
  ['<CR>'] = { toggle, 'open or close an attempt' },
  p = { with_result(function(job)
    require('forge.preview').open(job)
  end), 'preview' },
  a = { with_result(function(job)
    require('forge.preview').apply(job)
  end), 'apply' },
  r = { with_result(function(job)
    require('forge.job').retry(job)
  end), 'try again' },
  x = { with_result(function(job)
    require('forge.job').dealt_with(job.id)
    local client = vim.lsp.get_client_by_id(job.client_id)
    if client then -- it is not offered as an inline completion any more
      client_of.execute(client, 'forge.discard', { jobId = job.id }, function() end)
    end
    ui.info('discarded; nothing was changed')
  end), 'discard' },
  R = { function()
    local job = here()
    if job and job.ended then
      require('forge.views').report(job.id)
    else
      ui.info('the report is available when the job has ended; :Forge report shows that of the last job')
    end
  end, 'report' },
  q = { '<Cmd>close<CR>', 'close' },
}

---Show the window, or go to it.
function M.show()
  local found = window()
  if found then
    vim.api.nvim_set_current_win(found)
    return
  end
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = ui.scratch(NAME, {}, 'forge-progress')
    for key, action in pairs(actions) do
      vim.keymap.set('n', key, action[1], { buffer = buffer, nowait = true, desc = 'forge: ' .. action[2] })
    end
    local mine = buffer
    vim.api.nvim_create_autocmd('BufWipeout', {
      buffer = mine,
      once = true,
      callback = function()
        if buffer == mine then
          buffer = nil
          stop()
        end
      end,
    })
  end
  vim.cmd(('botright %dsplit'):format(math.max(3, math.min(HEIGHT, math.floor(vim.o.lines / 2)))))
  vim.api.nvim_win_set_buf(0, buffer)
  for option, value in pairs({ number = false, relativenumber = false, signcolumn = 'no', wrap = true, linebreak = true, winfixheight = true }) do
    vim.wo[0][0][option] = value
  end
  draw()
  tick()
end

return M
