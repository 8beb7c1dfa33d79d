--- Owns the question whether the agent may do more than its sandbox policy lets it.

local M = {}

local LABELS = {
  accept = "Grant it for this turn",
  acceptForSession = "Grant it for this session",
  decline = "Decline",
}
local WORDS = { "accept", "acceptForSession", "decline" }

---@param profile codex_rpc.PermissionProfile
---@return string
local function described(profile)
  local parts = {}
  local files = profile.fileSystem or {}
  for _, access in ipairs({ "read", "write" }) do
    if files[access] and #files[access] > 0 then
      parts[#parts + 1] = access .. " " .. table.concat(files[access], ", ")
    end
  end
  for _, entry in ipairs(files.entries or {}) do
    parts[#parts + 1] = entry.access .. " " .. (entry.path.path or entry.path.pattern or "?")
  end
  if profile.network and profile.network.enabled then
    parts[#parts + 1] = "use the network"
  end
  return table.concat(parts, "; ")
end

---@param question codex_rpc.Question
---@return string
function M.summary(question)
  local text = described(question.params.permissions)
  local reason = question.params.reason
  return reason and ("%s (%s)"):format(text, reason) or text
end

---@return string[]
function M.decisions()
  return WORDS
end

---@param question codex_rpc.Question
---@param word string
---@return table?
function M.respond(question, word)
  if word == "accept" then
    return { permissions = question.params.permissions, scope = "turn" }
  elseif word == "acceptForSession" then
    return { permissions = question.params.permissions, scope = "session" }
  elseif word == "decline" or word == "cancel" then
    return { permissions = vim.empty_dict(), scope = "turn" }
  end
end

---@param question codex_rpc.Question
---@param answer fun(response?: table)
function M.ask(question, answer)
  vim.ui.select(WORDS, {
    prompt = "Codex wants to " .. M.summary(question),
    format_item = function(word)
      return LABELS[word]
    end,
    kind = "codex_rpc.approval",
  }, function(word)
    answer(word and M.respond(question, word))
  end)
end

return M
