-- A wrong key in a settings file: what tells it opens the file at that line; once it is right, it works.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  local source = vim.api.nvim_get_current_buf()
  t.at('...')
  t.choose('Open forge.toml')
  vim.cmd('Forge! generate')
  t.wait('the settings file', function()
    return vim.fs.basename(vim.api.nvim_buf_get_name(0)) == 'forge.toml'
  end)
  t.ok(t.seen[1].prompt:find('accept.scor (', 1, true), t.seen[1].prompt)
  t.ok(t.seen[1].prompt:find('did you mean score?', 1, true), t.seen[1].prompt)
  t.eq(t.seen[1].rows, { 'Open forge.toml', 'Dismiss' }, 'what can be done')
  t.eq(vim.api.nvim_get_current_line(), 'scor = 7', 'the line that is wrong')
  vim.api.nvim_set_current_line('score = 7')
  vim.cmd('write')
  vim.api.nvim_set_current_buf(source)
  t.at('...')
  vim.cmd('Forge! generate')
  t.message('words.py')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'it is written')

  local file = require('forge.faults').settings_file
  t.eq(file('accept.scor (C:\\Users\\me\\forge.toml): unknown key'), 'C:\\Users\\me\\forge.toml')
  t.eq(file('/w/forge.toml: no TOML'), '/w/forge.toml')
  t.eq(file('budjet (editor settings): unknown key'), nil)
end)
