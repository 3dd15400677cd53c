-- The result is in the text; the second-best takes its place with two keys, and one undo brings the result back.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

local function proposal(words)
  return t.wait('the candidate ' .. words, function()
    for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
      local bufnr = vim.api.nvim_win_get_buf(window)
      if vim.api.nvim_buf_get_name(bufnr):find('forge://preview/', 1, true) and vim.wo[window].diff then
        return vim.wo[window].winbar:find(words, 1, true) and bufnr
      end
    end
  end)
end

t.scenario(function()
  vim.keymap.set('n', '<F5>', '<Plug>(forge-alternatives)')
  t.attached()
  local before, source = t.text(), vim.api.nvim_get_current_buf()
  t.at('...')
  vim.cmd('Forge! generate')
  t.wait('the result', function()
    return t.text(source) ~= before
  end)
  local result = t.text(source)
  t.message('applied')

  t.keys('<F5>')
  local bufnr = proposal('1.2 by coder')
  t.ok(vim.wo.winbar:find('1 of 1 check passes', 1, true), 'what was run')
  t.eq(t.text(source), result, 'nothing is changed yet')
  local second = t.text(bufnr)
  t.ok(second ~= result, 'another candidate')
  t.keys('<Tab>') -- on to the next, which is the result again
  t.wait('the result', function()
    return not vim.api.nvim_buf_is_valid(bufnr)
  end)
  t.message('the text is already as proposed')
  t.eq(#vim.api.nvim_list_tabpages(), 1)

  t.messages = {}
  t.keys('<F5>')
  proposal('1.2 by coder')
  t.keys('a')
  t.message('applied')
  t.eq(t.text(source), second, 'the second-best is in the text')
  t.keys('u')
  t.eq(t.text(source), result, 'one undo')
  t.keys('u')
  t.eq(t.text(source), before, 'and one more')
end)
