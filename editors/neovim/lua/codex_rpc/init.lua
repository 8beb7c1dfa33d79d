--- Owns what the plugin offers to a user's configuration. Everything is loaded when first used.

local M = {}

--- Overrides settings. Not needed: without it the defaults hold.
---@param overrides? table see |codex_rpc-settings|
function M.setup(overrides)
  require("codex_rpc.config").set(overrides)
end

--- How Codex is, for a status line: "Codex: working", or empty before it was first used.
---@return string
function M.status()
  return require("codex_rpc.status").text()
end

--- Sends text to the shown thread, or to a new one.
---@param text string
function M.send(text)
  require("codex_rpc.actions").send(text)
end

--- Goes back or on in what was sent before, in the prompt.
---@param step -1|1
function M.recall(step)
  require("codex_rpc.prompt").recall(step)
end

return M
