-- Code lenses, of forge alone: those of other servers are the user's to show.

local M = {}

local NAME = 'forge'
local QUIET_MS = 200

---@type table<integer, uv.uv_timer_t>
local timers = {}
---@type table<integer, true> buffers whose changes are followed
local followed = {}

---@param bufnr integer
local function ask(bufnr)
  local client = vim.lsp.get_clients({ name = NAME, bufnr = bufnr })[1]
  if not client or not client:supports_method('textDocument/codeLens', bufnr) then
    return
  end
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  client:request('textDocument/codeLens', params, vim.lsp.codelens.on_codelens, bufnr)
end

---Ask for a buffer's lenses, once it has been quiet for a moment.
---@param bufnr integer
function M.refresh(bufnr)
  if timers[bufnr] then
    timers[bufnr]:stop()
  else
    timers[bufnr] = assert(vim.uv.new_timer())
  end
  timers[bufnr]:start(QUIET_MS, 0, function()
    timers[bufnr]:close()
    timers[bufnr] = nil
    vim.schedule(function()
      local typing = bufnr == vim.api.nvim_get_current_buf() and vim.api.nvim_get_mode().mode:find('^[iR]')
      if vim.api.nvim_buf_is_loaded(bufnr) and not typing then
        ask(bufnr)
      end
    end)
  end)
end

---The server's settings have changed what it shows, or a job has ended.
---@param client_id integer
function M.refresh_all(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  for bufnr in pairs(client and require('forge.config').get().lens and client.attached_buffers or {}) do
    M.refresh(bufnr)
  end
end

---Show the lenses of a buffer from now on.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if not require('forge.config').get().lens then
    return
  end
  if vim.lsp.codelens.enable then -- Neovim 0.12 keeps them up to date by itself
    vim.lsp.codelens.enable(true, { client_id = client.id })
    return
  end
  if not followed[bufnr] then
    followed[bufnr] = vim.api.nvim_buf_attach(bufnr, false, {
      on_lines = function()
        M.refresh(bufnr)
      end,
      on_reload = function()
        M.refresh(bufnr)
      end,
      on_detach = function()
        followed[bufnr] = nil
      end,
    }) or nil
  end
  local group = vim.api.nvim_create_augroup('forge.lens.' .. bufnr, { clear = true })
  vim.api.nvim_create_autocmd('InsertLeave', {
    group = group,
    buffer = bufnr,
    desc = 'forge: code lenses',
    callback = function()
      M.refresh(bufnr)
    end,
  })
  M.refresh(bufnr)
end

return M
