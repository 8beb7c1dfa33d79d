--- Owns `:Codex`: its subcommands, how their arguments are read, and how they are completed.

local M = {}

---@class codex_rpc.Subcommand
---@field run fun(text: string, range?: codex_rpc.Range)
---@field complete? fun(): string[]
---@field ranged? boolean takes a range

---@param name string
---@return fun(text: string, range?: codex_rpc.Range)
local function action(name)
  return function(text, range)
    require("codex_rpc.actions")[name](text, range)
  end
end

-- Without a range, the line of the cursor.
---@param name string
---@return fun(text: string, range?: codex_rpc.Range)
local function action_on_lines(name)
  return function(_, range)
    local line = vim.api.nvim_win_get_cursor(0)[1]
    require("codex_rpc.actions")[name](range or { first = line, last = line })
  end
end

---@return string[]
local function changed_paths()
  local thread = require("codex_rpc.threads").current()
  local paths = {}
  for _, item in ipairs(thread and thread.changes or {}) do
    vim.list_extend(paths, require("codex_rpc.diff").paths(item))
  end
  table.sort(paths)
  return vim.fn.uniq(paths)
end

---@type table<string, codex_rpc.Subcommand>
local subcommands = {
  open = { run = action("open") },
  toggle = { run = action("toggle") },
  new = {
    run = function(text)
      require("codex_rpc.actions").new(text ~= "" and text or nil)
    end,
  },
  send = { run = action("send"), ranged = true },
  submit = { run = action("submit") },
  interrupt = { run = action("interrupt") },
  steer = { run = action("steer") },
  threads = { run = action("threads") },
  fork = {
    run = action("fork"),
    complete = function()
      return { "here" }
    end,
  },
  rename = { run = action("rename") },
  archive = { run = action("archive") },
  approve = {
    run = action("approve"),
    complete = function()
      return require("codex_rpc.questions").decisions()
    end,
  },
  decline = { run = action("decline") },
  diff = { run = action("diff"), complete = changed_paths },
  fix = { run = action_on_lines("fix"), ranged = true },
  explain = { run = action_on_lines("explain"), ranged = true },
  compact = { run = action("compact") },
  model = {
    run = action("model"),
    complete = function()
      return require("codex_rpc.models").names()
    end,
  },
  restart = { run = action("restart") },
  log = { run = action("log") },
  stop = { run = action("stop") },
}

---@param words string[]
---@param beginning string
---@return string[]
local function beginning_with(words, beginning)
  local found = vim.tbl_filter(function(word)
    return vim.startswith(word, beginning)
  end, words)
  return found
end

---@return string[]
local function names()
  local list = vim.tbl_keys(subcommands)
  table.sort(list)
  return list
end

--- For `nvim_create_user_command()`.
---@param call vim.api.keyset.create_user_command.command_args
function M.run(call)
  local name, text = call.args:match("^%s*(%S*)%s*(.-)%s*$")
  local subcommand = subcommands[name == "" and "open" or name]
  if not subcommand then
    require("codex_rpc.notice").error(("there is no `:Codex %s`"):format(name))
  elseif call.range > 0 and not subcommand.ranged then
    require("codex_rpc.notice").error(("`:Codex %s` takes no range"):format(name))
  else
    local range = call.range > 0 and { first = call.line1, last = call.line2 } or nil
    subcommand.run(text, range)
  end
end

--- For `nvim_create_user_command()`.
---@param beginning string
---@param line string
---@return string[]
function M.complete(beginning, line)
  local name, rest = line:match("Codex!?%s+(%S+)%s+(.*)$")
  if not name then
    return beginning_with(names(), beginning)
  end
  local subcommand = subcommands[name]
  local complete = subcommand and subcommand.complete
  return complete and not rest:find("%s") and beginning_with(complete(), beginning) or {}
end

return M
