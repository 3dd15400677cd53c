-- Every <Plug> map does what its command does, pressed by a key of the user's; the plugin itself takes no key.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

local TELLS = {
  fix = 'there is no diagnostic here',
  cancel = 'nothing is running',
  report = 'there are no jobs yet',
  history = 'there are no jobs yet',
  alternatives = 'there is no result yet',
  preview = 'there is no result',
  accept = 'no preview open',
  reject = 'no preview open',
  retry = 'there is no result to go on from',
}
local SHOWS = { progress = 'forge://progress', models = 'forge://models', doctor = 'forge://doctor' }

t.scenario(function()
  t.attached()
  local names = {}
  for _, mode in ipairs({ 'n', 'x', 'i', 'o' }) do
    for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
      local name = map.lhs:match('^<Plug>%(forge%-(.+)%)$')
      if name then
        names[name] = true
      else
        t.ok(not (map.rhs or ''):find('Forge', 1, true), map.lhs .. ' is taken')
      end
    end
  end

  for name, words in pairs(TELLS) do
    names[name] = nil
    t.messages = {}
    vim.keymap.set('n', 'gM', ('<Plug>(forge-%s)'):format(name))
    t.keys('gM')
    t.message(words)
  end
  for name, buffer in pairs(SHOWS) do
    names[name] = nil
    vim.keymap.set('n', 'gM', ('<Plug>(forge-%s)'):format(name))
    t.keys('gM')
    t.wait(buffer, function()
      return vim.api.nvim_buf_get_name(0):find(buffer, 1, true)
    end)
    t.keys('q')
  end

  -- with a question, which is escaped first, and answered then
  local before = t.text()
  t.at('...')
  vim.keymap.set({ 'n', 'x' }, 'gM', '<Plug>(forge-generate)')
  t.answer(false)
  t.keys('gM')
  t.wait('the question', function()
    return #t.seen == 1
  end)
  t.answer('say whether it is even')
  t.messages = {}
  t.keys('gM')
  t.message('applied')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'the code')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')

  -- without one
  t.at('...')
  vim.keymap.set({ 'n', 'x' }, 'gM', '<Plug>(forge-generate-here)')
  t.messages = {}
  t.keys('gM')
  t.message('applied')
  t.eq(#t.seen, 2, 'nothing more was asked')
  names['generate'], names['generate-here'] = nil, nil
  t.eq(names, {}, 'maps that nobody has pressed')
end)
