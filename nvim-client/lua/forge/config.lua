-- The plugin's own settings. The server's are in forge.toml, or in `settings.forge` of vim.lsp.config('forge', ...).

---@class forge.Config
---@field enable boolean start the server for its file types; false: only when :Forge is used
---@field apply "edit"|"preview"|"none"|nil what becomes of an accepted result; nil: what the server's settings say
---@field lens boolean show code lenses over what waits for code
---@field progress forge.Config.Progress
---@field preview forge.Config.Preview

---@class forge.Config.Progress
---@field window boolean show running jobs in a small window; false leaves that to your own LspProgress consumer

---@class forge.Config.Preview
---@field accept string key in the preview
---@field reject string key in the preview
---@field retry string key in the preview
---@field next string key in the preview: the next candidate of the job

local M = {}

---@type forge.Config
local defaults = {
  enable = true,
  apply = nil,
  lens = true,
  progress = { window = true },
  preview = { accept = 'a', reject = 'q', retry = 'r', next = '<Tab>' },
}

local apply_modes = { edit = true, preview = true, none = true }

---@type forge.Config?
local current

---@param given table
---@param known table
---@param at string
local function check(given, known, at)
  for key, value in pairs(given) do
    local name = at .. tostring(key)
    if name == 'apply' then
      if not apply_modes[value] then
        error(('forge: apply: expected edit, preview or none, got %s'):format(vim.inspect(value)), 0)
      end
    elseif known[key] == nil then
      local keys = vim.tbl_keys(known)
      if at == '' then
        table.insert(keys, 'apply')
      end
      table.sort(keys)
      error(('forge: unknown setting %s (known: %s)'):format(name, table.concat(keys, ', ')), 0)
    elseif type(value) ~= type(known[key]) then
      error(('forge: %s: expected a %s, got %s'):format(name, type(known[key]), vim.inspect(value)), 0)
    elseif type(value) == 'table' then
      check(value, known[key], name .. '.')
    end
  end
end

---Take settings over the defaults and vim.g.forge. Raises a sentence that names a wrong key.
---@param given? table
---@return forge.Config
function M.set(given)
  local options = vim.tbl_deep_extend('force', {}, vim.g.forge or {}, given or {})
  check(options, defaults, '')
  current = vim.tbl_deep_extend('force', vim.deepcopy(defaults), options)
  return current
end

---The settings in force. A wrong vim.g.forge is told once and then left out.
---@return forge.Config
function M.get()
  if not current then
    local ok, problem = pcall(M.set)
    if not ok then
      vim.notify(tostring(problem), vim.log.levels.ERROR)
      current = vim.deepcopy(defaults)
    end
  end
  return current
end

return M
