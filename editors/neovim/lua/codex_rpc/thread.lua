--- Owns what is known of one thread: its names, its running turn, its counts, its transcript.
---
--- Plain data with small mutators. Where news come from is left to `events`, requests to `threads`
--- and `messages`.

local Transcript = require("codex_rpc.transcript")

---@class codex_rpc.LoadedThread
---@field id string
---@field name? string
---@field preview string
---@field cwd string
---@field model string
---@field transcript codex_rpc.Transcript
---@field turn? { id: string, started_ms: integer }
---@field usage? codex_rpc.ThreadTokenUsage
---@field diff? string the unified diff of the last turn
---@field changes codex_rpc.FileChangeItem[] the newest last
---@field summarised? string the reasoning that has a summary
local LoadedThread = {}
LoadedThread.__index = LoadedThread

---@param configuration codex_rpc.ThreadStartResponse
---@return codex_rpc.LoadedThread
function LoadedThread.new(configuration)
  local self = setmetatable({
    id = configuration.thread.id,
    transcript = Transcript.new(configuration.thread.id),
  }, LoadedThread)
  self:load(configuration)
  return self
end

--- Takes over what the server has said of the thread now.
---@param configuration codex_rpc.ThreadStartResponse
function LoadedThread:load(configuration)
  local thread = configuration.thread
  self.id = thread.id
  self.name = thread.name
  self.preview = thread.preview
  self.cwd = configuration.cwd
  self.model = configuration.model
  self.turn = nil
  self.usage = nil
  self.diff = nil
  self.changes = {}
  if self.transcript:is_valid() then
    self.transcript:clear()
  else
    self.transcript = Transcript.new(self.id)
  end
end

--- What to call it.
---@return string
function LoadedThread:title()
  local title = self.name or vim.trim(self.preview:match("^%s*([^\n]*)") or "")
  return title ~= "" and title or "new thread"
end

---@param id string
---@param started_ms? integer
function LoadedThread:begin_turn(id, started_ms)
  self.turn = { id = id, started_ms = started_ms or os.time() * 1000 }
end

function LoadedThread:end_turn()
  self.turn = nil
end

--- Remembers a file change, in its newest state.
---@param item codex_rpc.FileChangeItem
function LoadedThread:note_change(item)
  for at, known in ipairs(self.changes) do
    if known.id == item.id then
      self.changes[at] = item
      return
    end
  end
  self.changes[#self.changes + 1] = item
end

---@param item_id string
---@return codex_rpc.FileChangeItem?
function LoadedThread:change(item_id)
  for _, item in ipairs(self.changes) do
    if item.id == item_id then
      return item
    end
  end
end

function LoadedThread:close()
  self.transcript:delete()
end

return LoadedThread
