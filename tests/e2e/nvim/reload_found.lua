-- The next Neovim finds the job of the one before: its progress, its result, and what is said of it.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

local function shown(words)
  return t.wait('the line ' .. words, function()
    local text = t.text(vim.fn.bufnr('forge://progress'))
    return text:find(words) and text
  end)
end

t.scenario(function()
  t.attached()
  local before = t.text()
  t.wait('the progress of the job', function()
    return #t.of('report') > 0
  end)
  t.ok(t.floats()[1], 'the progress window')
  t.eq(t.text(), before, 'nothing is changed before it has ended')

  -- the window has all of the job, what was before this Neovim included, and goes on
  local source = vim.api.nvim_get_current_win()
  vim.cmd('Forge progress')
  local view = vim.api.nvim_get_current_win()
  local text = shown('Now%s+writing: coder')
  t.ok(text:find('^words.py  attempt 2 of at most 2 · %d+ s · free'), text)
  t.ok(text:find('Why not%s+attempt 1: '), text)
  t.ok(text:find('Best yet%s+attempt 1 by coder'), text)
  t.ok(text:find('▾ Attempt 2  runs', 1, true), text)
  t.ok(text:find('▸ Attempt 1  not accepted · coder', 1, true), text)
  t.at('▸ Attempt 1')
  t.keys('<CR>')
  t.ok(t.text():find('    checking · ', 1, true), t.text())
  local time = text:match('· (%d+) s · free')
  t.wait('the time to go on', function()
    return t.text():match('· (%d+) s · free') ~= time
  end)
  vim.api.nvim_set_current_win(source)
  vim.fn.writefile({}, 'seen')
  t.wait('the result', function()
    return t.text() ~= before
  end)
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'the result is there')
  t.message('accepted · proven')
  t.message('applied')
  text = shown('^words.py  Accepted · proven · score 9.0 · 2 attempts')
  t.ok(text:find('Best%s+attempt 2 by coder'), text)
  t.ok(text:find('R report', 1, true), text)
  vim.cmd('silent undo')
  t.eq(t.text(), before, 'one undo takes it back')

  -- the server is restarted in the middle of the next one: it goes on, and is shown again
  t.progress, t.messages = {}, {}
  t.at('...')
  vim.cmd('Forge! generate')
  t.wait('the model', function()
    return vim.iter(t.of('report')):any(function(report)
      return report.message:find('generating', 1, true)
    end)
  end)
  vim.wait(300)
  local client = t.attached()
  client:stop()
  t.message('the job goes on')
  t.wait('the end of the server', function()
    return #vim.lsp.get_clients({ name = 'forge' }) == 0
  end)
  t.progress = {}
  vim.cmd('edit!')
  t.attached()
  t.wait('its progress again', function()
    return #t.of('report') > 0
  end)
  vim.api.nvim_set_current_win(view)
  text = shown('Now%s+writing: coder')
  t.eq(select(2, text:gsub('words%.py  ', '')), 1, 'the job is there once')
  t.ok(text:find('▾ Attempt 1  runs', 1, true), text)
  vim.api.nvim_set_current_win(source)
  vim.fn.writefile({}, 'again')
  t.wait('the result', function()
    return t.text() ~= before
  end)
  t.message('applied')
end)
