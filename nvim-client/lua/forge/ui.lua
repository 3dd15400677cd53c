-- Messages and read-only buffers.

local M = {}

---@param message string
---@param level? integer
local function say(message, level)
  vim.notify('forge: ' .. message, level or vim.log.levels.INFO, { title = 'forge' })
end

---@param message string
function M.info(message)
  say(message)
end

---@param message string
function M.warn(message)
  say(message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  say(message, vim.log.levels.ERROR)
end

---A read-only buffer that goes away with its window.
---@param name string unique; an older buffer of that name is replaced
---@param lines string[]
---@param filetype string
---@return integer bufnr
function M.scratch(name, lines, filetype)
  local old = vim.fn.bufnr('^' .. vim.fn.escape(name, '\\*?[]{}') .. '$')
  if old ~= -1 then
    vim.api.nvim_buf_delete(old, { force = true })
  end
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(bufnr, name)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].filetype = filetype
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].modified = false
  return bufnr
end

---Show text in a window of its own below; `q` closes it.
---@param name string what it is: report, models ...
---@param text string
---@param filetype string
function M.show(name, text, filetype)
  local bufnr = M.scratch('forge://' .. name, vim.split(vim.trim(text), '\n'), filetype)
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, bufnr)
  vim.wo[0][0].wrap = filetype == 'markdown'
  vim.wo[0][0].number = false
  vim.wo[0][0].relativenumber = false
  vim.wo[0][0].signcolumn = 'no'
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, nowait = true, desc = 'forge: close' })
end

---Let the user choose what to do; nothing is done where they choose nothing.
---@param prompt string
---@param kind string for those who draw vim.ui.select themselves
---@param choices { [1]: string, [2]: fun() }[]
function M.choose(prompt, kind, choices)
  vim.ui.select(choices, {
    prompt = prompt,
    kind = kind,
    format_item = function(choice)
      return choice[1]
    end,
  }, function(choice)
    if choice then
      choice[2]()
    end
  end)
end

return M
