-- No server: editing is not disturbed, and whoever asks for code is told what to do.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.eq(t.messages, {}, 'opening a file says nothing')
  vim.cmd('Forge! generate')
  local told = t.message('was not found')
  t.ok(told.text:find("vim.lsp.config('forge', { cmd = ", 1, true), told.text)
  t.eq(told.level, vim.log.levels.ERROR)
  vim.cmd('checkhealth forge')
  t.ok(t.text():find('ERROR', 1, true) and t.text():find('was not found', 1, true), t.text())

  -- a server that dies at once
  vim.cmd.bwipeout({ bang = true })
  vim.lsp.config('forge', { cmd = { 'false' } })
  t.messages = {}
  vim.cmd('Forge! generate')
  t.message('stopped while it started', vim.log.levels.ERROR)
end)
