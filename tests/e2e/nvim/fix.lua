-- A diagnostic of somebody else is fixed; columns count bytes here and UTF-16 or whatever else there.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  local before = t.text()
  vim.cmd('Forge fix')
  t.message('there is no diagnostic here')
  local row = t.at('nubmer')
  local line = vim.api.nvim_get_current_line()
  local first, last = line:find('nubmer', 1, true)
  local namespace = vim.api.nvim_create_namespace('somebody')
  vim.diagnostic.set(namespace, 0, {
    { lnum = row - 1, col = first - 1, end_col = last, message = 'undefined name nubmer', severity = 1 },
    { lnum = row - 1, col = 0, end_col = 1, message = 'line is ugly', severity = 3 },
  })
  t.choose('undefined name')
  vim.cmd('Forge fix')
  t.message('applied')
  t.eq(t.seen[1].rows, { '5: undefined name nubmer', '5: line is ugly' }, 'the choice')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'it is fixed')
  t.ok(not t.text():find('nubmer', 1, true), 'the wrong name is gone')
  t.eq(t.of('begin')[1].title, 'Fix with ensemble')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')
end)
