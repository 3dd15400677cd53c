-- Wrong settings are told and refuse jobs until they are repaired; a paid call asks first, and a no is a no.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  local client = t.attached()
  local function configure(settings)
    client.settings = settings
    client:notify('workspace/didChangeConfiguration', { settings = settings })
  end
  local before = t.text()
  t.at('...')
  configure({ forge = { budjet = { job = 1 } } })
  vim.cmd('Forge! generate')
  t.message('forge: budjet', vim.log.levels.ERROR)
  vim.cmd('checkhealth forge')
  t.ok(t.text():find('ERROR budjet', 1, true), t.text())
  vim.cmd.bwipeout({ bang = true })

  t.messages = {}
  configure({ forge = { budget = { job = 1 } } })
  t.choose('Not now')
  vim.cmd('Forge! generate')
  t.wait('the end', function()
    return t.of('end')[1]
  end)
  t.eq(t.text(), before, 'nothing was written')
  t.ok(t.seen[1].prompt:find('Send code of work (words.py) to ', 1, true), 'the question: ' .. t.seen[1].prompt)
  t.eq(t.seen[1].rows, { 'Not now', 'Allow', 'Never' }, 'the answers')

  t.choose('Allow')
  vim.cmd('Forge! generate')
  t.message('applied')
  t.ok(t.text():find('return number % 2 == 0', 1, true), 'it is written')
end)
