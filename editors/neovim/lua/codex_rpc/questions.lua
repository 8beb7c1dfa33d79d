--- Owns the server's open questions: which there are, which is being asked, and their answers.
---
--- What a question looks like and what may be answered is left to `approvals`, `user_input` and
--- `elicitation`; when one may be put to the user unbidden, to `attention`. One that the user
--- leaves without an answer stays open.

local attention = require("codex_rpc.attention")
local client = require("codex_rpc.client")
local items = require("codex_rpc.items")
local notice = require("codex_rpc.notice")
local status = require("codex_rpc.status")
local threads = require("codex_rpc.threads")

local M = {}

---@class codex_rpc.Question
---@field id integer|string the server request
---@field method string
---@field params table
---@field offered boolean it was put to the user, who has not answered

---@class codex_rpc.Asker
---@field summary fun(question: codex_rpc.Question): string in a line
---@field ask fun(question: codex_rpc.Question, answer: fun(response?: table)) nil: not now
---@field respond fun(question: codex_rpc.Question, decision: string): table? by a word
---@field decisions fun(question: codex_rpc.Question): string[] those words

local ASKERS = {
  ["item/commandExecution/requestApproval"] = "codex_rpc.approvals",
  ["item/fileChange/requestApproval"] = "codex_rpc.approvals",
  ["item/permissions/requestApproval"] = "codex_rpc.permissions",
  ["item/tool/requestUserInput"] = "codex_rpc.user_input",
  ["mcpServer/elicitation/request"] = "codex_rpc.elicitation",
}

---@type codex_rpc.Question[]
local open = {}
---@type codex_rpc.Question?
local asking
---@type fun(question: codex_rpc.Question)[]
local listeners = {}

---@param question codex_rpc.Question
---@return codex_rpc.Asker
local function asker(question)
  return require(ASKERS[question.method])
end

---@param question codex_rpc.Question
---@param state codex_rpc.BlockState
---@param note? string
local function mark(question, state, note)
  local thread = threads.get(question.params.threadId)
  if thread and question.params.itemId then
    thread.transcript:mark(question.params.itemId, state, note)
  end
end

--- Calls `listener` for every question that is closed, one way or another.
---@param listener fun(question: codex_rpc.Question)
function M.on_closed(listener)
  listeners[#listeners + 1] = listener
end

---@return integer
function M.count()
  return #open
end

--- The question that has waited longest.
---@return codex_rpc.Question?
function M.oldest()
  return open[1]
end

---@param item_id string
---@return codex_rpc.Question?
function M.about(item_id)
  for _, question in ipairs(open) do
    if question.params.itemId == item_id then
      return question
    end
  end
end

---@param question codex_rpc.Question
local function remove(question)
  for at, other in ipairs(open) do
    if other == question then
      table.remove(open, at)
      break
    end
  end
  if asking == question then
    asking = nil
    attention.dismiss()
  end
  if #open == 0 then
    attention.stop()
  end
  for _, listener in ipairs(listeners) do
    listener(question)
  end
  status.changed()
end

---@param question codex_rpc.Question
---@return boolean
local function is_open(question)
  return vim.list_contains(open, question)
end

---@param question codex_rpc.Question
---@param response table
local function answer(question, response)
  if not is_open(question) then
    notice.info("that question is no longer open")
    return
  end
  client.server().respond(question.id, response)
  asking = asking ~= question and asking or nil
  mark(question, "running")
  remove(question)
end

--- Puts a question to the user.
---@param question codex_rpc.Question
function M.ask(question)
  if asking then
    return
  end
  asking = question
  question.offered = true
  local thread = threads.get(question.params.threadId)
  if thread and question.params.itemId then
    thread.transcript:reveal(question.params.itemId)
    vim.cmd.redraw()
  end
  asker(question).ask(question, function(response)
    if asking == question then
      asking = nil
    end
    if response then
      answer(question, response)
    end
  end)
end

local function ask_unbidden()
  if asking then
    return
  end
  for _, question in ipairs(open) do
    if not question.offered then
      M.ask(question)
      return
    end
  end
end

--- A request of the server's has come.
---@param id integer|string
---@param method string
---@param params table
function M.add(id, method, params)
  if not ASKERS[method] then
    client.server().refuse(id, ("this client does not know `%s`"):format(method))
    return
  end
  if params.itemId then
    params.itemId = items.key(params.turnId, params.itemId)
  end
  local question = { id = id, method = method, params = params, offered = false }
  open[#open + 1] = question
  mark(question, "waiting", "waits for you")
  local summary = asker(question).summary(question)
  notice.info("asks: " .. summary)
  status.changed()
  attention.watch(ask_unbidden)
end

--- Answers a question by a word, such as "accept"; the oldest one, if none is given.
---@param decision string
---@param question? codex_rpc.Question
function M.decide(decision, question)
  question = question or open[1]
  if not question then
    notice.warn("nothing is asked")
    return
  end
  local response = asker(question).respond(question, decision)
  if response then
    answer(question, response)
  else
    local words = table.concat(asker(question).decisions(question), ", ")
    notice.warn(("this is answered by %s"):format(words))
  end
end

--- The words that answer the oldest question.
---@return string[]
function M.decisions()
  return open[1] and asker(open[1]).decisions(open[1]) or {}
end

--- Somebody has answered a question, or it does not matter any more.
---@param id integer|string
function M.resolved(id)
  for _, question in ipairs(open) do
    if question.id == id then
      mark(question, "running")
      remove(question)
      return
    end
  end
end

--- The server is gone, and its questions with it.
function M.drop_all()
  for _, question in ipairs(vim.list_slice(open)) do
    remove(question)
  end
end

return M
