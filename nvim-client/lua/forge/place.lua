-- Places in a buffer, in the positions of the protocol, and how they move while the text changes.

local M = {}

local namespace = vim.api.nvim_create_namespace('forge.place')

---@param bufnr integer
---@param row integer from 0
---@param column integer bytes
---@param encoding string
---@return lsp.Position
local function position(bufnr, row, column, encoding)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  local at = math.min(math.max(column, 0), #line)
  return { line = row, character = vim.str_utfindex(line, encoding, at, false) }
end

---A range of bytes as the client counts.
---@param bufnr integer
---@param first [integer, integer] row from 0, byte column
---@param last [integer, integer] exclusive
---@param encoding string
---@return lsp.Range
function M.range(bufnr, first, last, encoding)
  return {
    start = position(bufnr, first[1], first[2], encoding),
    ['end'] = position(bufnr, last[1], last[2], encoding),
  }
end

---@class forge.Place
---@field bufnr integer
---@field first? integer extmark
---@field last? integer extmark

---Where the cursor is: the definition around it, or the place to insert.
---@param bufnr integer
---@return [integer, integer], [integer, integer]
function M.cursor(bufnr)
  local window = vim.fn.bufwinid(bufnr)
  local row, column = 1, 0
  if vim.api.nvim_get_current_buf() == bufnr then
    window = 0
  end
  if window ~= -1 then
    row, column = unpack(vim.api.nvim_win_get_cursor(window))
  end
  return { row - 1, column }, { row - 1, column }
end

---Whole lines, from 1, both included.
---@param bufnr integer
---@param line1 integer
---@param line2 integer
---@return [integer, integer], [integer, integer]
function M.lines(bufnr, line1, line2)
  local text = vim.api.nvim_buf_get_lines(bufnr, line2 - 1, line2, false)[1] or ''
  return { line1 - 1, 0 }, { line2 - 1, #text }
end

---Whether there is nothing but white space.
---@param bufnr integer
---@return boolean
function M.blank(bufnr)
  for _, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)) do
    if line:find('%S') then
      return false
    end
  end
  return true
end

---Remember a place, so that it can be found again after edits. Without a range it is the whole buffer.
---@param bufnr integer
---@param range? lsp.Range
---@param encoding string
---@return forge.Place
function M.keep(bufnr, range, encoding)
  local place = { bufnr = bufnr } ---@type forge.Place
  if not range then
    return place
  end
  local function mark(at, right)
    local line = vim.api.nvim_buf_get_lines(bufnr, at.line, at.line + 1, false)[1] or ''
    local column = vim.str_byteindex(line, encoding, at.character, false)
    local row = math.min(at.line, vim.api.nvim_buf_line_count(bufnr) - 1)
    return vim.api.nvim_buf_set_extmark(bufnr, namespace, row, column, { right_gravity = right })
  end
  place.first = mark(range.start, false)
  place.last = mark(range['end'], not vim.deep_equal(range.start, range['end']))
  return place
end

---The place as it is now.
---@param place forge.Place
---@param encoding string
---@return lsp.Range?
function M.found(place, encoding)
  if not place.first or not vim.api.nvim_buf_is_loaded(place.bufnr) then
    return nil
  end
  local first = vim.api.nvim_buf_get_extmark_by_id(place.bufnr, namespace, place.first, {})
  local last = vim.api.nvim_buf_get_extmark_by_id(place.bufnr, namespace, place.last, {})
  if not first[1] or not last[1] then
    return nil
  end
  return M.range(place.bufnr, { first[1], first[2] }, { last[1], last[2] }, encoding)
end

return M
