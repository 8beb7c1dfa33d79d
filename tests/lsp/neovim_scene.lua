-- What a user does: a problem in a file, the agent's fix, undoing it. Writes what came of it to the
-- file named by `OUTCOME`.

local outcome = {}

local function wait(what, condition)
  assert(vim.wait(20000, condition, 10), 'waited in vain for ' .. what)
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
end

local function scene()
  vim.g.codex_rpc_lsp = vim.json.decode(vim.env.SETTINGS)
  dofile(vim.env.SNIPPET)
  local asked
  vim.ui.select = function(items, options, choose)
    if options.kind == 'codeaction' then
      outcome.offered = vim.tbl_map(function(item)
        return item.action.title
      end, items)
    else
      asked = options.prompt
    end
    choose(items[1], 1)
  end

  vim.cmd.edit('a.py')
  wait('the server', function()
    local client = vim.lsp.get_clients({ bufnr = 0, name = 'codex-rpc' })[1]
    return client ~= nil and client.initialized
  end)
  vim.api.nvim_buf_set_lines(0, 2, 2, true, { '# not saved' })
  vim.cmd('let &undolevels = &undolevels') -- as after every command of a user's
  outcome.before = text()
  local namespace = vim.api.nvim_create_namespace('linter')
  vim.diagnostic.set(namespace, 0, {
    { lnum = 1, col = 4, message = 'Wrong operator', source = 'linter', severity = 1 },
  })
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  vim.cmd('2CodexAction')
  wait('the fix', function()
    return text():find('a + b', 1, true) ~= nil
  end)
  outcome.after = text()
  wait('the answer', function()
    return vim.fn.execute('messages'):find('Mended.', 1, true) ~= nil
  end)
  outcome.asked = asked
  vim.cmd.undo()
  outcome.undone = text()
  vim.cmd.redo()
  outcome.redone = text()

  vim.cmd('CodexAsk why?')
  wait('the answer', function()
    return vim.api.nvim_buf_get_name(0):find('answer', 1, true) ~= nil
  end)
  outcome.answer = text()

  local client = vim.lsp.get_clients({ name = 'codex-rpc' })[1]
  client:stop()
  wait('the end', client.rpc.is_closing)
  outcome.stopped = true
end

local done, problem = xpcall(scene, debug.traceback)
if not done then
  outcome.problem = problem .. '\n' .. vim.fn.execute('messages')
end
vim.fn.writefile({ vim.json.encode(outcome) }, vim.env.OUTCOME)
vim.cmd('qall!')
