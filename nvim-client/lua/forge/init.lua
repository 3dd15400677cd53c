-- What :Forge does, as functions. `setup` is only for other settings than the usual ones.

local client_of = require('forge.client')
local config = require('forge.config')
local job_of = require('forge.job')
local place = require('forge.place')
local ui = require('forge.ui')

local M = {}

---Change settings; not needed otherwise. Raises a sentence that names a wrong one.
---@param options? table see |forge-settings|
function M.setup(options)
  local chosen = config.set(options)
  -- plugin managers call this before or after plugin/forge.lua has run
  if vim.g.loaded_forge and chosen.enable ~= client_of.enabled() then
    vim.lsp.enable(client_of.NAME, chosen.enable)
  end
end

---@class forge.Generate
---@field bufnr? integer nil: the current one
---@field lines? [integer, integer] from 1, both included; nil: where the cursor is
---@field task? string nil: what the code asks for, or the answer to a question
---@field ask? boolean ask for the task where there is none
---@field language? string
---@field profile? string
---@field max_iterations? integer
---@field apply? "edit"|"preview"|"none"

---Write code at the cursor, or in place of some lines.
---@param options? forge.Generate
function M.generate(options)
  options = options or {}
  local bufnr = options.bufnr or vim.api.nvim_get_current_buf()
  local first, last
  if options.lines then
    first, last = place.lines(bufnr, options.lines[1], options.lines[2])
  elseif not place.blank(bufnr) then
    first, last = place.cursor(bufnr)
  end

  local function go(task)
    client_of.with(bufnr, function(client)
      job_of.run(client, bufnr, {
        uri = vim.uri_from_bufnr(bufnr),
        range = first and place.range(bufnr, first, last, client.offset_encoding) or nil,
        task = task,
        language = options.language,
        profile = options.profile,
        maxIterations = options.max_iterations,
        apply = options.apply or config.get().apply,
      })
    end)
  end

  require('forge.untitled').ensure(bufnr, function()
    if options.task or not options.ask then
      return go(options.task)
    end
    vim.ui.input({ prompt = 'Task (Enter: as the code says): ' }, function(words)
      if words then -- nil: the user thought better of it
        go(words:find('%S') and words or nil)
      end
    end)
  end)
end

---@class forge.Fix
---@field bufnr? integer
---@field lines? [integer, integer] from 1, both included; nil: the cursor's
---@field apply? "edit"|"preview"|"none"

---Fix a diagnostic; where there are several, ask which.
---@param options? forge.Fix
function M.fix(options)
  options = options or {}
  local fix = require('forge.fix')
  local bufnr = options.bufnr or vim.api.nvim_get_current_buf()
  local lines = options.lines
  if not lines then
    local at = place.cursor(bufnr)
    lines = { at[1] + 1, at[1] + 1 }
  end
  local found = fix.at(bufnr, lines[1] - 1, lines[2] - 1)

  local function go(diagnostic)
    if not diagnostic then
      return
    end
    client_of.with(bufnr, function(client)
      local request = fix.request(bufnr, diagnostic, client.offset_encoding)
      request.apply = options.apply or config.get().apply
      job_of.run(client, bufnr, request)
    end)
  end

  if #found == 0 then
    ui.info('there is no diagnostic here')
  elseif #found == 1 then
    go(found[1])
  else
    vim.ui.select(found, {
      prompt = 'Fix which?',
      kind = 'forge.diagnostic',
      format_item = function(diagnostic)
        return ('%d: %s'):format(diagnostic.lnum + 1, (diagnostic.message:gsub('%s+', ' ')))
      end,
    }, go)
  end
end

---Cancel the job that runs; where several do, ask which.
---@param all? boolean
function M.cancel(all)
  require('forge.progress').cancel(all)
end

---For a status line: what runs now, or ''.
---@return string
function M.status()
  return require('forge.progress').status()
end

---Follow the jobs in a window: attempts, who does what, the best so far.
function M.progress()
  require('forge.watch').show()
end

---@param id? string
function M.report(id)
  require('forge.views').report(id)
end

---@param limit? integer
function M.history(limit)
  require('forge.views').history(limit)
end

function M.models()
  require('forge.views').models()
end

function M.doctor()
  require('forge.views').doctor()
end

---Show the last result beside the text it would change.
function M.preview()
  require('forge.preview').open()
end

---The other candidates of the last job beside the text, the second-best first.
function M.alternatives()
  require('forge.preview').alternatives()
end

---Answer the newest question of a job.
function M.answer()
  require('forge.question').answer()
end

---Keep the answer to the last job's question as an example in the documentation.
function M.keep()
  require('forge.job').keep()
end

function M.accept()
  require('forge.preview').accept()
end

function M.reject()
  require('forge.preview').reject()
end

---@param feedback? string
function M.retry(feedback)
  require('forge.preview').retry(feedback)
end

return M
