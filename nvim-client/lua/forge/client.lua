-- The language client: the one of a buffer, started where it is not running yet, and its commands.

local ui = require('forge.ui')

local M = {}

M.NAME = 'forge'

-- A cold start on a busy machine takes seconds; what takes longer has failed.
local START_MS = 30000
local POLL_MS = 25

---The words for a server that is not there.
---@param command string
---@return string
function M.missing(command)
  return ('%s was not found. Install forge-lsp (:help forge-install), or say where it is: '):format(command)
    .. "vim.lsp.config('forge', { cmd = { '/path/to/forge-lsp' } })"
end

---Whether the server starts with its file types.
---@return boolean
function M.enabled()
  if vim.lsp.is_enabled then
    return vim.lsp.is_enabled(M.NAME)
  end
  return vim.lsp._enabled_configs[M.NAME] ~= nil -- the first releases of 0.11
end

---The forge client of a buffer, if it is ready for requests.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.of(bufnr)
  return vim.lsp.get_clients({ name = M.NAME, bufnr = bufnr })[1]
end

---@param id integer
---@param bufnr? integer
---@param on_ready fun(client: vim.lsp.Client)
local function await(id, bufnr, on_ready)
  local timer = assert(vim.uv.new_timer())
  local deadline = vim.uv.now() + START_MS
  local function look()
    if timer:is_closing() then
      return
    end
    local client = vim.lsp.get_client_by_id(id)
    local ready = client and client.initialized and (not bufnr or client.attached_buffers[bufnr])
    if not ready and client and not client:is_stopped() and vim.uv.now() < deadline then
      return
    end
    timer:close()
    if ready then
      on_ready(client)
    elseif client and not client:is_stopped() then
      ui.error(('the server has not answered for %d s; see %s'):format(START_MS / 1000, vim.lsp.get_log_path()))
    else
      ui.error(('the server stopped while it started; try :Forge doctor, or see %s'):format(vim.lsp.get_log_path()))
    end
  end
  timer:start(0, POLL_MS, vim.schedule_wrap(look))
end

---@param bufnr? integer nil: a client without a buffer
---@param on_ready fun(client: vim.lsp.Client)
local function start(bufnr, on_ready)
  local config = vim.lsp.config[M.NAME]
  if not config then
    ui.error("there is no lsp/forge.lua on the 'runtimepath': see :help forge-install")
    return
  end
  config = vim.deepcopy(config)
  if type(config.cmd) == 'table' and vim.fn.executable(config.cmd[1]) == 0 then
    ui.error(M.missing(config.cmd[1]))
    return
  end
  local function go()
    local id = vim.lsp.start(config, { bufnr = bufnr, attach = bufnr ~= nil, reuse_client = config.reuse_client })
    if id then
      await(id, bufnr, on_ready)
    end
  end
  if type(config.root_dir) == 'function' then
    if bufnr then
      config.root_dir(bufnr, function(root)
        config.root_dir = root
        vim.schedule(go)
      end)
      return
    end
    config.root_dir = nil
  end
  if not config.root_dir then
    local markers = config.root_markers or { '.git' }
    config.root_dir = vim.fs.root(bufnr or vim.fn.getcwd(), markers)
  end
  go()
end

---Call with the client of a buffer, which is started if need be. Failures are told to the user.
---@param bufnr integer
---@param on_ready fun(client: vim.lsp.Client)
function M.with(bufnr, on_ready)
  local client = M.of(bufnr)
  if client then
    on_ready(client)
  else
    start(bufnr, on_ready)
  end
end

---Call with any client, best the current buffer's: for commands that are about no buffer.
---@param on_ready fun(client: vim.lsp.Client)
function M.any(on_ready)
  local client = M.of(vim.api.nvim_get_current_buf()) or M.of()
  if client then
    on_ready(client)
  else
    start(nil, on_ready)
  end
end

---@class forge.Failure
---@field code? integer
---@field message string

---Run a server command.
---@param client vim.lsp.Client
---@param command string
---@param argument table its one object
---@param done fun(failure?: forge.Failure, result: any)
---@param token? string with it the request stays open until the job has ended
function M.execute(client, command, argument, done, token)
  if next(argument) == nil then
    argument = vim.empty_dict() -- or it would be sent as a list
  end
  local params = { command = command, arguments = { argument }, workDoneToken = token }
  local sent = client:request('workspace/executeCommand', params, function(failure, result)
    done(failure, result)
  end)
  if not sent then
    done({ message = 'the server is not running; open the file again, or :edit it' })
  end
end

---Like |execute|, with failures told to the user.
---@param client vim.lsp.Client
---@param command string
---@param argument table
---@param done fun(result: any)
function M.ask(client, command, argument, done)
  M.execute(client, command, argument, function(failure, result)
    if failure then
      ui.error(failure.message)
    else
      done(result)
    end
  end)
end

return M
