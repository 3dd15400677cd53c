-- Buffers without a name: the protocol needs one, and the server a language.

local client_of = require('forge.client')
local ui = require('forge.ui')

local M = {}

---Neovim's word for each language that can be checked, and how its files end.
local SUFFIXES = {
  python = 'py',
  cs = 'cs',
  typescript = 'ts',
  javascript = 'js',
  go = 'go',
  rust = 'rs',
  java = 'java',
  c = 'c',
  cpp = 'cpp',
  php = 'php',
  ruby = 'rb',
  kotlin = 'kt',
}

---@param bufnr integer
local function detach(bufnr)
  for _, client in ipairs(vim.lsp.get_clients({ name = client_of.NAME, bufnr = bufnr })) do
    vim.lsp.buf_detach_client(bufnr, client.id)
  end
end

---@param filetype string
---@return string
local function free_name(filetype)
  local number = 1
  while true do
    local name = ('untitled://Untitled-%d.%s'):format(number, SUFFIXES[filetype] or filetype)
    if vim.fn.bufexists(name) == 0 then
      return name
    end
    number = number + 1
  end
end

---Call once the buffer has a name, asking for the language where it has none.
---@param bufnr integer
---@param on_ready fun()
function M.ensure(bufnr, on_ready)
  if vim.api.nvim_buf_get_name(bufnr) ~= '' then
    return on_ready()
  end
  local function name(filetype)
    if not filetype then
      return
    end
    detach(bufnr) -- it may be open under the name of none
    vim.api.nvim_buf_set_name(bufnr, free_name(filetype))
    if vim.bo[bufnr].filetype ~= filetype then
      vim.bo[bufnr].filetype = filetype
    end
    on_ready()
  end
  if vim.bo[bufnr].filetype ~= '' then
    return name(vim.bo[bufnr].filetype)
  end
  local languages = vim.tbl_keys(SUFFIXES)
  table.sort(languages)
  vim.ui.select(languages, { prompt = 'In which language?', kind = 'forge.language' }, name)
end

---:write on such a buffer: ask for a file name, then write and go on with that.
---@param bufnr integer
function M.save(bufnr)
  vim.ui.input({ prompt = 'Save as: ', completion = 'file' }, function(path)
    if not path or path == '' then
      return
    end
    path = vim.fn.fnamemodify(vim.fn.expand(path), ':p')
    if vim.uv.fs_stat(path) then
      ui.error(('%s already exists; overwrite it with :saveas! %s'):format(path, vim.fn.fnameescape(path)))
      return
    end
    local old = vim.api.nvim_buf_get_name(bufnr)
    detach(bufnr)
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd.saveas({ args = { vim.fn.fnameescape(path) } })
    end)
    local left = vim.fn.bufnr('^' .. vim.fn.escape(old, '\\*?[]{}') .. '$')
    if left ~= -1 and left ~= bufnr then
      vim.api.nvim_buf_delete(left, { force = true })
    end
    client_of.with(bufnr, function() end)
  end)
end

return M
