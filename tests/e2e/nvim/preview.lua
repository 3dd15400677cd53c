-- Previewed: rejected, tried again with words on what to change, accepted.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

local function proposal()
  return t.wait('the preview', function()
    for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
      local bufnr = vim.api.nvim_win_get_buf(window)
      if vim.api.nvim_buf_get_name(bufnr):find('forge://preview/', 1, true) and vim.wo[window].diff then
        return bufnr
      end
    end
  end)
end

t.scenario(function()
  require('forge').setup({ apply = 'preview' })
  t.attached()
  local before, source = t.text(), vim.api.nvim_get_current_buf()
  t.at('...')
  vim.cmd('Forge! generate')
  local bufnr = proposal()
  t.eq(#vim.api.nvim_list_tabpages(), 2, 'a tab of its own')
  t.eq(vim.api.nvim_get_current_buf(), bufnr, 'the cursor is in the proposal')
  t.ok(t.text(bufnr):find('        return True', 1, true), 'the proposal')
  t.eq(t.text(source), before, 'the text is untouched')
  t.eq(vim.bo[bufnr].filetype, 'python')
  t.ok(vim.wo.winbar:find('a accept', 1, true), 'the keys are named')
  t.ok(not vim.bo[bufnr].modifiable, 'it is for reading')

  t.eq(require('forge').status(), 'forge: result ready', 'the status line')
  t.keys('q')
  t.message('rejected')
  t.eq(require('forge').status(), '', 'the status line')
  t.eq(#vim.api.nvim_list_tabpages(), 1, 'the tab is closed')
  t.eq(vim.api.nvim_get_current_buf(), source)
  t.eq(t.text(), before, 'the text after reject')
  t.ok(not vim.wo.diff, 'diff mode is off')

  -- once more: look at it again, and say what to change
  vim.cmd('Forge preview')
  bufnr = proposal()
  t.answer('Return the comparison itself.')
  t.keys('r')
  t.wait('the second proposal', function()
    local name = vim.api.nvim_buf_is_valid(bufnr) and vim.api.nvim_buf_get_name(bufnr)
    return not name and #vim.api.nvim_list_tabpages() == 2
  end)
  bufnr = proposal()
  t.ok(t.text(bufnr):find('    return number % 2 == 0', 1, true), 'the second proposal')
  t.eq(t.text(source), before, 'the text is still untouched')
  t.messages = {}
  t.keys('a')
  t.message('applied')
  t.eq(#vim.api.nvim_list_tabpages(), 1, 'the tab is closed')
  t.ok(t.text():find('    return number % 2 == 0', 1, true), 'it is in the text')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')

  -- :q is a no, too
  vim.cmd('Forge preview')
  proposal()
  vim.cmd.quit()
  t.wait('one tab', function()
    return #vim.api.nvim_list_tabpages() == 1
  end)
  t.messages = {}
  vim.cmd('Forge accept')
  t.message('no preview open')
  t.eq(t.text(), before)

  -- who looks at something else is not taken from it
  t.messages = {}
  vim.cmd('Forge! generate')
  vim.cmd.enew()
  t.message('`:Forge preview` shows it')
  t.eq(#vim.api.nvim_list_tabpages(), 1, 'no tab')
  vim.cmd('Forge preview')
  t.ok(t.text(proposal()):find('    return number % 2 == 0', 1, true), 'the proposal')
  vim.cmd('Forge reject')
  t.eq(vim.api.nvim_buf_get_name(0), '', 'back where the user was')
  t.eq(t.text(source), before)
end)
