--- Owns how the output of a command or tool reads, and how it is said to be. Pure.

local ansi = require("codex_rpc.ansi")
local config = require("codex_rpc.config")

local M = {}

--- An output as lines, shortened in the middle if it is long.
---@param text string
---@return string[]
function M.lines(text)
  local clean = ansi.strip(text):gsub("\n+$", "")
  if clean == "" then
    return {}
  end
  local lines = vim.split(clean, "\n", { plain = true })
  local most = config.get().output_lines
  if #lines <= most then
    return lines
  end
  local half = math.floor(most / 2)
  local short = vim.list_slice(lines, 1, half)
  short[#short + 1] = ("… %d lines are not shown …"):format(#lines - 2 * half)
  return vim.list_extend(short, lines, #lines - half + 1, #lines)
end

local STATES = { inProgress = "running", completed = "done", declined = "declined" }

--- What a status of the protocol is to the reader.
---@param status string
---@return codex_rpc.BlockState
function M.state(status)
  return STATES[status] or "failed"
end

return M
