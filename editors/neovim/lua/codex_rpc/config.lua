--- Owns the settings: their defaults, and what `setup()` has overridden.

local M = {}

---@class codex_rpc.WindowConfig
---@field position "right"|"left"|"bottom"|"tab"
---@field size number a share of the editor if below 1, else columns (or lines, for "bottom")
---@field prompt_height integer lines

---@class codex_rpc.RestartConfig
---@field attempts integer starts in a row after which nothing more is tried; 0 for none
---@field first_delay_ms integer doubled each time
---@field longest_delay_ms integer

---@class codex_rpc.Config
---@field command string[] the server and the arguments that come first
---@field args string[] more arguments, such as { "-c", "model_provider=local" }
---@field env table<string, string> variables for the server, on top of Neovim's own
---@field model? string
---@field approval_policy? codex_rpc.AskForApproval
---@field sandbox? codex_rpc.SandboxMode
---@field ask "focused"|"idle"|"manual" when a question is put to the user without `:Codex approve`
---@field history_turns integer how many of the last turns of a resumed thread are shown
---@field output_lines integer how many lines of an output are shown
---@field window codex_rpc.WindowConfig
---@field restart codex_rpc.RestartConfig
local defaults = {
  command = { "codex-rpc", "app-server" },
  args = {},
  env = {},
  model = nil,
  approval_policy = nil,
  sandbox = nil,
  ask = "focused",
  history_turns = 50,
  output_lines = 1000,
  window = { position = "right", size = 0.45, prompt_height = 6 },
  restart = { attempts = 5, first_delay_ms = 500, longest_delay_ms = 8000 },
}

---@type codex_rpc.Config
local current = defaults

---@param choices string[]
---@return fun(value: any): boolean
local function one_of(choices)
  return function(value)
    return vim.list_contains(choices, value)
  end
end

---@param name string
---@param value any
---@param kind string|fun(value: any): boolean
---@param expected? string
local function check(name, value, kind, expected)
  local good = type(kind) == "function" and kind(value) or type(value) == kind
  if not good then
    local wanted = expected or kind
    error(("codex_rpc: `%s` must be %s, not %s"):format(name, wanted, vim.inspect(value)), 0)
  end
end

---@param config codex_rpc.Config
local function validate(config)
  check("command", config.command, function(value)
    return vim.islist(value) and #value > 0
  end, "a list of words")
  check("args", config.args, vim.islist, "a list of words")
  check("env", config.env, "table")
  check("ask", config.ask, one_of({ "focused", "idle", "manual" }), '"focused", "idle" or "manual"')
  check("history_turns", config.history_turns, "number")
  check("output_lines", config.output_lines, "number")
  local positions = { "right", "left", "bottom", "tab" }
  check("window.position", config.window.position, one_of(positions), table.concat(positions, ", "))
  check("window.size", config.window.size, "number")
  check("window.prompt_height", config.window.prompt_height, "number")
  for name in pairs(defaults.restart) do
    check("restart." .. name, config.restart[name], "number")
  end
end

--- Overrides the defaults; what is not given stays as the defaults have it.
---@param overrides? table
function M.set(overrides)
  overrides = overrides or {}
  local optional = { model = true, approval_policy = true, sandbox = true }
  for name in pairs(overrides) do
    if defaults[name] == nil and not optional[name] then
      error(("codex_rpc: there is no setting `%s`"):format(name), 0)
    end
  end
  local config = vim.tbl_deep_extend("force", defaults, overrides)
  validate(config)
  current = config
end

---@return codex_rpc.Config
function M.get()
  return current
end

--- Has new threads use a model.
---@param name string
function M.use_model(name)
  current = vim.tbl_extend("force", current, { model = name })
end

--- The whole command line of the server.
---@return string[]
function M.server_command()
  return vim.list_extend(vim.list_slice(current.command), current.args)
end

return M
