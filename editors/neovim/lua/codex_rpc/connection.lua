--- Owns what one run of the server is made of: its process, who waits for responses, what is unread.
---
--- When there is one, and what its messages mean, is left to `server` and its listener.

local Inbox = require("codex_rpc.inbox")
local Peer = require("codex_rpc.peer")
local Process = require("codex_rpc.process")
local config = require("codex_rpc.config")
local log = require("codex_rpc.log")

---@class codex_rpc.Connection
---@field process codex_rpc.Process
---@field peer codex_rpc.Peer
---@field inbox codex_rpc.Inbox
---@field ready_at? integer milliseconds; once the handshake is done
local Connection = {}

---@param new codex_rpc.Connection
---@return fun(line: string)
local function line_reader(new)
  return function(line)
    local ok, message = pcall(vim.json.decode, line, { luanil = { object = true } })
    if ok and type(message) == "table" then
      new.inbox:push(message)
    else
      log.add("server", "not a message: " .. line)
    end
  end
end

---@param process codex_rpc.Process
---@param listener codex_rpc.Listener
---@return codex_rpc.Peer
local function peer_of(process, listener)
  return Peer.new({
    write = function(text)
      process:write(text)
    end,
    on_notification = listener.notification,
    on_request = listener.request,
  })
end

---@param process codex_rpc.Process
---@param peer codex_rpc.Peer
---@return codex_rpc.Inbox
local function inbox_of(process, peer)
  return Inbox.new({
    handle = function(message)
      peer:handle(message)
    end,
    pause = function()
      process:pause()
    end,
    resume = function()
      process:resume()
    end,
  })
end

--- Starts a process; nil and the reason if that fails.
---@param listener codex_rpc.Listener
---@param on_exit fun(ended: codex_rpc.Connection, code: integer, signal: integer)
---@return codex_rpc.Connection? connection
---@return string? reason
function Connection.open(listener, on_exit)
  local new = {} ---@type codex_rpc.Connection
  local process, reason = Process.spawn({
    command = config.server_command(),
    cwd = vim.fn.getcwd(),
    env = config.get().env,
    on_line = line_reader(new),
    on_stderr = function(line)
      log.add("server", line)
    end,
    on_exit = vim.schedule_wrap(function(code, signal)
      on_exit(new, code, signal)
    end),
  })
  if not process then
    return nil, reason
  end
  new.process = process
  new.peer = peer_of(process, listener)
  new.inbox = inbox_of(process, new.peer)
  return new
end

return Connection
