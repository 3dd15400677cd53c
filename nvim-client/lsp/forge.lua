-- The language server's configuration. Change it with vim.lsp.config('forge', { ... }); see :help forge-server.

---@type vim.lsp.Config
return {
  cmd = { 'forge-lsp' },
  filetypes = {
    'python',
    'cs',
    'typescript',
    'typescriptreact',
    'javascript',
    'javascriptreact',
    'go',
    'rust',
    'java',
    'c',
    'cpp',
    'php',
    'ruby',
    'kotlin',
    -- Nothing is written in these; the server says why, in a disabled action.
    'vue',
    'svelte',
    'astro',
  },
  root_markers = {
    'forge.toml',
    '.git',
    { 'pyproject.toml', 'setup.py', 'package.json', 'tsconfig.json', 'go.mod', 'Cargo.toml', 'pom.xml', 'composer.json', 'Gemfile' },
  },
  init_options = { questions = true, jobEvents = true, foundJobs = true },
  capabilities = { workspace = { codeLens = { refreshSupport = true } } },
  -- Code actions and lenses bring this command: run here, its outcome is shown as that of :Forge is.
  commands = {
    ['forge.generate'] = function(command, context)
      require('forge.job').from_action(command, context)
    end,
    -- An inline completion was taken (Neovim 0.12): the preview of that result goes.
    ['forge.taken'] = function(command, context)
      require('forge.preview').taken(command, context)
    end,
  },
  handlers = {
    ['workspace/applyEdit'] = function(...)
      return require('forge.edits').apply(...)
    end,
    ['forge/question'] = function(_, params, context)
      return require('forge.question').asked(params, context)
    end,
    ['forge/jobEvent'] = function(_, event, context)
      require('forge.watch').hear(context.client_id, event)
    end,
    ['forge/jobFound'] = function(_, params, context)
      require('forge.found').heard(params, context)
    end,
    ['forge/questionWithdrawn'] = function(_, params)
      require('forge.question').withdrawn(params)
    end,
    ['workspace/codeLens/refresh'] = function(_, _, context)
      require('forge.lens').refresh_all(context.client_id)
      return vim.NIL
    end,
  },
  on_exit = function(_, _, client_id)
    vim.schedule(function()
      require('forge.progress').forget(client_id)
      require('forge.watch').forget(client_id)
    end)
  end,
}
