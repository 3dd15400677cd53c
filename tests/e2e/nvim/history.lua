-- A result that is not proven is offered; report, history and models are there to be read.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

local function shown(name)
  return t.wait(name, function()
    local bufnr = vim.api.nvim_get_current_buf()
    return vim.api.nvim_buf_get_name(bufnr):find('forge://' .. name, 1, true) and t.text(bufnr)
  end)
end

t.scenario(function()
  t.attached()
  vim.cmd('Forge report')
  t.message('there are no jobs yet')
  local before = t.text()
  t.at('...')
  t.choose('Dismiss')
  require('forge').generate({ max_iterations = 1, task = 'say whether it is even' })
  t.wait('the offer', function()
    return t.seen[1]
  end)
  t.ok(t.seen[1].prompt:find('forge: not accepted after 1 attempt · proven · score 4.0', 1, true), t.seen[1].prompt)
  t.eq(t.seen[1].rows, { 'Preview', 'Apply anyway', 'Try again', 'Report', 'Dismiss' }, 'the offer')
  t.eq(t.text(), before, 'nothing was applied')

  vim.cmd('Forge report')
  local report = shown('report/')
  t.ok(report:find('say whether it is even', 1, true), 'the report names the task')
  t.ok(report:find('words.py', 1, true), 'and the file that was sent')
  t.eq(vim.bo.filetype, 'markdown')
  t.keys('q')

  t.choose('not accepted')
  t.choose('Report')
  vim.cmd('Forge history')
  shown('report/')
  t.ok(t.seen[2].rows[1]:find('not accepted after 1 attempt · proven · score 4.0', 1, true), 'a row: ' .. t.seen[2].rows[1])
  t.ok(t.seen[2].rows[1]:find('words.py · say whether it is even', 1, true), 'a row: ' .. t.seen[2].rows[1])
  t.keys('q')

  vim.cmd('Forge models')
  local models = shown('models')
  local state = models:match('coder%s+deepseek%-coder:6.7b%s+gpu0%s+(%a+)')
  t.ok(state == 'resident' or state == 'installed', models)
  t.keys('q')

  vim.cmd('Forge doctor')
  t.ok(shown('doctor'):find('main job can run', 1, true), 'the doctor')
  t.keys('q')

  -- applied after all
  t.choose('not accepted')
  t.choose('Preview')
  vim.cmd('Forge history')
  t.wait('the preview', function()
    return #vim.api.nvim_list_tabpages() == 2
  end)
  t.messages = {}
  vim.cmd('Forge accept')
  t.message('applied')
  t.ok(t.text() ~= before, 'the text')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')

  t.eq(vim.fn.getcompletion('Forge re', 'cmdline'), { 'reject', 'report', 'retry' }, 'completion')
  vim.cmd('Forge nonsense')
  t.message('there are accept, alternatives, answer, cancel')
  local ok, problem = pcall(require('forge').setup, { progress = { windw = true } })
  t.ok(not ok and problem:find('progress.windw', 1, true), 'a wrong setting is named')
end)
