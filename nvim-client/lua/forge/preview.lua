-- A result beside the text it would change: a tab page in diff mode, with accept, reject and try again.

local client_of = require('forge.client')
local config = require('forge.config')
local ui = require('forge.ui')

local M = {}

---@class forge.Preview
---@field job forge.Job
---@field buffer integer the proposal
---@field tab integer
---@field source? integer window of the text itself
---@field candidate? string nil: the job's result

---@type forge.Preview[] newest last
local open = {}

---@param job forge.Job
---@return vim.lsp.Client?
local function client(job)
  local found = vim.lsp.get_client_by_id(job.client_id) or client_of.of(job.bufnr)
  if not found then
    ui.error('the server of that job is not running any more; open the file again and see :Forge history')
  end
  return found
end

---The preview in the current window, else the newest.
---@return forge.Preview?
local function current()
  local tab = vim.api.nvim_get_current_tabpage()
  for _, preview in ipairs(open) do
    if preview.tab == tab then
      return preview
    end
  end
  return open[#open]
end

---@param preview forge.Preview
local function close(preview)
  open = vim.tbl_filter(function(other)
    return other ~= preview
  end, open)
  if preview.source and vim.api.nvim_win_is_valid(preview.source) then
    vim.api.nvim_win_call(preview.source, function()
      vim.cmd.diffoff() -- or the next window of that buffer would inherit its folds
      vim.wo[0][0].winbar = nil
    end)
  end
  if vim.api.nvim_tabpage_is_valid(preview.tab) and #vim.api.nvim_list_tabpages() > 1 then
    -- with !, a text that is shown nowhere else is hidden, not asked about; nothing of it is lost
    vim.cmd.tabclose({ vim.api.nvim_tabpage_get_number(preview.tab), bang = true })
  end
  if vim.api.nvim_buf_is_valid(preview.buffer) then
    vim.api.nvim_buf_delete(preview.buffer, { force = true })
  end
end

---@param edit? lsp.WorkspaceEdit
---@return lsp.TextEdit[]?
local function text_edits(edit)
  if not edit then
    return nil
  end
  if edit.documentChanges then
    return edit.documentChanges[1] and edit.documentChanges[1].edits or {}
  end
  local _, edits = next(edit.changes or {})
  return edits or {}
end

---@param job forge.Job
---@param lines string[]
---@param hint string
---@param candidate? string
---@return forge.Preview
local function show(job, lines, hint, candidate)
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(job.bufnr))
  local path = candidate and ('%s/%s'):format(job.id, candidate) or job.id
  local buffer = ui.scratch(('forge://preview/%s/%s'):format(path, name), lines, vim.bo[job.bufnr].filetype)
  vim.cmd('tab split')
  vim.api.nvim_win_set_buf(0, job.bufnr)
  local source = vim.api.nvim_get_current_win()
  vim.cmd('rightbelow vertical split')
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo[0][0].winbar = hint
  vim.wo[source][0].winbar = ' your text' -- or the lines would not stand side by side
  local preview = {
    job = job,
    buffer = buffer,
    tab = vim.api.nvim_get_current_tabpage(),
    source = source,
    candidate = candidate,
  }
  vim.api.nvim_create_autocmd('BufWipeout', { -- :q is a no
    buffer = buffer,
    once = true,
    callback = function()
      vim.schedule(function()
        if vim.list_contains(open, preview) then
          close(preview)
        end
      end)
    end,
  })
  table.insert(open, preview)
  return preview
end

---@param preview forge.Preview
local function map(preview)
  local keys = config.get().preview
  for key, run in pairs({
    [keys.accept] = M.accept,
    [keys.reject] = M.reject,
    [keys.retry] = M.retry,
    [keys.next] = M.next,
  }) do
    vim.keymap.set('n', key, function()
      run()
    end, { buffer = preview.buffer, nowait = true, desc = 'forge: preview' })
  end
end

---What is said of a candidate: who wrote it, and what its checks show.
---@param one table of forge.alternatives
---@return string
function M.described(one)
  local checks = one.checks or {}
  local passed = (checks.proof or 0) + (checks.kept or 0)
  local failed = (checks.owed or 0) + (checks.failed or 0)
  local all = passed + failed
  local words = all == 1 and '%d of %d check passes' or '%d of %d checks pass'
  local shown = all > 0 and words:format(passed, all) or 'nothing was run'
  local score = one.score and (', score %.1f'):format(one.score) or ''
  local result = one.result and ', the result' or ''
  return ('%s by %s: %s%s%s'):format(one.candidate, one.model, shown, score, result)
end

