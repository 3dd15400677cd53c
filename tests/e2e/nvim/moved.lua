-- The user types on while a job runs: beside the code it is merged, in it nothing is overwritten.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

---Wait until a model writes, in the job whose reports come after the first `before`.
local function generating(before)
  t.wait('the model', function()
    return vim.iter(vim.list_slice(t.of('report'), before + 1)):any(function(report)
      return report.message:find('generating', 1, true)
    end)
  end)
end

t.scenario(function()
  t.attached()
  t.at('...')
  vim.cmd('Forge! generate')
  generating(0)
  vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# typed meanwhile' })
  local before = t.text()
  t.message('applied')
  t.eq(t.text(), (before:gsub('    %.%.%.', '    return number %% 2 == 0', 1)), 'both are there')
  t.keys('u')
  t.eq(t.text(), before, 'one undo takes the code back, not the typing')

  t.messages = {}
  local seen = #t.of('report')
  t.at('...')
  vim.cmd('Forge! generate')
  generating(seen)
  local row = t.at('...')
  vim.api.nvim_buf_set_lines(0, row - 1, row, false, { '    return not number & 1' })
  local typed = t.text()
  t.message('copy what you need by hand', vim.log.levels.WARN)
  t.message('accepted')
  t.eq(t.text(vim.fn.bufnr('words.py')), typed, 'what the user typed stays')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'the code is shown')
  t.ok(not vim.wo.diff, 'there is nothing to compare')
  t.messages = {}
  t.keys('a')
  t.message('not applied', vim.log.levels.WARN)
  t.eq(t.text(vim.fn.bufnr('words.py')), typed, 'nor is it overwritten then')
  t.keys('q')
  t.eq(#vim.api.nvim_list_tabpages(), 1)
end)
