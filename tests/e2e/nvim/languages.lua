-- Buffers in languages that only the settings describe have the server, and its code actions.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  local languages = require('forge.languages')
  t.eq(languages.described('[language.a]\nsuffixes = [".a"] # one\n[check.a]\nsuffixes = [".b"]\n'), {
    { names = { 'a' }, suffixes = { '.a' } },
  }, 'a table ends where another begins')
  t.eq(languages.described('# [language.a]\nprofile = "auto"\n'), {}, 'a comment')

  local filetypes = vim.lsp.config.forge.filetypes
  for _, name in ipairs({ 'python', 'wish', 'elixir', 'own-ruby', 'rake', 'ruby' }) do
    t.ok(vim.list_contains(filetypes, name), 'the file type ' .. name)
  end

  for _, name in ipairs({ 'a.wish', 'b.wsh', 'c.ex', 'd.rake' }) do
    vim.cmd.edit(name)
    t.attached()
  end

  vim.cmd.edit('a.wish')
  t.eq(vim.bo.filetype, 'wish')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'say one', '# TODO: say two' })
  vim.bo.modified = false
  vim.api.nvim_win_set_cursor(0, { 2, 3 })
  local client = t.attached()
  local actions = t.wait('the code action', function()
    local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
    params.context = { diagnostics = {} }
    local answer = client:request_sync('textDocument/codeAction', params, 20000, 0)
    local found = answer and answer.result or {}
    return #found > 0 and found
  end)
  t.eq(actions[1].title, 'Generate with ensemble')
end)
