-- Code lenses over a stub and a TODO(forge): seen, run, gone when the code is there, switched off by settings.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

---The lines (from 1) with a lens, as Neovim knows and shows them.
local function lenses()
  local known = vim.tbl_map(function(lens)
    return lens.range.start.line + 1
  end, vim.lsp.codelens.get(0))
  table.sort(known)
  return known
end

local function shown()
  local client = t.attached()
  local namespace = vim.lsp.codelens.__namespaces[client.id]
  local rows = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    rows[#rows + 1] = ('%d %s'):format(mark[2] + 1, mark[4].virt_text[1][1])
  end
  return rows
end

local function become(rows)
  t.wait(('lenses in %s, there are %s'):format(vim.inspect(rows), vim.inspect(lenses())), function()
    return vim.deep_equal(lenses(), rows)
  end)
end

t.scenario(function()
  local client = t.attached()
  local before = t.text()
  become({ 4, 14 })
  t.eq(shown(), { '4 Generate with ensemble', '14 Generate with ensemble' }, 'what is shown')

  t.at('def is_even')
  vim.lsp.codelens.run()
  t.message('applied')
  t.eq(t.text(), (before:gsub('    %.%.%.', '    return number %% 2 == 0', 1)), 'the buffer')
  become({ 14 })
  t.eq(#t.of('begin'), 1, 'one job')
  t.keys('u')
  t.eq(t.text(), before, 'one undo')
  become({ 4, 14 })

  local function configure(enabled)
    client.settings = { forge = { lens = { enabled = enabled } } }
    client:notify('workspace/didChangeConfiguration', { settings = client.settings })
  end
  configure(false)
  become({})
  t.eq(shown(), {}, 'nothing is shown')
  configure(true)
  become({ 4, 14 })

  require('forge').setup({ lens = false })
  vim.cmd.edit('other.py')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'def f(): ...' })
  t.attached()
  vim.wait(600)
  t.eq(lenses(), {}, 'not where the user does not want them')
end)
