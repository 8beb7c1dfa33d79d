--- Owns how a thread's items read as text. Pure.

local change_text = require("codex_rpc.change_text")
local output = require("codex_rpc.output")

local M = {}

---@param text string
---@return string[]
local function lines_of(text)
  return vim.split(text, "\n", { plain = true })
end

---@param ms? integer
---@return string?
local function seconds(ms)
  return ms and ms >= 1000 and ("%.1f s"):format(ms / 1000) or nil
end

---@param ... string?
---@return string?
local function joined(...)
  local parts = {}
  for at = 1, select("#", ...) do
    parts[#parts + 1] = (select(at, ...))
  end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

--- The command that a shell was started for, or the whole.
---@param command string
---@return string
function M.plain_command(command)
  local quoted = command:match("^%S*sh %-l?i?c '(.*)'$")
  if quoted then
    return (quoted:gsub([['\'']], "'"):gsub([['"'"']], "'"))
  end
  return command:match([[^%S*sh %-l?i?c (%S+)$]]) or command
end

---@param part codex_rpc.UserInput
---@return string
local function input_text(part)
  if part.type == "text" then
    return part.text
  end
  return ("[%s %s]"):format(part.type, part.name or part.path or part.url or part.fileId or "")
end

---@param lines string[]
---@param first string
---@return string[]
local function prefixed(lines, first)
  local indent = (" "):rep(vim.fn.strdisplaywidth(first))
  local result = {}
  for at, line in ipairs(lines) do
    result[at] = at == 1 and first .. line or (line == "" and "" or indent .. line)
  end
  return result
end

---@param item codex_rpc.CommandExecutionItem
---@return codex_rpc.Content
local function command(item)
  local state = output.state(item.status)
  local exit = item.exitCode and item.exitCode ~= 0 and "exit " .. item.exitCode or nil
  local note
  if state == "declined" then
    note = "declined"
  elseif state ~= "running" then
    note = joined(state == "failed" and not exit and "failed" or exit, seconds(item.durationMs))
  end
  return {
    kind = "command",
    head = prefixed(lines_of(M.plain_command(item.command)), "$ "),
    body = item.aggregatedOutput and output.lines(item.aggregatedOutput) or {},
    state = state,
    note = note,
  }
end

--- Reasoning of which nothing has been shown yet.
---@return codex_rpc.Content
function M.silent_reasoning()
  return { kind = "reasoning", head = { "Thinking" } }
end

---@param item codex_rpc.ReasoningItem
---@return codex_rpc.Content?
local function reasoning(item)
  local sections = #(item.summary or {}) > 0 and item.summary or item.content or {}
  local text = table.concat(sections, "\n\n")
  if text ~= "" then
    return { kind = "reasoning", head = { "Thinking" }, body = lines_of(text) }
  end
end

---@param name string
---@param item { status: string, durationMs?: integer }
---@param text? string
---@param failure? string
---@return codex_rpc.Content
local function tool(name, item, text, failure)
  local state = output.state(item.status)
  return {
    kind = "tool",
    head = { name },
    body = text and output.lines(text) or {},
    state = state,
    note = joined(failure, seconds(item.durationMs)),
  }
end

---@param value any
---@return string
local function as_json(value)
  return value ~= nil and vim.json.encode(value) or ""
end

---@param parts? table[]
---@return string
local function texts(parts)
  local found = {}
  for _, part in ipairs(parts or {}) do
    found[#found + 1] = part.text or ("[%s]"):format(part.type or "data")
  end
  return table.concat(found, "\n")
end

---@type table<string, fun(item: any): codex_rpc.Content?>
local by_type = {
  userMessage = function(item)
    local text = table.concat(vim.tbl_map(input_text, item.content), "\n")
    return { kind = "user", head = prefixed(lines_of(text), "> ") }
  end,
  agentMessage = function(item)
    return { kind = "agent", head = lines_of(item.text) }
  end,
  plan = function(item)
    return { kind = "agent", head = lines_of(item.text) }
  end,
  reasoning = reasoning,
  commandExecution = command,
  fileChange = change_text.item,
  mcpToolCall = function(item)
    local name = ("%s.%s %s"):format(item.server, item.tool, as_json(item.arguments))
    local failure = item.error and item.error.message
    return tool(name, item, item.result and texts(item.result.content), failure)
  end,
  dynamicToolCall = function(item)
    local name = item.namespace and item.namespace .. "." .. item.tool or item.tool
    return tool(name .. " " .. as_json(item.arguments), item, texts(item.contentItems))
  end,
  collabAgentToolCall = function(item)
    local prompt = item.prompt and ": " .. item.prompt:gsub("%s+", " ") or ""
    return tool("Agent " .. item.tool .. prompt, item)
  end,
  webSearch = function(item)
    return tool("Search the web: " .. item.query, { status = "completed" })
  end,
  imageView = function(item)
    return tool("Look at " .. change_text.short_path(item.path), { status = "completed" })
  end,
  functionCallOutput = function(item)
    local text = type(item.output) == "string" and item.output or texts(item.output)
    return tool(item.name, { status = "completed" }, text)
  end,
  enteredReviewMode = function(item)
    return { kind = "note", head = { "Review of " .. item.review:gsub("\n", " ") } }
  end,
  exitedReviewMode = function(item)
    return { kind = "agent", head = lines_of(item.review) }
  end,
  contextCompaction = function()
    return { kind = "note", head = { "What was said before was summed up." } }
  end,
}

--- What an item reads as; nil for one that there is nothing to say of.
---@param item codex_rpc.ThreadItem
---@return codex_rpc.Content?
function M.item(item)
  local of_type = by_type[item.type]
  if of_type then
    return of_type(item)
  end
  return { kind = "note", head = { item.type } }
end

local STEPS = { pending = "[ ] ", inProgress = "[>] ", completed = "[x] " }

---@param plan codex_rpc.TurnPlanUpdatedNotification
---@return codex_rpc.Content
function M.plan(plan)
  local head = { plan.explanation and "Plan: " .. plan.explanation:gsub("\n", " ") or "Plan" }
  for _, step in ipairs(plan.plan) do
    head[#head + 1] = STEPS[step.status] .. step.step:gsub("\n", " ")
  end
  return { kind = "plan", head = head }
end

---@param count integer
---@return string
function M.count(count)
  if count < 1000 then
    return tostring(count)
  end
  return count < 1e6 and ("%.1fk"):format(count / 1000) or ("%.1fM"):format(count / 1e6)
end

--- How many tokens the thread has taken, and how full the model's window is.
---@param usage codex_rpc.ThreadTokenUsage
---@return string
function M.usage(usage)
  local text = M.count(usage.total.totalTokens) .. " tokens"
  local size = usage.modelContextWindow
  if size and size > 0 then
    local share = math.floor(100 * usage.last.totalTokens / size + 0.5)
    text = ("%s, %d%% full"):format(text, share)
  end
  return text
end

--- The line that ends a turn.
---@param turn codex_rpc.Turn
---@param usage? codex_rpc.ThreadTokenUsage
---@return codex_rpc.Content
function M.turn_end(turn, usage)
  local states = { completed = "done", failed = "failed", interrupted = "declined" }
  local counted = usage and M.usage(usage) or nil
  return {
    kind = "turn",
    head = { joined(turn.status, seconds(turn.durationMs), counted) or turn.status },
    state = states[turn.status],
    turn_id = turn.id,
  }
end

return M
