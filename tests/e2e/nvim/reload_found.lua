-- The next Neovim finds the job of the one before: its progress, its result, and what is said of it.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  local before = t.text()
  t.wait('the progress of the job', function()
    return #t.of('report') > 0
  end)
  t.ok(t.floats()[1], 'the progress window')
  t.eq(t.text(), before, 'nothing is changed before it has ended')
  vim.fn.writefile({}, 'seen')
  t.wait('the result', function()
    return t.text() ~= before
  end)
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'the result is there')
  t.message('accepted · proven')
  t.message('applied')
  vim.cmd('silent undo')
  t.eq(t.text(), before, 'one undo takes it back')

  -- the server is restarted in the middle of the next one: it goes on, and is shown again
  t.progress, t.messages = {}, {}
  t.at('...')
  vim.cmd('Forge! generate')
  t.wait('the model', function()
    return vim.iter(t.of('report')):any(function(report)
      return report.message:find('generating', 1, true)
    end)
  end)
  vim.wait(300)
  local client = t.attached()
  client:stop()
  t.message('the job goes on')
  t.wait('the end of the server', function()
    return #vim.lsp.get_clients({ name = 'forge' }) == 0
  end)
  t.progress = {}
  vim.cmd('edit!')
  t.attached()
  t.wait('its progress again', function()
    return #t.of('report') > 0
  end)
  vim.fn.writefile({}, 'again')
  t.wait('the result', function()
    return t.text() ~= before
  end)
  t.message('applied')
end)
