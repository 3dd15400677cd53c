-- Jobs that an earlier Neovim left: they still run, they ended while nobody was there, or they were interrupted.

local job_of = require('forge.job')
local ui = require('forge.ui')

local M = {}

---The params of forge/jobFound.
---@class forge.Found
---@field jobId string
---@field state "running"|"ended"|"interrupted"
---@field uri string
---@field range? lsp.Range nil: the whole file
---@field task string
---@field apply? "edit"|"preview"|"none"
---@field attempts integer

---@param found forge.Found
---@return string
local function words(found)
  local tries = found.attempts > 0 and (' in attempt %d'):format(found.attempts)
  local task = vim.trim((found.task:gsub('%s+', ' ')))
  if vim.fn.strchars(task) > 60 then
    task = vim.fn.strcharpart(task, 0, 59) .. '…'
  end
  local file = vim.fs.basename(vim.uri_to_fname(found.uri))
  return ('the job in %s was interrupted%s: %s'):format(file, tries or '', task)
end

---@param client vim.lsp.Client
---@param command "forge.follow"|"forge.resume"
---@param found forge.Found
local function follow(client, command, found)
  local bufnr = vim.fn.bufnr(vim.uri_to_fname(found.uri))
  local request = { uri = found.uri, range = found.range, task = found.task, apply = found.apply }
  job_of.follow(client, bufnr ~= -1 and bufnr or nil, request, command, { jobId = found.jobId })
end

---Show a job that was found, or ask whether to go on with it.
---@param found forge.Found
---@param context lsp.HandlerContext
function M.heard(found, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then
    return
  end
  if found.state ~= 'interrupted' then
    follow(client, 'forge.follow', found)
    return
  end
  local choices = {
    { 'Resume', function()
      follow(client, 'forge.resume', found)
    end },
    { 'Report', function()
      require('forge.views').report(found.jobId)
    end },
    { 'Dismiss', function() end },
  }
  ui.choose(('forge: %s. What now?'):format(words(found)), 'forge.found', choices)
end

return M
