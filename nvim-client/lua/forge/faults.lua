-- Faults that a settings file has: told with a way to that file.

local ui = require('forge.ui')

local M = {}

---The settings file that a message says something is wrong in.
---@param message string
---@return string? path nil: it names none
function M.settings_file(message)
  for _, root in ipairs({ '/', '%a:[/\\]' }) do
    local path = message:match('%((' .. root .. '[^()\n]-%.toml)%): ') or message:match('^(' .. root .. '[^()\n]-%.toml): ')
    if path then
      return path
    end
  end
end

---Open a settings file at the line that is wrong, once the server has marked it.
---@param path string
local function open(path)
  vim.cmd.edit(vim.fn.fnameescape(path))
  local bufnr = vim.api.nvim_get_current_buf()
  local found = vim.diagnostic.get(bufnr)[1]
  if found then
    vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  end
end

---Tell an error. Where a settings file is at fault and the user is not typing, offer to open it.
---@param message string
function M.tell(message)
  local path = M.settings_file(message)
  if not path or vim.api.nvim_get_mode().mode ~= 'n' then
    ui.error(message)
    return
  end
  local choices = { 'Open ' .. vim.fs.basename(path), 'Dismiss' }
  vim.ui.select(choices, { prompt = 'forge: ' .. message, kind = 'forge.settings' }, function(choice)
    if choice == choices[1] then
      open(path)
    end
  end)
end

return M
