-- :Forge and its completion.

local ui = require('forge.ui')

local M = {}

---@alias forge.Command fun(forge: table, words: string?, command: vim.api.keyset.create_user_command.command_args)

---@param command table
---@return [integer, integer]?
local function lines(command)
  return command.range > 0 and { command.line1, command.line2 } or nil
end

---@type table<string, forge.Command>
local commands = {
  generate = function(forge, words, command)
    forge.generate({ lines = lines(command), task = words, ask = not command.bang })
  end,
  fix = function(forge, _, command)
    forge.fix({ lines = lines(command) })
  end,
  cancel = function(forge, _, command)
    forge.cancel(command.bang)
  end,
  progress = function(forge)
    forge.progress()
  end,
  report = function(forge, words)
    forge.report(words)
  end,
  history = function(forge, words)
    local limit = tonumber(words)
    if words and not limit then
      return ui.error(':Forge history takes a number, not ' .. words)
    end
    forge.history(limit)
  end,
  models = function(forge)
    forge.models()
  end,
  doctor = function(forge)
    forge.doctor()
  end,
  preview = function(forge)
    forge.preview()
  end,
  alternatives = function(forge)
    forge.alternatives()
  end,
  answer = function(forge)
    forge.answer()
  end,
  keep = function(forge)
    forge.keep()
  end,
  accept = function(forge)
    forge.accept()
  end,
  reject = function(forge)
    forge.reject()
  end,
  retry = function(forge, words)
    forge.retry(words)
  end,
}

---@return string[]
local function names()
  local found = vim.tbl_keys(commands)
  table.sort(found)
  return found
end

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local forge = require('forge')
  local name, rest = command.args:match('^(%S+)%s*(.*)$')
  local words = rest and rest:find('%S') and vim.trim(rest) or nil
  if not name then
    vim.ui.select(names(), { prompt = 'Forge', kind = 'forge.command' }, function(chosen)
      if chosen then
        commands[chosen](forge, nil, command)
      end
    end)
  elseif commands[name] then
    commands[name](forge, words, command)
  else
    ui.error((':Forge %s is unknown; there are %s'):format(name, table.concat(names(), ', ')))
  end
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:match('Forge!?%s+(.*)$') or ''
  if before:find('%s') then
    return {} -- the task is the user's own words
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, names())
end

return M
