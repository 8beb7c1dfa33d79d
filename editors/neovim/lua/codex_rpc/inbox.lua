--- Owns the messages that were read and not yet handled.
---
--- They come in libuv's context and are handled on the main loop, in order, for a few milliseconds
--- at a time, so that a flood leaves the editor time to draw and to take keys. When too many wait,
--- the reader is told to pause. What a message does is left to the handler.

local SLICE_NS = 8 * 1e6
local BREAK_MS = 4
local HIGH_WATER = 4096
local LOW_WATER = 1024

---@class codex_rpc.InboxOptions
---@field handle fun(message: table)
---@field pause fun()
---@field resume fun()

---@class codex_rpc.Inbox
---@field private options codex_rpc.InboxOptions
---@field private messages table<integer, table>
---@field private first integer
---@field private last integer
---@field private draining boolean
---@field private paused boolean
local Inbox = {}
Inbox.__index = Inbox

---@param options codex_rpc.InboxOptions
---@return codex_rpc.Inbox
function Inbox.new(options)
  return setmetatable({
    options = options,
    messages = {},
    first = 1,
    last = 0,
    draining = false,
    paused = false,
  }, Inbox)
end

---@return integer
function Inbox:waiting()
  return self.last - self.first + 1
end

---@param message table
function Inbox:push(message)
  self.last = self.last + 1
  self.messages[self.last] = message
  if not self.paused and self:waiting() >= HIGH_WATER then
    self.paused = true
    self.options.pause()
  end
  if not self.draining then
    self.draining = true
    vim.schedule(function()
      self:_drain()
    end)
  end
end

---@private
function Inbox:_drain()
  local deadline = vim.uv.hrtime() + SLICE_NS
  while self:waiting() > 0 and vim.uv.hrtime() < deadline do
    self:_handle_first()
  end
  if self.paused and self:waiting() <= LOW_WATER then
    self.paused = false
    self.options.resume()
  end
  if self:waiting() > 0 then
    vim.defer_fn(function()
      self:_drain()
    end, BREAK_MS)
  else
    self.draining = false
  end
end

--- Handles everything that waits, however long it takes.
function Inbox:empty()
  while self:waiting() > 0 do
    self:_handle_first()
  end
end

---@private
function Inbox:_handle_first()
  local message = self.messages[self.first]
  self.messages[self.first] = nil
  self.first = self.first + 1
  local ok, problem = xpcall(self.options.handle, debug.traceback, message)
  if not ok then
    require("codex_rpc.log").add("error", tostring(problem))
  end
end

return Inbox