---Show the result of a job, or another of its candidates. Failures are told to the user.
---@param job? forge.Job nil: the newest
---@param candidate? string nil: the result
---@param words? string what is said of the candidate
function M.open(job, candidate, words)
  job = job or require('forge.job').last()
  if not job then
    ui.info('there is no result to preview; see :Forge history')
    return
  end
  local found = client(job)
  if not found then
    return
  end
  if not job.bufnr or not vim.api.nvim_buf_is_valid(job.bufnr) then
    job.bufnr = vim.uri_to_bufnr(job.request.uri)
  end
  vim.fn.bufload(job.bufnr)
  client_of.ask(found, 'forge.result', { jobId = job.id, candidate = candidate }, function(result)
    local keys = config.get().preview
    local edits = text_edits(result.edit)
    if not edits then
      local hint = (' the code · %s close · %s try again '):format(keys.reject, keys.retry)
      map(show(job, vim.split(result.code, '\n'), hint, candidate))
      ui.warn('the text was changed where the code belongs: copy what you need by hand')
      return
    end
    if #edits == 0 then
      ui.info('the text is already as proposed')
      return
    end
    local lines = vim.api.nvim_buf_get_lines(job.bufnr, 0, -1, false)
    local title = words and words:gsub('%%', '%%%%') or 'proposal'
    local hint = (' %s · %s accept · %s reject · %s try again · %s next '):format(
      title,
      keys.accept,
      keys.reject,
      keys.retry,
      keys.next
    )
    local preview = show(job, lines, hint, candidate)
    vim.bo[preview.buffer].modifiable = true
    vim.lsp.util.apply_text_edits(edits, preview.buffer, found.offset_encoding)
    vim.bo[preview.buffer].modifiable = false
    vim.bo[preview.buffer].modified = false
    vim.bo[preview.buffer].buflisted = false -- which that made true
    for _, window in ipairs({ preview.source, vim.fn.bufwinid(preview.buffer) }) do
      vim.api.nvim_win_call(window, vim.cmd.diffthis)
    end
    vim.cmd('normal! gg')
    pcall(vim.cmd, 'normal! ]c') -- the first change, unless it is in the first line
    map(preview)
  end)
end

---Bring the result of a job into its text.
---@param job forge.Job
---@param on_applied? fun()
---@param candidate? string nil: the result
function M.apply(job, on_applied, candidate)
  local found = client(job)
  if not found then
    return
  end
  client_of.ask(found, 'forge.apply', { jobId = job.id, candidate = candidate }, function(answer)
    if answer.applied then
      require('forge.job').dealt_with(job.id)
      if on_applied then
        on_applied()
      end
      ui.info('applied')
    else
      ui.warn('not applied: ' .. (answer.reason or 'the server gave no reason'))
    end
  end)
end

local function none()
  ui.info('there is no preview open; `:Forge preview` shows the last result')
end

---Apply what is previewed. The preview stays where that is not possible.
function M.accept()
  local preview = current()
  local last = require('forge.job').waiting()
  if not preview and last then
    return M.apply(last)
  elseif not preview then
    return none()
  end
  M.apply(preview.job, function()
    close(preview)
  end, preview.candidate)
end

---Show the candidate of a job after another, the best first; after the last comes the first again.
---@param job forge.Job
---@param after string? nil: after the result
---@param on_found? fun()
local function following(job, after, on_found)
  local found = client(job)
  if not found then
    return
  end
  client_of.ask(found, 'forge.alternatives', { jobId = job.id }, function(answer)
    local all = answer.alternatives
    if #all < 2 then
      ui.info('that job has no other candidate that compiles')
      return
    end
    local at = 1
    for number, one in ipairs(all) do
      if one.candidate == after then
        at = number
      end
    end
    local one = all[at % #all + 1]
    if on_found then
      on_found()
    end
    M.open(job, one.candidate, M.described(one))
  end)
end

---The next candidate of the job that is previewed.
function M.next()
  local preview = current()
  if not preview then
    return none()
  end
  following(preview.job, preview.candidate, function()
    close(preview)
  end)
end

---The second-best candidate of a job beside the text; the next key goes on to the others.
---@param job? forge.Job nil: the newest
function M.alternatives(job)
  job = job or require('forge.job').last()
  if not job then
    ui.info('there is no result yet; see :Forge history')
    return
  end
  following(job, nil)
end

---Close the preview, or let go of the last result; nothing is changed.
function M.reject()
  local preview = current()
  local last = require('forge.job').waiting()
  if not preview and not last then
    return none()
  end
  local job = preview and preview.job or last ---@cast job -?
  if preview then
    close(preview)
  end
  if not preview or not preview.candidate then
    require('forge.job').dealt_with(job.id)
    local found = vim.lsp.get_client_by_id(job.client_id)
    if found then -- it is not offered as an inline completion any more
      client_of.execute(found, 'forge.discard', { jobId = job.id }, function() end)
    end
  end
  ui.info('rejected; nothing was changed')
end

---The command of an inline completion: its result is in the text, and needs no preview.
---@param command lsp.Command
---@param context lsp.HandlerContext
function M.taken(command, context)
  local found = vim.lsp.get_client_by_id(context.client_id)
  if not found then
    return
  end
  local job_id = command.arguments[1].jobId
  client_of.ask(found, 'forge.taken', { jobId = job_id }, function(answer)
    if not answer.applied then
      return -- the server has told why
    end
    require('forge.job').dealt_with(job_id)
    for _, preview in ipairs(vim.list_slice(open)) do
      if preview.job.id == job_id then
        close(preview)
      end
    end
    ui.info('applied')
  end)
end

---Say what to change and go on from what is previewed, else from the last result.
---@param feedback? string nil: ask
function M.retry(feedback)
  local preview = current()
  require('forge.job').retry(preview and preview.job, feedback, function()
    if preview and vim.list_contains(open, preview) then
      close(preview)
    end
  end)
end

return M
