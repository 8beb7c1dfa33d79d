--- Owns the loaded threads, which of them is shown, and the requests that make and leave one.

local notice = require("codex_rpc.notice")
local LoadedThread = require("codex_rpc.thread")
local client = require("codex_rpc.client")
local config = require("codex_rpc.config")
local history = require("codex_rpc.history")
local status = require("codex_rpc.status")
local window = require("codex_rpc.window")

local M = {}

---@alias codex_rpc.ThreadCallback fun(err?: codex_rpc.RpcError, thread?: codex_rpc.LoadedThread)

---@type table<string, codex_rpc.LoadedThread>
local loaded = {}
---@type codex_rpc.LoadedThread?
local current
-- Those who want a thread while one is being started.
---@type codex_rpc.ThreadCallback[]?
local starting

---@return codex_rpc.LoadedThread?
function M.current()
  return current
end

---@param id string
---@return codex_rpc.LoadedThread?
function M.get(id)
  return loaded[id]
end

---@param thread codex_rpc.LoadedThread
function M.show(thread)
  current = thread
  window.show(thread.transcript)
  status.changed()
end

local function settings()
  local current_config = config.get()
  return {
    cwd = vim.fn.getcwd(),
    model = current_config.model,
    approvalPolicy = current_config.approval_policy,
    sandbox = current_config.sandbox,
  }
end

--- What to resume or fork a thread with: the settings, and a page of its turns.
---@param thread_id string
---@param extra? table
local function continuation(thread_id, extra)
  local overrides = settings()
  overrides.cwd = nil
  return vim.tbl_extend("force", overrides, { threadId = thread_id }, extra or {})
end

---@param err codex_rpc.RpcError
---@param doing string
local function report(err, doing)
  notice.error(("cannot %s: %s"):format(doing, err.message))
end

---@param configuration codex_rpc.ThreadStartResponse
---@return codex_rpc.LoadedThread
local function keep(configuration)
  local id = configuration.thread.id
  local thread = loaded[id]
  if thread then
    thread:load(configuration)
  else
    thread = LoadedThread.new(configuration)
    loaded[id] = thread
  end
  return thread
end

---@param callback? codex_rpc.ThreadCallback
function M.start(callback)
  starting = starting or {}
  starting[#starting + 1] = callback or function() end
  if #starting > 1 then
    return
  end
  client.server().request("thread/start", settings(), function(err, result)
    local thread
    if err then
      report(err, "start a thread")
    else
      thread = keep(result --[[@as codex_rpc.ThreadStartResponse]])
      M.show(thread)
    end
    local callbacks = starting or {}
    starting = nil
    for _, answer in ipairs(callbacks) do
      answer(err, thread)
    end
  end)
end

--- The shown thread, or a new one if there is none.
---@param callback codex_rpc.ThreadCallback
function M.with_current(callback)
  if current and not starting then
    callback(nil, current)
  else
    M.start(callback)
  end
end

---@return codex_rpc.ThreadResumeInitialTurnsPageParams
local function last_turns()
  return { limit = config.get().history_turns, sortDirection = "desc", itemsView = "full" }
end

---@param thread codex_rpc.LoadedThread
---@param page codex_rpc.TurnsPage the newest turn first
local function show_past(thread, page)
  history.show(thread, vim.iter(page.data):rev():totable(), page.nextCursor ~= nil)
end

---@param result codex_rpc.ThreadResumeResponse
---@return codex_rpc.LoadedThread
local function restore(result)
  local thread = keep(result)
  show_past(thread, result.initialTurnsPage)
  return thread
end

---@param thread_id string
local function resume_params(thread_id)
  return continuation(thread_id, { excludeTurns = true, initialTurnsPage = last_turns() })
end

---@param thread_id string
---@param callback? codex_rpc.ThreadCallback
function M.resume(thread_id, callback)
  client.server().request("thread/resume", resume_params(thread_id), function(err, result)
    local thread
    if err then
      report(err, "resume the thread")
    else
      thread = restore(result --[[@as codex_rpc.ThreadResumeResponse]])
      M.show(thread)
    end
    if callback then
      callback(err, thread)
    end
  end)
end

--- Shows a fork, of which the server has told nothing but its settings.
---@param configuration codex_rpc.ThreadForkResponse
local function show_fork(configuration)
  local params = vim.tbl_extend("force", last_turns(), { threadId = configuration.thread.id })
  client.server().request("thread/turns/list", params, function(err, page)
    local fork = keep(configuration)
    if err then
      report(err, "read the fork's past")
    else
      show_past(fork, page --[[@as codex_rpc.TurnsPage]])
    end
    M.show(fork)
  end)
end

--- Makes a thread with the shown one's past, or with what comes before one of its turns.
---@param before_turn_id? string
function M.fork(before_turn_id)
  local thread = M.required()
  if not thread then
    return
  end
  local params = continuation(thread.id, { beforeTurnId = before_turn_id, excludeTurns = true })
  client.server().request("thread/fork", params, function(err, configuration)
    if err then
      report(err, "fork the thread")
    else
      show_fork(configuration --[[@as codex_rpc.ThreadForkResponse]])
    end
  end)
end

--- The shown thread; complains if there is none.
---@return codex_rpc.LoadedThread?
function M.required()
  if not current then
    notice.warn("no thread is open")
  end
  return current
end

---@param name string
function M.rename(name)
  local thread = M.required()
  if not thread then
    return
  end
  local params = { threadId = thread.id, name = name }
  client.server().request("thread/name/set", params, function(err)
    if err then
      report(err, "rename the thread")
    end
  end)
end

--- Puts the shown thread away.
function M.archive()
  local thread = M.required()
  if not thread then
    return
  end
  client.server().request("thread/archive", { threadId = thread.id }, function(err)
    if err then
      report(err, "archive the thread")
    else
      M.forget(thread.id)
      notice.info("archived " .. thread:title())
    end
  end)
end

---@param thread_id string
function M.forget(thread_id)
  local thread = loaded[thread_id]
  if not thread then
    return
  end
  loaded[thread_id] = nil
  if thread == current then
    current = nil
    window.show(nil)
  end
  thread:close()
  status.changed()
end

-- A thread nobody has said anything in is not on disk; a new one takes its place.
---@param thread codex_rpc.LoadedThread
local function replace(thread)
  client.server().request("thread/start", settings(), function(err, result)
    if not err then
      loaded[thread.id] = nil
      thread:load(result --[[@as codex_rpc.ThreadStartResponse]])
      loaded[thread.id] = thread
      status.changed()
    end
  end)
end

--- Goes on with the shown thread at a server that was just started.
function M.rejoin()
  local thread = current
  if not thread then
    return
  end
  client.server().request("thread/resume", resume_params(thread.id), function(err, result)
    if not err then
      restore(result --[[@as codex_rpc.ThreadResumeResponse]])
      status.changed()
    elseif thread.transcript:is_empty() then
      replace(thread)
    else
      report(err, "go on with the thread")
    end
  end)
end

--- Leaves the threads of a server that is gone; the shown one stays to be read.
---@param cause string
function M.lost(cause)
  for id, thread in pairs(loaded) do
    if thread ~= current then
      loaded[id] = nil
      thread:close()
    end
  end
  if current then
    if current.turn then
      current.transcript:note("lost", "error", cause)
    end
    current:end_turn()
  end
end

return M
