-- :checkhealth forge

local client_of = require('forge.client')
local views = require('forge.views')

local M = {}

local health = vim.health

---@param command string[]
---@return vim.SystemCompleted?
local function run(command)
  local ok, started = pcall(vim.system, command, { text = true, env = views.environment() })
  return ok and started:wait(60000) or nil
end

local function plugin()
  health.start('forge: the plugin')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 or newer is needed')
  end
  local ok, problem = pcall(require('forge.config').set, vim.deepcopy(require('forge.config').get()))
  if ok then
    health.ok('settings are right')
  else
    health.error(tostring(problem))
  end
  if client_of.enabled() then
    health.ok('the server starts with its file types')
  else
    health.info("the server starts when :Forge is used; vim.lsp.enable('forge') starts it with its file types")
  end
end

---@return boolean
local function server()
  health.start('forge: the server')
  local config = vim.lsp.config[client_of.NAME]
  if not config then
    health.error("there is no lsp/forge.lua on the 'runtimepath'", 'see :help forge-install')
    return false
  end
  if type(config.cmd) ~= 'table' then
    health.info('cmd is a function: nothing to look at here')
    return false
  end
  local command = views.command_line('--version')
  if vim.fn.executable(command[1]) == 0 then
    health.error(client_of.missing(command[1]))
    return false
  end
  local ended = run(command)
  if not ended or ended.code ~= 0 then
    local said = ended and vim.trim(ended.stderr or '') or ''
    health.error(('`%s` does not run'):format(table.concat(command, ' ')), said ~= '' and { said } or nil)
    return false
  end
  local version = vim.trim(ended.stdout .. ended.stderr)
  health.ok(('%s (%s)'):format(version, vim.fn.exepath(command[1])))
  return true
end

local function clients()
  local found = vim.lsp.get_clients({ name = client_of.NAME })
  if #found == 0 then
    health.info('it is not running: open a file of one of its languages')
  end
  for _, client in ipairs(found) do
    local root = client.root_dir or 'no folder'
    health.ok(('it runs for %s, with %d buffers'):format(root, vim.tbl_count(client.attached_buffers)))
    local answer, problem = client:request_sync(
      'workspace/executeCommand',
      { command = 'forge.status', arguments = { vim.empty_dict() } },
      10000
    )
    if not answer then
      health.warn('it does not answer: ' .. tostring(problem))
    elseif answer.err then
      health.error(answer.err.message)
    end
  end
end

local function doctor()
  health.start('forge: what the server finds on this machine')
  local ended = run(views.command_line('doctor', '--json'))
  local ok, report = pcall(vim.json.decode, ended and ended.stdout or '', { luanil = { object = true } })
  if not ok or type(report) ~= 'table' then
    health.error('`forge-lsp doctor` gave no answer', ended and { vim.trim(ended.stderr or '') } or nil)
    return
  end
  for _, finding in ipairs(report.findings) do
    local line = ('%s: %s'):format(finding.name, finding.detail)
    if finding.status == 'ok' then
      health.ok(line)
    elseif finding.required then
      health.error(line, finding.remedy)
    elseif finding.status == 'broken' then
      health.warn(line, finding.remedy)
    else -- what is absent and not needed is no fault
      health.info(finding.remedy and ('%s\n  -> %s'):format(line, finding.remedy) or line)
    end
  end
end

function M.check()
  plugin()
  if server() then
    clients()
    doctor()
  end
end

return M
