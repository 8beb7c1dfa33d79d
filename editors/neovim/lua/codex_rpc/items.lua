--- Owns the way of an item into its thread's transcript, whether it happens now or did long ago.

local render = require("codex_rpc.render")

local M = {}

--- What to call an item within its thread: some models number theirs anew in every turn.
---@param turn_id string
---@param item_id string
---@return string
function M.key(turn_id, item_id)
  return turn_id .. "/" .. item_id
end

--- Shows an item in its newest state.
---@param thread codex_rpc.LoadedThread
---@param turn_id string
---@param item codex_rpc.ThreadItem
function M.show(thread, turn_id, item)
  local content = render.item(item)
  if not content then
    return
  end
  content.turn_id = turn_id
  item = vim.tbl_extend("force", item, { id = M.key(turn_id, item.id) })
  if item.type == "fileChange" then
    thread:note_change(item --[[@as codex_rpc.FileChangeItem]])
  end
  if item.type == "userMessage" and thread.preview == "" then
    thread.preview = content.head[1]:sub(3)
  end
  thread.transcript:put(item.id, content)
end

--- Shows how a turn ended.
---@param thread codex_rpc.LoadedThread
---@param turn codex_rpc.Turn
---@param usage? codex_rpc.ThreadTokenUsage
function M.show_end(thread, turn, usage)
  if turn.error then
    thread.transcript:note("error:" .. turn.id, "error", turn.error.message)
  end
  thread.transcript:put("turn:" .. turn.id, render.turn_end(turn, usage))
end

return M
