--- Owns the connection to the server: its start and handshake, restarts after a crash, its end.
---
--- A request made while the server is starting waits for it. What messages mean is left to the
--- listener, which `client` provides.

local Connection = require("codex_rpc.connection")
local config = require("codex_rpc.config")
local log = require("codex_rpc.log")
local notice = require("codex_rpc.notice")

local M = {}

local HANDSHAKE_MS = 20000
-- A server that has held out so long starts over with its attempts.
local STEADY_MS = 30000
local LEAVE_MS = 1500

---@alias codex_rpc.ServerState "stopped"|"starting"|"ready"|"restarting"|"failed"

---@class codex_rpc.Listener
---@field notification fun(method: string, params: table)
---@field request fun(id: integer|string, method: string, params: table)
---@field state fun(state: codex_rpc.ServerState)
---@field ready fun() before requests that have waited are sent
---@field lost fun(cause: string) the server is gone, and not because it was told to

---@type codex_rpc.Listener
local listener
---@type codex_rpc.ServerState
local state = "stopped"
---@type codex_rpc.Connection?
local connection
---@type { method: string, params: table, callback: codex_rpc.Callback }[]
local waiting = {}
local attempts = 0
---@type uv.uv_timer_t?
local restart_timer
---@type codex_rpc.InitializeResponse?
local greeting

---@param other codex_rpc.Listener
function M.listen(other)
  listener = other
end

---@return codex_rpc.ServerState
function M.state()
  return state
end

--- What the server has said of itself.
---@return codex_rpc.InitializeResponse?
function M.greeting()
  return greeting
end

---@return integer?
function M.pid()
  return connection and connection.process.pid
end

---@param new codex_rpc.ServerState
local function enter(new)
  state = new
  listener.state(new)
end

---@param message string
local function fail_waiting(message)
  local failed = waiting
  waiting = {}
  for _, request in ipairs(failed) do
    request.callback({ code = -32000, message = message, data = { kind = "serverGone" } })
  end
end

---@param message string
local function give_up(message)
  enter("failed")
  log.add("client", message)
  notice.error(message .. " (:Codex log, :Codex restart)")
  fail_waiting(message)
end

local function cancel_restart()
  if restart_timer then
    restart_timer:close()
    restart_timer = nil
  end
end

local function restart_later()
  local limits = config.get().restart
  attempts = attempts + 1
  local delay = math.min(limits.first_delay_ms * 2 ^ (attempts - 1), limits.longest_delay_ms)
  enter("restarting")
  restart_timer = vim.defer_fn(function()
    restart_timer = nil
    M.start()
  end, delay)
end

---@param ended codex_rpc.Connection
---@param code integer
---@param signal integer
local function on_exit(ended, code, signal)
  ended.inbox:empty()
  local cause = signal ~= 0 and ("the server was ended by signal %d"):format(signal)
    or ("the server has ended with code %d"):format(code)
  log.add("client", cause)
  ended.peer:close({ code = -32000, message = cause, data = { kind = "serverGone" } })
  if ended ~= connection then
    return
  end
  connection = nil
  listener.lost(cause)
  local now = vim.uv.now()
  if ended.ready_at and now - ended.ready_at > STEADY_MS then
    attempts = 0
  end
  local first_start = attempts == 0 and not ended.ready_at
  if first_start or attempts >= config.get().restart.attempts then
    local last = log.last_of_server()
    give_up(last and ("%s: %s"):format(cause, last) or cause)
  else
    restart_later()
  end
end

---@param new codex_rpc.Connection
---@param result codex_rpc.InitializeResponse
local function on_greeting(new, result)
  greeting = result
  new.ready_at = vim.uv.now()
  new.peer:notify("initialized")
  enter("ready")
  listener.ready()
  local requests = waiting
  waiting = {}
  for _, request in ipairs(requests) do
    new.peer:request(request.method, request.params, request.callback)
  end
end

---@param new codex_rpc.Connection
local function shake_hands(new)
  local nvim = vim.version()
  new.peer:request("initialize", {
    clientInfo = {
      name = "codex-rpc-nvim",
      title = "Neovim",
      version = ("%d.%d.%d"):format(nvim.major, nvim.minor, nvim.patch),
    },
    capabilities = { experimentalApi = true },
  }, function(err, result)
    if err then
      log.add("client", "initialize: " .. err.message)
      new.process:hang_up()
    elseif new == connection then
      on_greeting(new, result --[[@as codex_rpc.InitializeResponse]])
    end
  end)
  vim.defer_fn(function()
    if new == connection and not new.ready_at then
      log.add("client", "the server has not answered `initialize`")
      new.process:kill("sigkill")
    end
  end, HANDSHAKE_MS)
end

--- Starts the server unless it runs.
function M.start()
  if connection then
    return
  end
  cancel_restart()
  enter("starting")
  local new, reason = Connection.open(listener, on_exit)
  if not new then
    give_up(("cannot start `%s`: %s"):format(config.server_command()[1], reason))
    return
  end
  connection = new
  log.add("client", ("started process %d"):format(new.process.pid))
  shake_hands(new)
end

--- Sends a request, once the server is there. `callback` is called exactly once.
---@param method string
---@param params table
---@param callback codex_rpc.Callback
function M.request(method, params, callback)
  if connection and state == "ready" then
    connection.peer:request(method, params, callback)
    return
  end
  waiting[#waiting + 1] = { method = method, params = params, callback = callback }
  if state == "stopped" or state == "failed" then
    attempts = 0
    M.start()
  end
end

---@param id integer|string
---@param result table
function M.respond(id, result)
  if connection then
    connection.peer:respond(id, result)
  end
end

---@param id integer|string
---@param message string
function M.refuse(id, message)
  if connection then
    connection.peer:refuse(id, -32601, message)
  end
end

---@return codex_rpc.Process?
local function let_go()
  cancel_restart()
  attempts = 0
  local ended = connection
  connection = nil
  fail_waiting("the server was stopped")
  if not ended then
    enter("stopped")
    return
  end
  ended.peer:close({ code = -32000, message = "the server was stopped" })
  listener.lost("the server was stopped")
  enter("stopped")
  ended.process:hang_up()
  return ended.process
end

--- Ends the server; it has a moment to put its things in order.
---@param callback? fun()
function M.stop(callback)
  local process = let_go()
  local timer = assert(vim.uv.new_timer())
  local checks = 0
  timer:start(0, 25, function()
    checks = checks + 1
    if not process or not process:is_alive() then
      timer:close()
      vim.schedule(callback or function() end)
    elseif checks * 25 == LEAVE_MS then
      process:kill("sigterm")
    elseif checks * 25 == 2 * LEAVE_MS then
      process:kill("sigkill")
    end
  end)
end

--- Ends the server before Neovim does; returns when it has gone.
function M.stop_now()
  local process = let_go()
  if not process then
    return
  end
  local function gone()
    return not process:is_alive()
  end
  if vim.wait(LEAVE_MS, gone, 10) then
    return
  end
  process:kill("sigterm")
  if not vim.wait(LEAVE_MS, gone, 10) then
    process:kill("sigkill")
    vim.wait(LEAVE_MS, gone, 10)
  end
end

---@param callback? fun()
function M.restart(callback)
  M.stop(function()
    M.start()
    if callback then
      callback()
    end
  end)
end

return M
