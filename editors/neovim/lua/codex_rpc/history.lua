--- Owns the past of a thread that was resumed or forked: shows its turns.

local items = require("codex_rpc.items")

local M = {}

---@param thread codex_rpc.LoadedThread
---@param turn codex_rpc.Turn
local function show_turn(thread, turn)
  for _, item in ipairs(turn.items) do
    items.show(thread, turn.id, item)
  end
  if turn.status == "inProgress" then
    thread:begin_turn(turn.id, turn.startedAt and turn.startedAt * 1000)
  else
    items.show_end(thread, turn)
  end
end

---@param thread codex_rpc.LoadedThread
---@param turns codex_rpc.Turn[] the oldest first
---@param has_earlier boolean
function M.show(thread, turns, has_earlier)
  if has_earlier then
    local text = ("Earlier turns are not shown; these are the last %d."):format(#turns)
    thread.transcript:note("earlier", "note", text)
  end
  for _, turn in ipairs(turns) do
    show_turn(thread, turn)
  end
end

return M
