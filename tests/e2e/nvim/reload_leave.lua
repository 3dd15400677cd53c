-- Neovim is left in the middle of a job, in its second attempt.
local t = dofile(vim.env.EDITOR_TEST_SUPPORT)

t.scenario(function()
  t.attached()
  t.at('...')
  vim.cmd('Forge! generate')
  t.wait('the model', function()
    return vim.iter(t.of('report')):any(function(report)
      return report.message:find('attempt 2/2 · generating', 1, true)
    end)
  end)
  vim.wait(300) -- the call is on its way
end)
