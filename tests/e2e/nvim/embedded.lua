-- The small model inside forge-lsp writes the code, and the examples decide.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  local before = t.text()
  t.at('...')
  vim.cmd('Forge! generate')
  t.wait('the end', function()
    return t.of('end')[1]
  end, 150000)
  t.message('accepted')
  t.message('applied')
  t.ok(t.text() ~= before and not t.text():find('...', 1, true), 'there is code')
  vim.cmd.write()
  t.keys('u')
  t.eq(t.text(), before, 'one undo')
end)
