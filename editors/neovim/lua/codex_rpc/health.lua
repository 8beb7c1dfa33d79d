--- Owns `:checkhealth codex_rpc`.

local M = {}

local health = vim.health
local ANSWER_MS = 20000

local function check_editor()
  health.start("Neovim")
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.10") == 1 then
    health.ok("Neovim " .. version)
  else
    health.error("Neovim " .. version, "0.10 or later is needed")
  end
end

---@return boolean
local function check_command()
  health.start("The server's command")
  local config = require("codex_rpc.config")
  local command = config.get().command[1]
  local path = vim.fn.exepath(command)
  if path == "" then
    health.error(("`%s` is not an executable"):format(command), {
      "pip install codex-rpc, or pipx install codex-rpc",
      'require("codex_rpc").setup({ command = { "/path/to/codex-rpc", "app-server" } })',
    })
    return false
  end
  health.ok(table.concat(config.server_command(), " "))
  local options = { text = true, env = config.get().env, timeout = ANSWER_MS }
  local ok, result = pcall(function()
    return vim.system({ path, "--version" }, options):wait()
  end)
  if ok and result.code == 0 then
    health.ok(vim.trim(result.stdout))
  else
    local reason = ok and vim.trim(result.stderr or "") or tostring(result)
    health.warn(("`%s --version` has failed: %s"):format(command, reason))
  end
  return true
end

--- Waits for a response; nil if none comes.
---@param method string
---@return codex_rpc.RpcError? err
---@return table? result
local function ask(method)
  local done, failure, answer = false, nil, nil
  require("codex_rpc.client").server().request(method, vim.empty_dict(), function(err, result)
    done, failure, answer = true, err, result
  end)
  vim.wait(ANSWER_MS, function()
    return done
  end, 10)
  return not done and { code = 0, message = "no answer" } or failure, answer
end

local function check_login()
  local err, account = ask("account/read")
  if err then
    health.error("`account/read` has failed: " .. err.message, ":Codex log shows more")
  elseif account.account then
    local who = account.account
    health.ok(("logged in: %s"):format(who.email or who.type))
  elseif account.requiresOpenaiAuth then
    health.warn("not logged in, but the model's provider asks for it", {
      "set OPENAI_API_KEY, or log in with `codex login`",
      "or choose another provider in config.toml",
    })
  else
    health.ok("the model's provider needs no login")
  end
end

local function check_server()
  health.start("The server")
  local server = require("codex_rpc.client").server()
  local was_running = server.state() == "ready"
  local err = ask("thread/loaded/list")
  if err then
    health.error("`initialize` has failed: " .. err.message, ":Codex log shows more")
    return
  end
  local greeting = server.greeting()
  health.ok(greeting.userAgent)
  health.info("home: " .. greeting.codexHome)
  check_login()
  if not was_running then
    server.stop_now()
  end
end

function M.check()
  check_editor()
  if check_command() then
    check_server()
  end
end

return M
