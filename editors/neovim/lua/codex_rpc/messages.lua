--- Owns what the user sends, until it is safely on record with the thread.
---
--- A message that the server has not put on record comes back into the prompt, whether it was
--- refused or the server is gone.

local client = require("codex_rpc.client")
local notice = require("codex_rpc.notice")
local prompt = require("codex_rpc.prompt")
local status = require("codex_rpc.status")
local threads = require("codex_rpc.threads")

local M = {}

-- Input that joined a turn in its last moment begins the next one at once, or is lost.
local SETTLE_MS = 1000

---@class codex_rpc.SentMessage
---@field client_id string
---@field text string
---@field thread_id? string
---@field recorded boolean

---@type codex_rpc.SentMessage[]
local outbox = {}
local count = 0

---@param text string
---@return codex_rpc.SentMessage
local function note(text)
  count = count + 1
  local client_id = ("nvim-%d-%d-%d"):format(vim.fn.getpid(), os.time(), count)
  local message = { client_id = client_id, text = text, recorded = false }
  outbox[#outbox + 1] = message
  prompt.remember(text)
  return message
end

---@param message codex_rpc.SentMessage
---@return boolean was_there
local function take_out(message)
  for at, other in ipairs(outbox) do
    if other == message then
      table.remove(outbox, at)
      return true
    end
  end
  return false
end

---@param message codex_rpc.SentMessage
---@param cause string
local function give_back(message, cause)
  if take_out(message) then
    prompt.put_back(message.text)
    notice.warn(("not sent, back in the prompt: %s"):format(cause))
    status.changed()
  end
end

---@param message codex_rpc.SentMessage
---@param method "turn/start"|"turn/steer"
---@param params table
local function dispatch(message, method, params)
  params.input = { { type = "text", text = message.text } }
  params.clientUserMessageId = message.client_id
  params.threadId = message.thread_id
  client.server().request(method, params, function(err)
    if err then
      give_back(message, err.message)
    end
  end)
  status.changed()
end

--- Sends text to the shown thread, or to a new one; it starts a turn or joins the running one.
---@param text string
function M.send(text)
  local message = note(text)
  threads.with_current(function(err, thread)
    if err or not thread then
      give_back(message, err and err.message or "there is no thread")
      return
    end
    message.thread_id = thread.id
    dispatch(message, "turn/start", vim.empty_dict())
  end)
end

--- Adds text to the running turn.
---@param text string
---@return boolean accepted
function M.steer(text)
  local thread = threads.current()
  if not (thread and thread.turn) then
    notice.warn("no turn is running")
    return false
  end
  local message = note(text)
  message.thread_id = thread.id
  dispatch(message, "turn/steer", { expectedTurnId = thread.turn.id })
  return true
end

--- Stops the running turn.
function M.interrupt()
  local thread = threads.current()
  if not (thread and thread.turn) then
    notice.warn("no turn is running")
    return
  end
  local params = { threadId = thread.id, turnId = thread.turn.id }
  client.server().request("turn/interrupt", params, function(err)
    if err then
      notice.error("cannot interrupt: " .. err.message)
    end
  end)
end

--- The thread has a message on record.
---@param client_id string
function M.recorded(client_id)
  for _, message in ipairs(outbox) do
    if message.client_id == client_id then
      message.recorded = true
    end
  end
end

---@param thread_id string
---@return boolean
local function is_busy(thread_id)
  local thread = threads.get(thread_id)
  return thread ~= nil and thread.turn ~= nil
end

--- A turn of the thread is over: what it has on record needs no more care.
---@param thread_id string
function M.turn_ended(thread_id)
  local open = {}
  for _, message in ipairs(vim.list_slice(outbox)) do
    if message.thread_id == thread_id and message.recorded then
      take_out(message)
    elseif message.thread_id == thread_id then
      open[#open + 1] = message
    end
  end
  if #open > 0 then
    vim.defer_fn(function()
      for _, message in ipairs(open) do
        if not message.recorded and not is_busy(thread_id) then
          give_back(message, "the turn ended before it was read")
        end
      end
    end, SETTLE_MS)
  end
end

--- How many messages the server has not put on record.
---@return integer
function M.in_flight()
  return #vim.tbl_filter(function(message)
    return not message.recorded
  end, outbox)
end

--- The server is gone. What was on record when its turn broke off is offered again, too.
---@param cause string
function M.lost(cause)
  local sent = vim.tbl_filter(function(message)
    return message.thread_id ~= nil
  end, outbox)
  for _, message in ipairs(sent) do
    if not message.recorded then
      give_back(message, cause)
    elseif take_out(message) and prompt.is_empty() then
      prompt.put_back(message.text)
      notice.info("the turn broke off; what you said is in the prompt again")
    end
  end
end

return M
