--- Owns what MCP servers want to be told: a form of simple values, a page to visit, or a consent.

local notice = require("codex_rpc.notice")

local M = {}

local LABELS = {
  accept = "Accept",
  acceptForSession = "Accept, and do not ask again in this session",
  answer = "Answer",
  open = "Open the page",
  decline = "Decline",
  cancel = "Cancel",
}

---@param question codex_rpc.Question
---@return string[]
local function field_names(question)
  local schema = question.params.requestedSchema or {}
  local names = vim.tbl_keys(schema.properties or {})
  table.sort(names)
  return names
end

---@param question codex_rpc.Question
---@return boolean
local function may_last(question)
  local meta = question.params._meta
  local persist = type(meta) == "table" and meta.persist or nil
  return persist == "session" or type(persist) == "table" and vim.list_contains(persist, "session")
end

---@param question codex_rpc.Question
---@return string
function M.summary(question)
  local text = ("%s: %s"):format(question.params.serverName, question.params.message)
  return question.params.url and text .. " " .. question.params.url or text
end

---@param question codex_rpc.Question
---@return boolean
local function has_form(question)
  return question.params.mode == "form" and #field_names(question) > 0
end

---@param question codex_rpc.Question
---@return string[]
function M.decisions(question)
  if has_form(question) then
    return { "decline", "cancel" }
  elseif may_last(question) then
    return { "accept", "acceptForSession", "decline", "cancel" }
  end
  return { "accept", "decline", "cancel" }
end

---@param question codex_rpc.Question
---@param word string
---@return table?
function M.respond(question, word)
  if not vim.list_contains(M.decisions(question), word) then
    return nil
  end
  if word == "accept" then
    local content = question.params.mode == "form" and vim.empty_dict() or nil
    return { action = "accept", content = content }
  elseif word == "acceptForSession" then
    return { action = "accept", content = vim.empty_dict(), _meta = { persist = "session" } }
  end
  return { action = word }
end

-- --- forms -------------------------------------------------------------------------------------

---@param field table
---@param text string
---@return any value nil if the text is no such value
local function value_of(field, text)
  if field.type == "integer" or field.type == "number" then
    local number = tonumber(text)
    local whole = number and number % 1 == 0
    return (field.type == "number" or whole) and number or nil
  end
  return text
end

---@param name string
---@param field table
---@param is_required boolean
---@return string
local function title_of(name, field, is_required)
  local title = field.title or name
  if field.description then
    title = ("%s (%s)"):format(title, field.description)
  end
  return is_required and title or title .. ", optional"
end

---@param field table
---@return { value: any, label: string }[]?
local function choices_of(field)
  if field.type == "boolean" then
    return { { value = true, label = "yes" }, { value = false, label = "no" } }
  end
  local choices = {}
  for at, value in ipairs(field.enum or {}) do
    choices[at] = { value = value, label = (field.enumNames or {})[at] or tostring(value) }
  end
  for _, option in ipairs(field.oneOf or {}) do
    choices[#choices + 1] = { value = option.const, label = option.title or tostring(option.const) }
  end
  return #choices > 0 and choices or nil
end

---@param title string
---@param field table
---@param is_required boolean
---@param answer fun(given: boolean, value: any) not given: the user has left
local function ask_text(title, field, is_required, answer)
  local default = field.default ~= nil and tostring(field.default) or nil
  vim.ui.input({ prompt = title .. ": ", default = default }, function(text)
    if not text then
      answer(false)
    elseif text == "" and not is_required then
      answer(true, nil)
    else
      local value = value_of(field, text)
      if value == nil or text == "" then
        local wanted = field.type == "string" and "some text" or "a " .. field.type
        notice.warn("this must be " .. wanted)
        ask_text(title, field, is_required, answer)
      else
        answer(true, value)
      end
    end
  end)
end

---@param title string
---@param field table
---@param is_required boolean
---@param answer fun(given: boolean, value: any)
local function ask_field(title, field, is_required, answer)
  local choices = choices_of(field)
  if not choices then
    ask_text(title, field, is_required, answer)
    return
  end
  vim.ui.select(choices, {
    prompt = title,
    format_item = function(choice)
      return choice.label
    end,
    kind = "codex_rpc.elicitation",
  }, function(choice)
    answer(choice ~= nil, choice and choice.value)
  end)
end

---@param question codex_rpc.Question
---@param answer fun(response?: table)
local function fill_in(question, answer)
  local schema = question.params.requestedSchema
  local names = field_names(question)
  local content = vim.empty_dict()
  local function ask(at)
    local name = names[at]
    if not name then
      answer({ action = "accept", content = content })
      return
    end
    local field = schema.properties[name]
    local is_required = vim.list_contains(schema.required or {}, name)
    ask_field(title_of(name, field, is_required), field, is_required, function(given, value)
      if given then
        content[name] = value
        ask(at + 1)
      else
        answer(nil)
      end
    end)
  end
  ask(1)
end

---@param question codex_rpc.Question
---@param answer fun(response?: table)
function M.ask(question, answer)
  local words = M.decisions(question)
  if has_form(question) then
    table.insert(words, 1, "answer")
  elseif question.params.mode == "url" then
    table.insert(words, 1, "open")
  end
  vim.ui.select(words, {
    prompt = M.summary(question),
    format_item = function(word)
      return LABELS[word]
    end,
    kind = "codex_rpc.elicitation",
  }, function(word)
    if word == "answer" then
      fill_in(question, answer)
    elseif word == "open" then
      vim.ui.open(question.params.url)
      answer({ action = "accept" })
    else
      answer(word and M.respond(question, word))
    end
  end)
end

return M
