--- Owns the wiring: who hears of what the server says and does.

local M = {}

local wired = false

local function at_exit()
  vim.api.nvim_create_autocmd("VimLeavePre", {
    group = vim.api.nvim_create_augroup("codex_rpc_exit", {}),
    desc = "End the Codex server",
    callback = function()
      require("codex_rpc.server").stop_now()
    end,
  })
end

--- The server, with everybody listening who should.
function M.server()
  local server = require("codex_rpc.server")
  if wired then
    return server
  end
  wired = true
  at_exit()
  local events = require("codex_rpc.events")
  local messages = require("codex_rpc.messages")
  local questions = require("codex_rpc.questions")
  local threads = require("codex_rpc.threads")
  server.listen({
    notification = events.notification,
    request = questions.add,
    state = function()
      require("codex_rpc.status").changed()
    end,
    ready = threads.rejoin,
    lost = function(cause)
      questions.drop_all()
      threads.lost(cause)
      messages.lost(cause)
    end,
  })
  return server
end

return M
