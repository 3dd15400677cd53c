-- From a diagnostic in the buffer to a request that fixes it.

local place = require('forge.place')

local M = {}

---The diagnostics that touch some lines, whoever found them.
---@param bufnr integer
---@param first integer from 0
---@param last integer from 0, included
---@return vim.Diagnostic[]
function M.at(bufnr, first, last)
  return vim.tbl_filter(function(found)
    return found.lnum <= last and (found.end_lnum or found.lnum) >= first
  end, vim.diagnostic.get(bufnr))
end

---A diagnostic as the server's client counts; its own form may be in another client's units.
---@param bufnr integer
---@param found vim.Diagnostic
---@param encoding string
---@return lsp.Diagnostic
function M.to_lsp(bufnr, found, encoding)
  local first = { found.lnum, found.col }
  local last = { found.end_lnum or found.lnum, found.end_col or found.col }
  return {
    range = place.range(bufnr, first, last, encoding),
    message = found.message,
    severity = found.severity,
    code = found.code,
    source = found.source,
  }
end

---@param bufnr integer
---@param found vim.Diagnostic
---@param encoding string
---@return forge.Request
function M.request(bufnr, found, encoding)
  local diagnostic = M.to_lsp(bufnr, found, encoding)
  return { uri = vim.uri_from_bufnr(bufnr), range = diagnostic.range, diagnostics = { diagnostic } }
end

return M
