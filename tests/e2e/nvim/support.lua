-- Helpers of the scenarios: `local t = dofile(vim.env.EDITOR_TEST_SUPPORT)`, then t.scenario(function() ... end).
-- The scenario runs once Neovim has started, as a user's first keys would.

local t = { messages = {}, progress = {}, selects = {}, inputs = {}, seen = {} }

-- A loaded machine may take long; what is right does not wait for it.
local PATIENCE = 40000

---Wait until `met` answers something true, and answer it.
function t.wait(what, met, patience)
  local value
  if not vim.wait(patience or PATIENCE, function()
    value = met()
    return value
  end, 20) then
    error(('waited in vain for %s\nmessages: %s\nchoices: %s'):format(what, vim.inspect(t.messages), vim.inspect(t.seen)), 2)
  end
  return value
end

function t.eq(found, expected, what)
  if not vim.deep_equal(found, expected) then
    error(('%s: expected %s, found %s'):format(what or 'value', vim.inspect(expected), vim.inspect(found)), 2)
  end
end

function t.ok(value, what)
  if not value then
    error(what .. '\nmessages: ' .. vim.inspect(t.messages), 2)
  end
  return value
end

function t.text(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr or 0, 0, -1, false), '\n')
end

---The first message that holds some plain words, once there is one.
function t.message(words, level)
  return t.wait(('a message with %q'):format(words), function()
    for _, message in ipairs(t.messages) do
      if message.text:find(words, 1, true) and (not level or message.level == level) then
        return message
      end
    end
  end)
end

function t.attached()
  return t.wait('the client', function()
    local client = vim.lsp.get_clients({ name = 'forge', bufnr = 0 })[1]
    return client and client.initialized and client
  end)
end

---Put the cursor on the first place of some plain words.
function t.at(words)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = line:find(words, 1, true)
    if column then
      vim.api.nvim_win_set_cursor(0, { row, column - 1 })
      return row
    end
  end
  error(('there is no %q in the buffer'):format(words), 2)
end

---Press keys as a user would, mappings included.
function t.keys(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'xt', false)
end

---The next choice of vim.ui.select: the row that holds these words (false: none).
function t.choose(words)
  table.insert(t.selects, { words = words })
end

---The next answer to vim.ui.input (false: escaped).
function t.answer(words)
  table.insert(t.inputs, { words = words })
end

---Progress of one kind so far.
function t.of(kind)
  return vim.tbl_filter(function(value)
    return value.kind == kind
  end, t.progress)
end

---What every job's progress keeps to: one begin, an end, messages, and percentages that never fall.
function t.good_progress()
  local begin, reports, ends = t.of('begin'), t.of('report'), t.of('end')
  t.eq(#begin, 1, 'begins')
  t.eq(#ends, 1, 'ends')
  t.ok(begin[1].cancellable, 'it can be cancelled')
  t.ok(#reports > 1, 'there are reports')
  local before = 0
  for _, report in ipairs(reports) do
    t.ok(report.message and report.message ~= '', 'every report has a message')
    t.ok(report.percentage >= before, 'percentages never fall')
    before = report.percentage
  end
  return vim.iter(reports):map(function(report)
    return report.message
  end):join('\n')
end

---Floating windows and what they show.
function t.floats()
  local found = {}
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      table.insert(found, t.text(vim.api.nvim_win_get_buf(window)))
    end
  end
  return found
end

---The window of a question, as it is shown.
function t.question()
  for _, shown in ipairs(t.floats()) do
    if shown:find('What should this give?', 1, true) then
      return shown
    end
  end
end

vim.notify = function(text, level)
  table.insert(t.messages, { text = text, level = level or vim.log.levels.INFO })
end

vim.ui.select = function(items, options, on_choice)
  local shown = vim.tbl_map(options.format_item or tostring, items)
  table.insert(t.seen, { prompt = options.prompt, rows = shown })
  local wanted = table.remove(t.selects, 1)
  vim.schedule(function() -- as user interfaces do
    if not wanted then
      table.insert(t.messages, { text = 'nobody answers ' .. tostring(options.prompt), level = vim.log.levels.ERROR })
      return
    end
    for number, row in ipairs(shown) do
      if wanted.words and row:find(wanted.words, 1, true) then
        return on_choice(items[number], number)
      end
    end
    on_choice(nil)
  end)
end

vim.ui.input = function(options, on_confirm)
  table.insert(t.seen, { prompt = options.prompt })
  local answer = table.remove(t.inputs, 1)
  vim.schedule(function()
    on_confirm(answer and answer.words or nil)
  end)
end

vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local value = vim.deepcopy(event.data.params.value)
    value.token = event.data.params.token
    table.insert(t.progress, value)
  end,
})

---Run a scenario and leave: an error that got out would leave Neovim waiting for ever.
function t.scenario(run)
  vim.api.nvim_create_autocmd('VimEnter', {
    once = true,
    callback = vim.schedule_wrap(function()
      local ok, problem = xpcall(function()
        run()
        local told = vim.api.nvim_exec2('messages', { output = true }).output
        t.ok(not told:find('Error'), 'Neovim shows an error: ' .. told)
      end, debug.traceback)
      io.stdout:write(ok and 'passed\n' or (tostring(problem) .. '\nfailed\n'))
      vim.cmd(ok and 'qall!' or 'cquit 1')
    end),
  })
end

return t
