--- Owns the agent's questions to the user: one after another, to choose from or in own words.

local M = {}

local OTHER = { label = "Something else", description = "in your own words", own_words = true }

---@param question codex_rpc.Question
---@return string
function M.summary(question)
  local asked = vim.tbl_map(function(part)
    return part.question
  end, question.params.questions)
  return table.concat(asked, " ")
end

---@return string[]
function M.decisions()
  return { "decline" }
end

---@param word string
---@return table?
function M.respond(_, word)
  if word == "decline" or word == "cancel" then
    return { answers = vim.empty_dict() }
  end
end

---@param part codex_rpc.ToolRequestUserInputQuestion
---@param answer fun(text?: string)
local function ask_words(part, answer)
  local prompt = part.question .. " "
  if part.isSecret then
    local given = vim.fn.inputsecret(prompt)
    answer(given ~= "" and given or nil)
  else
    vim.ui.input({ prompt = prompt }, answer)
  end
end

---@param part codex_rpc.ToolRequestUserInputQuestion
---@param answer fun(text?: string)
local function ask_one(part, answer)
  local options = vim.list_slice(part.options or {})
  if #options == 0 then
    ask_words(part, answer)
    return
  end
  if part.isOther then
    options[#options + 1] = OTHER
  end
  vim.ui.select(options, {
    prompt = ("%s: %s"):format(part.header, part.question),
    format_item = function(option)
      local description = option.description
      return description ~= "" and option.label .. " - " .. description or option.label
    end,
    kind = "codex_rpc.user_input",
  }, function(option)
    if option and option.own_words then
      ask_words(part, answer)
    else
      answer(option and option.label)
    end
  end)
end

---@param question codex_rpc.Question
---@param answer fun(response?: table)
function M.ask(question, answer)
  local parts = question.params.questions
  local answers = vim.empty_dict()
  local function ask(at)
    local part = parts[at]
    if not part then
      answer({ answers = answers })
      return
    end
    ask_one(part, function(text)
      if not text then
        answer(nil)
        return
      end
      answers[part.id] = { answers = { text } }
      ask(at + 1)
    end)
  end
  ask(1)
end

return M
