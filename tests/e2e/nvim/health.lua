-- :checkhealth forge has nothing to complain of, the help is there, and every map is.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  vim.cmd('checkhealth forge')
  local report = t.text()
  t.ok(report:find('OK forge-lsp ', 1, true), report)
  t.ok(report:find('it runs for ', 1, true), report)
  t.ok(not report:find('ERROR', 1, true) and not report:find('WARNING', 1, true), report)
  vim.cmd.bwipeout({ bang = true })

  vim.cmd('helptags ALL')
  for _, subject in ipairs({ 'forge', ':Forge', 'forge-install', 'forge-settings', '<Plug>(forge-generate)' }) do
    vim.cmd.help(subject)
    t.eq(vim.fn.expand('%:t'), 'forge.txt', subject)
    vim.cmd.helpclose()
  end
  local help = table.concat(vim.fn.readfile(vim.api.nvim_get_runtime_file('doc/forge.txt', false)[1]), '\n')
  for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
    local name = map.lhs:match('^<Plug>%(forge%-(.+)%)$')
    t.ok(not name or help:find('*<Plug>(forge-' .. name .. ')*', 1, true), map.lhs .. ' has no help')
  end
  for _, command in ipairs(vim.fn.getcompletion('Forge ', 'cmdline')) do
    t.ok(help:find('\n:%S*Forge%S* ' .. command), command .. ' has no help')
  end
end)
