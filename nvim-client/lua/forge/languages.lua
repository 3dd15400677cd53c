-- Languages that only the user's settings describe ([language.NAME] in forge.toml): the server starts in their buffers.

local M = {}

---@class forge.Language
---@field names string[] identifiers, which are file types
---@field suffixes string[] each with its dot

---The user's forge.toml, where the server looks for it.
---@return string
function M.file()
  local named = vim.env.FORGE_CONFIG
  if named and named ~= '' then
    return vim.fs.normalize(named)
  end
  local system = vim.uv.os_uname().sysname
  local folder
  if system == 'Darwin' then
    folder = '~/Library/Application Support'
  elseif system:find('Windows') then
    folder = vim.env.LOCALAPPDATA or '~/AppData/Local'
  else
    folder = vim.env.XDG_CONFIG_HOME or '~/.config'
  end
  return vim.fs.normalize(vim.fs.joinpath(folder, 'forge-lsp', 'forge.toml'))
end

---@param text string
---@return string[]
local function strings(text)
  local found = {}
  for one in text:gmatch([=[["']([^"']*)["']]=]) do
    table.insert(found, one)
  end
  return found
end

---The tables [language.NAME] of a forge.toml. What is written in another way is for the user to name in `filetypes`.
---@param text string
---@return forge.Language[]
function M.described(text)
  local found, language, key, value = {}, nil, nil, nil
  for line in vim.gsplit(text, '\r?\n') do
    local heading = line:match('^%s*%[+%s*(.-)%s*%]+%s*#?')
    if heading and not value then
      local name = heading:match([[^["']?language["']?%s*%.%s*["']?([^"'%.]+)["']?$]])
      language = name and { names = { name }, suffixes = {} } or nil
      if language then
        table.insert(found, language)
      end
    elseif language then
      if not value then
        key, value = line:match('^%s*(%w+)%s*=%s*(%[.*)$')
      else
        value = value .. line
      end
      if value and value:find(']', 1, true) then
        if key == 'suffixes' or key == 'names' then
          vim.list_extend(language[key], strings(value))
        end
        value = nil
      end
    end
  end
  return found
end

---@param settings table of the server, as in vim.lsp.config('forge', { settings = ... })
---@return forge.Language[]
local function all(settings)
  local found = {}
  local file = io.open(M.file(), 'r')
  if file then
    found = M.described(file:read('*a') or '')
    file:close()
  end
  for name, one in pairs(vim.tbl_get(settings, 'forge', 'language') or {}) do
    local names = vim.list_extend({ name }, one.names or {})
    table.insert(found, { names = names, suffixes = one.suffixes or {} })
  end
  return found
end

---Have the server start in buffers of these languages, too. A suffix that Neovim does not know gets the language's name
---as its file type.
function M.extend()
  local config = vim.lsp.config.forge
  if not config or not config.filetypes then
    return -- the user's own choice: all
  end
  local filetypes = vim.deepcopy(config.filetypes)
  local function add(filetype)
    if not vim.list_contains(filetypes, filetype) then
      table.insert(filetypes, filetype)
    end
  end
  for _, language in ipairs(all(config.settings or {})) do
    vim.iter(language.names):each(add)
    for _, suffix in ipairs(language.suffixes) do
      local known = vim.filetype.match({ filename = 'a' .. suffix })
      if known then
        add(known)
      else
        vim.filetype.add({ extension = { [suffix:sub(2)] = language.names[1] } })
      end
    end
  end
  if #filetypes > #config.filetypes then
    vim.lsp.config('forge', { filetypes = filetypes })
  end
end

return M
