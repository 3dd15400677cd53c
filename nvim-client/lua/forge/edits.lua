-- The server's edits: each is one undo step of its own, whatever the user was typing, and none is for an older text.

local M = {}

---Close the undo block of a buffer; see |undo-break|.
---@param bufnr integer
local function break_undo(bufnr)
  vim.bo[bufnr].undolevels = vim.bo[bufnr].undolevels
end

---Handles workspace/applyEdit. Neovim's own handler leaves out what is for an older version and answers that it did it.
---@param failure? lsp.ResponseError
---@param params lsp.ApplyWorkspaceEditParams
---@param context lsp.HandlerContext
---@return lsp.ApplyWorkspaceEditResult
function M.apply(failure, params, context)
  local buffers = {} ---@type integer[]
  for _, change in ipairs(params.edit.documentChanges or {}) do
    local document = change.textDocument
    if document then
      local bufnr = vim.uri_to_bufnr(document.uri)
      if document.version and (vim.lsp.util.buf_versions[bufnr] or 0) > document.version then
        return { applied = false, failureReason = 'the buffer has changed since' }
      end
      vim.fn.bufload(bufnr)
      table.insert(buffers, bufnr)
    end
  end
  vim.iter(buffers):each(break_undo)
  params.label = nil -- it would be printed over the command line
  local result = vim.lsp.handlers['workspace/applyEdit'](failure, params, context)
  vim.iter(buffers):each(break_undo)
  return result
end

return M
