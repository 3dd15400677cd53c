-- Faults that a settings file has: told with a way to that file.

local ui = require('forge.ui')

local M = {}

---The first problem that the server has marked in a settings file.
---@return vim.Diagnostic? problem nil: it has marked none
local function marked()
  for _, found in ipairs(vim.diagnostic.get()) do
    if found.source == 'forge-lsp' and vim.endswith(vim.api.nvim_buf_get_name(found.bufnr), '.toml') then
      return found
    end
  end
end

---Open a settings file at the line that is wrong.
---@param problem vim.Diagnostic
local function open(problem)
  vim.cmd.edit(vim.fn.fnameescape(vim.api.nvim_buf_get_name(problem.bufnr)))
  vim.api.nvim_win_set_cursor(0, { problem.lnum + 1, problem.col })
end

---Tell an error. Where a settings file is wrong and the user is not typing, offer to open it.
---@param message string
function M.tell(message)
  local problem = marked()
  if not problem or vim.api.nvim_get_mode().mode ~= 'n' then
    ui.error(message)
    return
  end
  local choices = { 'Open ' .. vim.fs.basename(vim.api.nvim_buf_get_name(problem.bufnr)), 'Dismiss' }
  vim.ui.select(choices, { prompt = 'forge: ' .. message, kind = 'forge.settings' }, function(choice)
    if choice == choices[1] then
      open(problem)
    end
  end)
end

return M
