-- A stub becomes code through the code action that Neovim's own `gra` offers; one `u` restores it.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.ok(vim.g.loaded_forge, 'plugin/forge.lua was not sourced')
  t.attached()
  local before = t.text()
  t.at('...')
  t.choose('Generate with ensemble')
  t.keys('gra')
  t.wait('the progress window', function()
    return t.floats()[1]
  end)
  t.ok(t.floats()[1]:find('Generate with ensemble', 1, true), 'the window names the job')
  t.ok(t.floats()[1]:find('attempt 1/2', 1, true) or t.floats()[1]:find('starting', 1, true), 'and says what it does')
  t.message('applied')
  t.eq(t.text(), (before:gsub('    %.%.%.', '    return number %% 2 == 0', 1)), 'the buffer')
  t.eq(t.floats(), {}, 'the progress window is gone')
  t.ok(t.good_progress():find('attempt 1/2 · generating', 1, true), 'progress names the stage')
  t.ok(t.message('accepted · proven · score 9.0 · 1 attempt · ').level == vim.log.levels.INFO, 'the outcome is told')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')
  t.eq(t.seen[1].rows[1]:find('Generate with ensemble', 1, true), 1, 'the menu')

  -- the same by a user's own map, on lines selected, without a question
  vim.keymap.set('x', 'gG', '<Plug>(forge-generate-here)')
  local seen = #t.seen
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  t.messages = {}
  t.keys('VjjjjjjjgG')
  t.message('applied')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'the selected lines are replaced')
  t.eq(#t.seen, seen, 'nothing was asked')
  t.ok(t.text():find('NAME = "😀漢e\u{301}"\n', 1, true) == 1, 'the rest stays as it was')
end)
