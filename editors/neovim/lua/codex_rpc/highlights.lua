--- Owns the highlight groups. All are links that a colour scheme or a user may override.

local M = {}

M.namespace = vim.api.nvim_create_namespace("codex_rpc")

local links = {
  CodexRpcUser = "Title",
  CodexRpcCommand = "Function",
  CodexRpcOutput = "Comment",
  CodexRpcChange = "Directory",
  CodexRpcReasoning = "Comment",
  CodexRpcPlan = "Special",
  CodexRpcTool = "Function",
  CodexRpcNote = "Comment",
  CodexRpcError = "DiagnosticError",
  CodexRpcRunning = "DiagnosticInfo",
  CodexRpcWaiting = "DiagnosticWarn",
  CodexRpcDone = "DiagnosticOk",
  CodexRpcFailed = "DiagnosticError",
  CodexRpcMuted = "NonText",
  CodexRpcAdded = "Added",
  CodexRpcRemoved = "Removed",
}

function M.define()
  for name, target in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

return M
