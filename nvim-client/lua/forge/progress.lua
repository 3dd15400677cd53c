-- What runs now: heard from LspProgress, shown in a small window, cancelled from here.

local config = require('forge.config')
local ui = require('forge.ui')

local M = {}

---@class forge.Running
---@field client_id integer
---@field token lsp.ProgressToken
---@field title string
---@field message string
---@field percentage integer

---@type forge.Running[] in the order in which they began
local running = {}

local WIDTH = 64
local window ---@type integer?
local buffer ---@type integer?

---@param text string
---@param width integer cells
---@return string
local function fit(text, width)
  if vim.fn.strdisplaywidth(text) <= width then
    return text
  end
  while text ~= '' and vim.fn.strdisplaywidth(text) >= width do
    text = vim.fn.strcharpart(text, 0, vim.fn.strchars(text) - 1)
  end
  return text .. '…'
end

---@param width integer
---@return string[]
local function lines(width)
  local shown = {}
  for _, job in ipairs(running) do
    local percent = ('%3d%%'):format(job.percentage)
    local title = fit(job.title, width - 6)
    table.insert(shown, title .. (' '):rep(width - #percent - vim.fn.strdisplaywidth(title)) .. percent)
    table.insert(shown, fit('  ' .. job.message, width))
  end
  return shown
end

local function close()
  if window and vim.api.nvim_win_is_valid(window) then
    vim.api.nvim_win_close(window, true)
  end
  window = nil
end

local function draw()
  if #running == 0 or not config.get().progress.window then
    close()
    return
  end
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.bo[buffer].bufhidden = 'hide'
  end
  local width = math.max(12, math.min(WIDTH, vim.o.columns - 4))
  local shown = lines(width)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, shown)
  local options = {
    relative = 'editor',
    anchor = 'SE',
    row = vim.o.lines - vim.o.cmdheight - (vim.o.laststatus > 0 and 1 or 0),
    col = vim.o.columns,
    width = width,
    height = math.max(1, math.min(#shown, vim.o.lines - 4)),
    border = 'rounded',
    title = ' forge ',
    footer = ' :Forge progress · :Forge cancel ',
    footer_pos = 'right',
    style = 'minimal',
    focusable = false,
    zindex = 60,
  }
  -- a float belongs to one tab page
  local valid = window and vim.api.nvim_win_is_valid(window)
  if valid and vim.api.nvim_win_get_tabpage(window) ~= vim.api.nvim_get_current_tabpage() then
    close()
  end
  if window and valid then
    vim.api.nvim_win_set_config(window, options)
  else
    options.noautocmd = true
    window = vim.api.nvim_open_win(buffer, false, options)
  end
end

local function render()
  -- The command-line window and completion menus forbid other windows for a while; the next report draws again.
  local ok, problem = pcall(draw)
  if not ok and not tostring(problem):find('E11:') and not tostring(problem):find('E565:') then
    ui.error(tostring(problem))
  end
end

---@param client_id integer
---@param token lsp.ProgressToken
---@return integer?
local function index(client_id, token)
  for number, job in ipairs(running) do
    if job.client_id == client_id and job.token == token then
      return number
    end
  end
end

---Take in one $/progress of the server.
---@param client_id integer
---@param params lsp.ProgressParams
function M.hear(client_id, params)
  local value = params.value
  if type(value) ~= 'table' then
    return
  end
  local at = index(client_id, params.token)
  if value.kind == 'begin' and not at then
    table.insert(running, {
      client_id = client_id,
      token = params.token,
      title = value.title,
      message = value.message or '',
      percentage = value.percentage or 0,
    })
  elseif value.kind == 'report' and at then
    running[at].message = value.message or running[at].message
    running[at].percentage = value.percentage or running[at].percentage
  elseif value.kind == 'end' and at then
    table.remove(running, at)
  end
  render()
end

---A server ended; what it ran is no more.
---@param client_id integer
function M.forget(client_id)
  local before = #running
  running = vim.tbl_filter(function(job)
    return job.client_id ~= client_id
  end, running)
  if #running < before then
    ui.error('the server stopped while a job ran; nothing was changed. The next server shows it again, or resumes it: :edit')
  end
  render()
end

---What runs now, oldest first.
---@return forge.Running[]
function M.running()
  return vim.deepcopy(running)
end

---For a status line: what runs now, or ''.
---@return string
function M.status()
  local parts = {}
  for _, job in ipairs(running) do
    table.insert(parts, ('%d%% %s'):format(job.percentage, job.message))
  end
  local waiting = #parts == 0 and require('forge.job').waiting()
  if waiting then
    return waiting.accepted and 'forge: result ready' or 'forge: not accepted'
  end
  return table.concat(parts, ' | ')
end

---@param job forge.Running
local function stop(job)
  local client = vim.lsp.get_client_by_id(job.client_id)
  if client then
    client:notify('window/workDoneProgress/cancel', { token = job.token })
  end
end

---Cancel the job that runs; where several do, ask which.
---@param all? boolean cancel all without asking
function M.cancel(all)
  if #running == 0 then
    ui.info('nothing is running')
  elseif all or #running == 1 then
    vim.iter(running):each(stop)
  else
    vim.ui.select(M.running(), {
      prompt = 'Cancel which job?',
      kind = 'forge.job',
      format_item = function(job)
        return ('%s: %s'):format(job.title, job.message)
      end,
    }, function(job)
      if job then
        stop(job)
      end
    end)
  end
end

vim.api.nvim_create_autocmd({ 'TabEnter', 'VimResized', 'CmdwinLeave' }, {
  group = vim.api.nvim_create_augroup('forge.progress', { clear = true }),
  desc = 'forge: keep the progress window in its corner',
  callback = function()
    if #running > 0 or window then
      vim.schedule(render)
    end
  end,
})

return M
