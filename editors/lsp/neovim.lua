-- codex-rpc as a language server in Neovim 0.11 or later.
--
-- Put this into your init.lua, or `dofile` it from there. `:CodexAction` offers what the agent can
-- do about the line or the selection; `:CodexAsk why is this slow?` asks it anything.

local settings = vim.tbl_extend('force', {
  cmd = { 'codex-rpc', 'lsp' },
  init_options = {},
}, vim.g.codex_rpc_lsp or {})

local function start(buffer)
  if vim.bo[buffer].buftype ~= '' or vim.api.nvim_buf_get_name(buffer) == '' then
    return
  end
  vim.lsp.start({
    name = 'codex-rpc',
    cmd = settings.cmd,
    init_options = settings.init_options,
    root_dir = vim.fs.root(buffer, { '.git' }) or vim.fn.getcwd(),
  }, { bufnr = buffer })
end

local group = vim.api.nvim_create_augroup('codex-rpc-lsp', {})
vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
  group = group,
  callback = function(event)
    start(event.buf)
  end,
})

-- Neovim tells a server only of its own diagnostics; the agent is to mend those of all servers.
vim.api.nvim_create_user_command('CodexAction', function(command)
  local found = vim.iter(vim.diagnostic.get(0)):filter(function(diagnostic)
    return diagnostic.lnum + 1 >= command.line1 and diagnostic.lnum + 1 <= command.line2
  end)
  local last = vim.fn.getline(command.line2)
  vim.lsp.buf.code_action({
    context = { diagnostics = vim.lsp.diagnostic.from(found:totable()) },
    range = command.range == 2 and {
      start = { command.line1, 0 },
      ['end'] = { command.line2, #last },
    } or nil,
    filter = function(action)
      local name = type(action.command) == 'table' and action.command.command or action.command
      return vim.startswith(name or '', 'codex-rpc.')
    end,
  })
end, { range = true })

vim.api.nvim_create_user_command('CodexAsk', function(command)
  local client = vim.lsp.get_clients({ name = 'codex-rpc' })[1]
  if client == nil then
    vim.notify('codex-rpc serves no buffer', vim.log.levels.ERROR)
    return
  end
  client:exec_cmd({ title = 'Ask', command = 'codex-rpc.ask', arguments = { command.args } })
end, { nargs = '+' })
