--- Owns what each notification of the server changes.

local items = require("codex_rpc.items")
local log = require("codex_rpc.log")
local messages = require("codex_rpc.messages")
local notice = require("codex_rpc.notice")
local questions = require("codex_rpc.questions")
local render = require("codex_rpc.render")
local status = require("codex_rpc.status")
local threads = require("codex_rpc.threads")

local M = {}

---@type table<string, fun(thread: codex_rpc.LoadedThread, params: any)>
local of_thread = {}

of_thread["turn/started"] = function(thread, params)
  thread:begin_turn(params.turn.id, params.turn.startedAt and params.turn.startedAt * 1000)
  status.changed()
end

of_thread["turn/completed"] = function(thread, params)
  thread:end_turn()
  thread.transcript:flush()
  items.show_end(thread, params.turn, thread.usage)
  messages.turn_ended(thread.id)
  status.changed()
end

of_thread["item/started"] = function(thread, params)
  items.show(thread, params.turnId, params.item)
end

-- What may have changed files that are open in the editor.
local EDITS = { fileChange = true, commandExecution = true, mcpToolCall = true }

of_thread["item/completed"] = function(thread, params)
  local item = params.item
  items.show(thread, params.turnId, item)
  if item.type == "userMessage" and item.clientId then
    messages.recorded(item.clientId)
  elseif EDITS[item.type] then
    vim.schedule(function()
      vim.cmd("silent! checktime")
    end)
  end
end

local function append(thread, params)
  thread.transcript:append(params.itemId, params.delta)
end

of_thread["item/agentMessage/delta"] = append
of_thread["item/commandExecution/outputDelta"] = append

---@param thread codex_rpc.LoadedThread
---@param params { itemId: string, turnId: string }
local function show_reasoning(thread, params)
  if not thread.transcript:has(params.itemId) then
    local content = render.silent_reasoning()
    content.turn_id = params.turnId
    thread.transcript:put(params.itemId, content)
  end
end

of_thread["item/reasoning/summaryTextDelta"] = function(thread, params)
  show_reasoning(thread, params)
  thread.summarised = params.itemId
  append(thread, params)
end

of_thread["item/reasoning/summaryPartAdded"] = function(thread, params)
  if params.summaryIndex > 0 then
    thread.transcript:append(params.itemId, "\n\n")
  end
end

of_thread["item/reasoning/textDelta"] = function(thread, params)
  -- Where there is a summary, the raw text is not shown.
  if thread.summarised ~= params.itemId then
    show_reasoning(thread, params)
    append(thread, params)
  end
end

of_thread["item/commandExecution/terminalInteraction"] = function(thread, params)
  if params.stdin ~= "" then
    thread.transcript:append(params.itemId, params.stdin)
  end
end

of_thread["item/mcpToolCall/progress"] = function(thread, params)
  thread.transcript:mark(params.itemId, "running", params.message)
end

of_thread["turn/plan/updated"] = function(thread, params)
  local content = render.plan(params)
  content.turn_id = params.turnId
  thread.transcript:put("plan:" .. params.turnId, content)
end

of_thread["turn/diff/updated"] = function(thread, params)
  thread.diff = params.diff
end

of_thread["thread/tokenUsage/updated"] = function(thread, params)
  thread.usage = params.tokenUsage
  status.changed()
end

of_thread["thread/name/updated"] = function(thread, params)
  thread.name = params.threadName
  status.changed()
end

of_thread["thread/settings/updated"] = function(thread, params)
  thread.model = params.threadSettings.model
  status.changed()
end

of_thread["thread/reverted"] = function(thread)
  threads.resume(thread.id)
end

of_thread["thread/archived"] = function(thread)
  threads.forget(thread.id)
end
of_thread["thread/deleted"] = of_thread["thread/archived"]

of_thread["error"] = function(thread, params)
  if params.willRetry then
    local text = ("%s (trying again)"):format(params.error.message)
    thread.transcript:note("retry:" .. params.turnId, "note", text)
  end
end

---@type table<string, fun(params: any)>
local of_server = {}

of_server["serverRequest/resolved"] = function(params)
  questions.resolved(params.requestId)
end

of_server["thread/started"] = function(params)
  local thread = threads.get(params.thread.id)
  if thread then
    thread.preview = params.thread.preview
  end
end

---@param text string
---@param details? string
local function warn(text, details)
  log.add("client", details and text .. "\n" .. details or text)
  notice.warn(text)
end

of_server["warning"] = function(params)
  warn(params.message)
end

of_server["configWarning"] = function(params)
  warn(params.summary, params.details)
end

of_server["deprecationNotice"] = function(params)
  log.add("client", params.summary)
end

of_server["mcpServer/startupStatus/updated"] = function(params)
  if params.status == "failed" then
    warn(("the MCP server %s has not started"):format(params.name), params.error)
  end
end

---@param method string
---@param params table
function M.notification(method, params)
  local handler = of_thread[method]
  if not handler then
    local general = of_server[method]
    if general then
      general(params)
    end
    return
  end
  local thread = threads.get(params.threadId)
  if thread then
    if params.itemId then
      params.itemId = items.key(params.turnId, params.itemId)
    end
    handler(thread, params)
  end
end

return M
