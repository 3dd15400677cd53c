if vim.g.loaded_forge then
  return
end
vim.g.loaded_forge = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('forge: Neovim 0.11 or newer is needed', vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command('Forge', function(command)
  require('forge.commands').run(command)
end, {
  nargs = '*',
  range = true,
  bang = true,
  complete = function(...)
    return require('forge.commands').complete(...)
  end,
  desc = 'Write code by committee',
})

---@param name string
---@param modes string|string[]
---@param run string
---@param desc string
local function map(name, modes, run, desc)
  vim.keymap.set(modes, ('<Plug>(forge-%s)'):format(name), run, { silent = true, desc = 'forge: ' .. desc })
end

map('generate', 'n', '<Cmd>Forge generate<CR>', 'generate, asking for the task')
map('generate', 'x', ':Forge generate<CR>', 'generate for the selected lines, asking for the task')
map('generate-here', 'n', '<Cmd>Forge! generate<CR>', 'generate what the code here asks for')
map('generate-here', 'x', ':Forge! generate<CR>', 'generate what the selected lines ask for')
map('fix', 'n', '<Cmd>Forge fix<CR>', 'fix the diagnostic on this line')
map('fix', 'x', ':Forge fix<CR>', 'fix a diagnostic of the selected lines')
for name, desc in pairs({
  cancel = 'cancel',
  progress = 'follow the jobs',
  report = 'show the last report',
  history = 'earlier jobs',
  models = 'models and GPUs',
  doctor = 'what works on this machine',
  preview = 'preview the last result',
  alternatives = 'the other candidates of the last job',
  accept = 'accept the previewed code',
  reject = 'reject the previewed code',
  retry = 'say what to change and try again',
}) do
  map(name, 'n', ('<Cmd>Forge %s<CR>'):format(name), desc)
end

local group = vim.api.nvim_create_augroup('forge', { clear = true })
vim.api.nvim_create_autocmd('LspProgress', {
  group = group,
  desc = 'forge: follow the jobs',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'forge' then
      require('forge.progress').hear(client.id, event.data.params)
      if event.data.params.value.kind == 'end' then
        require('forge.lens').refresh_all(client.id)
      end
    end
  end,
})
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'forge: code lenses',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'forge' then
      require('forge.lens').attach(client, event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd('BufWriteCmd', {
  group = group,
  pattern = 'untitled://*',
  desc = 'forge: ask for a name',
  callback = function(event)
    require('forge.untitled').save(event.buf)
  end,
})

require('forge.languages').extend()
if require('forge.config').get().enable then
  vim.lsp.enable('forge')
end
