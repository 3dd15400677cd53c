-- What the server and its command line tell, to be read: report, history, models, doctor.

local client_of = require('forge.client')
local job_of = require('forge.job')
local ui = require('forge.ui')

local M = {}

---@param id string
local function report(id)
  client_of.any(function(client)
    client_of.ask(client, 'forge.report', { jobId = id }, function(text)
      ui.show('report/' .. id, text, 'markdown')
    end)
  end)
end

---The report of a job: who said what, scores, costs, every file whose text was sent.
---@param id? string nil: the newest job
function M.report(id)
  if id then
    return report(id)
  end
  client_of.any(function(client)
    client_of.ask(client, 'forge.history', { limit = 1 }, function(jobs)
      if jobs[1] then
        report(jobs[1].jobId)
      else
        ui.info('there are no jobs yet')
      end
    end)
  end)
end

---@param entry table a job of forge.history
---@return string
local function row(entry)
  local task = vim.trim((entry.task or ''):gsub('%s+', ' '))
  local file = vim.fs.basename(entry.uri or '')
  return ('%s · %s · %s · %s'):format(entry.created:sub(1, 16):gsub('T', ' '), job_of.summary(entry), file, task)
end

---@param client vim.lsp.Client
---@param entry table
local function chosen(client, entry)
  local mine = job_of.known(entry.jobId)
  local job = mine or { id = entry.jobId, client_id = client.id, request = { uri = entry.uri } } ---@type forge.Job
  local choices = { { 'Report', function()
    M.report(entry.jobId)
  end } }
  if entry.state == 'ended' and entry.outcome ~= 'cancelled' and entry.outcome ~= 'failed' then
    table.insert(choices, { 'Preview', function()
      require('forge.preview').open(job)
    end })
    table.insert(choices, { 'Alternatives', function()
      require('forge.preview').alternatives(job)
    end })
    if mine then -- of others the place is not known
      table.insert(choices, { 'Try again', function()
        job_of.retry(job)
      end })
    end
  end
  ui.choose(row(entry), 'forge.history.action', choices)
end

---Choose one of the earlier jobs, newest first, and what to do with it.
---@param limit? integer
function M.history(limit)
  client_of.any(function(client)
    client_of.ask(client, 'forge.history', { limit = limit or 50 }, function(jobs)
      if #jobs == 0 then
        ui.info('there are no jobs yet')
        return
      end
      vim.ui.select(jobs, { prompt = 'Earlier jobs', kind = 'forge.history', format_item = row }, function(entry)
        if entry then
          chosen(client, entry)
        end
      end)
    end)
  end)
end

---@param bytes? number
---@return string
local function gigabytes(bytes)
  return bytes and bytes > 0 and ('%.1f GB'):format(bytes / 1e9) or ''
end

---@param rows string[][]
---@return string[]
local function columns(rows)
  local widths = {}
  for _, cells in ipairs(rows) do
    for number, cell in ipairs(cells) do
      widths[number] = math.max(widths[number] or 0, vim.fn.strdisplaywidth(cell))
    end
  end
  return vim.tbl_map(function(cells)
    local line = {}
    for number, cell in ipairs(cells) do
      table.insert(line, cell .. (' '):rep(widths[number] - vim.fn.strdisplaywidth(cell)))
    end
    return (table.concat(line, '  '):gsub('%s+$', ''))
  end, rows)
end

---@param answer table of forge.models
---@return string[]
local function models(answer)
  local rows = { { 'MODEL', 'NAME', 'SERVER', 'STATE', 'SIZE', '' } }
  for _, model in ipairs(answer.models) do
    local state = model.resident and 'resident' or model.installed and 'installed' or 'missing'
    local note = model.problem or ''
    if model.remedy then
      note = vim.trim(('%s -> %s'):format(note, model.remedy))
    end
    local traits = (model.paid and ', paid' or '') .. (model.offMachine and ', off this machine' or '')
    local on_gpu = gigabytes(model.sizeVram)
    local size = on_gpu ~= '' and on_gpu .. ' on the GPU' or gigabytes(model.size)
    state = model.problem and 'unusable' or state
    table.insert(rows, { model.key, model.name, model.server .. traits, state, size, note })
  end
  local lines = columns(rows)
  table.insert(lines, '')
  if #(answer.gpus or {}) == 0 then
    table.insert(lines, 'No GPU is known.')
    return lines
  end
  local gpus = { { 'GPU', 'UUID', 'FREE', 'TOTAL' } }
  for _, gpu in ipairs(answer.gpus) do
    table.insert(gpus, { gpu.name or '', gpu.uuid or '', gigabytes(gpu.free), gigabytes(gpu.total) })
  end
  return vim.list_extend(lines, columns(gpus))
end

---Models, where each is resident, GPU memory.
function M.models()
  client_of.any(function(client)
    client_of.ask(client, 'forge.models', {}, function(answer)
      ui.show('models', table.concat(models(answer), '\n'), 'forge-models')
    end)
  end)
end

---The command line of the configured server with other words in place of its own.
---@param ... string
---@return string[]
function M.command_line(...)
  local cmd = (vim.lsp.config[client_of.NAME] or {}).cmd
  local words = type(cmd) == 'table' and vim.deepcopy(cmd) or { 'forge-lsp' }
  if words[#words] == '--stdio' then
    table.remove(words)
  end
  return vim.list_extend(words, { ... })
end

---What works on this machine, and the command that fixes what does not.
function M.doctor()
  local command = M.command_line('doctor')
  if vim.fn.executable(command[1]) == 0 then
    ui.error(client_of.missing(command[1]))
    return
  end
  ui.info('checking this machine …')
  local options = { text = true, env = vim.tbl_extend('keep', { NO_COLOR = '1' }, M.environment()), timeout = 60000 }
  vim.system(command, options, vim.schedule_wrap(function(ended)
    local text = vim.trim((ended.stdout or '') .. '\n' .. (ended.stderr or ''))
    if text == '' then
      ui.error(('`%s` ended with exit code %d and no output'):format(table.concat(command, ' '), ended.code))
    else
      ui.show('doctor', text, 'forge-doctor')
    end
  end))
end

---What the configuration adds to the server's environment.
---@return table<string, string>
function M.environment()
  return vim.tbl_map(tostring, (vim.lsp.config[client_of.NAME] or {}).cmd_env or {})
end

return M
