-- Loaded late by a plugin manager, with another progress consumer and the server killed while a job runs.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.ok(not vim.g.loaded_forge, 'it is not loaded yet')
  vim.g.forge = { enable = false }
  vim.cmd.packadd('forge')
  vim.wait(200)
  t.eq(#vim.lsp.get_clients({ name = 'forge' }), 0, 'not where the user does not want it')
  require('forge').setup({ enable = true })
  t.attached()
  t.at('...')
  local before = t.text()
  vim.cmd('Forge! generate')
  t.wait('the model', function()
    return vim.iter(t.of('report')):any(function(report)
      return report.message:find('generating', 1, true)
    end)
  end)
  t.ok(vim.lsp.status():find('generating', 1, true), "Neovim's own status knows it")
  -- answered once what was told of the job before is in the ledger, which a process that is killed may lose else
  local client = t.attached()
  client:request_sync('workspace/executeCommand', { command = 'forge.history', arguments = {} }, 10000, 0)
  for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    for _, server in ipairs(vim.api.nvim_get_proc_children(pid)) do
      vim.uv.kill(server, 'sigkill') -- else it goes on without its editor
    end
    vim.uv.kill(pid, 'sigkill')
  end
  t.message('the server stopped while a job ran', vim.log.levels.ERROR)
  t.eq(t.floats(), {}, 'the progress window is gone')
  t.eq(t.text(), before)

  -- and again: :Forge starts it again, and the job can be gone on with
  t.choose('Dismiss')
  vim.cmd('Forge models')
  t.wait('the offer to go on', function()
    return vim.iter(t.seen):any(function(seen)
      return seen.prompt:find('the job in words.py was interrupted in attempt 1', 1, true)
    end)
  end)
  t.wait('the models', function()
    return vim.api.nvim_buf_get_name(0):find('forge://models', 1, true)
  end)
end)
