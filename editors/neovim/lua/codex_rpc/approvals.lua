--- Owns the questions about commands and file changes, and the decisions that answer them.

local change_text = require("codex_rpc.change_text")
local render = require("codex_rpc.render")

local M = {}

local LONGEST = 160

local LABELS = {
  accept = "Accept",
  acceptForSession = "Accept, and do not ask again in this session",
  decline = "Decline, and go on",
  cancel = "Decline, and end the turn",
}
local DECISIONS = { "accept", "acceptForSession", "decline", "cancel" }
local AMENDMENT = "acceptAlways"

---@param question codex_rpc.Question
---@return boolean
local function is_command(question)
  return question.method == "item/commandExecution/requestApproval"
end

---@param text string
---@return string
local function line(text)
  local flat = vim.trim((text:gsub("%s*\n%s*", " ⏎ ")))
  if vim.fn.strchars(flat) > LONGEST then
    return vim.fn.strcharpart(flat, 0, LONGEST) .. "…"
  end
  return flat
end

---@param question codex_rpc.Question
---@return string
function M.summary(question)
  local params = question.params
  local what
  if is_command(question) then
    what = "run `" .. line(render.plain_command(params.command or "a command")) .. "`"
  else
    local paths = {}
    for _, change in ipairs(params.changes) do
      paths[#paths + 1] = change_text.short_path(change.path)
    end
    what = "change " .. line(table.concat(paths, ", "))
  end
  return params.reason and ("%s (%s)"):format(what, line(params.reason)) or what
end

--- How commands begin that could be allowed for good.
---@param question codex_rpc.Question
---@return string[]?
local function amendment(question)
  for _, decision in ipairs(question.params.availableDecisions or {}) do
    local rule = type(decision) == "table" and decision.acceptWithExecpolicyAmendment
    if rule then
      return rule.execpolicy_amendment
    end
  end
  local words = question.params.proposedExecpolicyAmendment
  return words and #words > 0 and words or nil
end

--- The words for what the server offers, in its order.
---@param question codex_rpc.Question
---@return string[]
function M.decisions(question)
  local offered = question.params.availableDecisions
  if not offered then
    local words = vim.list_slice(DECISIONS)
    if amendment(question) then
      table.insert(words, 3, AMENDMENT)
    end
    return words
  end
  local words = {}
  for _, decision in ipairs(offered) do
    if type(decision) == "string" then
      words[#words + 1] = decision
    elseif decision.acceptWithExecpolicyAmendment then
      words[#words + 1] = AMENDMENT
    end
  end
  return words
end

---@param question codex_rpc.Question
---@param word string
---@return table?
function M.respond(question, word)
  -- To decline is always possible, also where it is not offered.
  local is_refusal = word == "decline" or word == "cancel"
  if not is_refusal and not vim.list_contains(M.decisions(question), word) then
    return nil
  end
  if word == AMENDMENT then
    local rule = { execpolicy_amendment = amendment(question) }
    return { decision = { acceptWithExecpolicyAmendment = rule } }
  end
  return { decision = word }
end

---@param question codex_rpc.Question
---@return fun(word: string): string
local function labels(question)
  return function(word)
    if word == AMENDMENT then
      local beginning = table.concat(amendment(question), " ")
      return ("Accept, and always allow `%s …`"):format(line(beginning))
    elseif word == "diff" then
      return "Look at the diff first"
    end
    return LABELS[word] or word
  end
end

---@param question codex_rpc.Question
---@param answer fun(response?: table)
function M.ask(question, answer)
  local words = M.decisions(question)
  if not is_command(question) then
    words[#words + 1] = "diff"
  end
  vim.ui.select(words, {
    prompt = "Codex wants to " .. M.summary(question),
    format_item = labels(question),
    kind = "codex_rpc.approval",
  }, function(word)
    if word == "diff" then
      answer(nil)
      require("codex_rpc.diff").open_question(question)
    else
      answer(word and M.respond(question, word))
    end
  end)
end

return M
