--- Owns one child process and its three pipes.
---
--- Callbacks run in libuv's context, where most of Neovim's API may not be used. When a process is
--- started, and what is done when it ends, is left to `server`.

local Lines = require("codex_rpc.lines")

local uv = vim.uv

-- A descendant may hold the pipes open after the process has gone.
local LATE_OUTPUT_MS = 200

---@class codex_rpc.ProcessOptions
---@field command string[]
---@field cwd string
---@field env table<string, string> on top of Neovim's own
---@field on_line fun(line: string)
---@field on_stderr fun(line: string)
---@field on_exit fun(code: integer, signal: integer) after the last line

---@class codex_rpc.Process
---@field pid integer
---@field private handle uv.uv_process_t
---@field private stdin uv.uv_pipe_t
---@field private stdout uv.uv_pipe_t
---@field private stderr uv.uv_pipe_t
---@field private options codex_rpc.ProcessOptions
---@field private exit? { code: integer, signal: integer }
---@field private open_outputs integer
---@field private over boolean
---@field private reading boolean
local Process = {}
Process.__index = Process

---@param extra table<string, string>
---@return string[]
local function environment(extra)
  local merged = vim.tbl_extend("force", uv.os_environ(), extra)
  local list = {}
  for name, value in pairs(merged) do
    list[#list + 1] = name .. "=" .. value
  end
  return list
end

---@param handle? uv.uv_handle_t
local function close(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

--- Starts a process; nil and the reason if that fails.
---@param options codex_rpc.ProcessOptions
---@return codex_rpc.Process? process
---@return string? reason
function Process.spawn(options)
  local stdin, stdout, stderr = uv.new_pipe(), uv.new_pipe(), uv.new_pipe()
  local self = setmetatable({
    options = options,
    stdin = stdin,
    stdout = stdout,
    stderr = stderr,
    open_outputs = 2,
    over = false,
    reading = false,
  }, Process)
  local handle, pid = uv.spawn(options.command[1], {
    args = vim.list_slice(options.command, 2),
    stdio = { stdin, stdout, stderr },
    cwd = options.cwd,
    env = environment(options.env),
  }, function(code, signal)
    self:_exited(code, signal)
  end)
  if not handle then
    for _, pipe in ipairs({ stdin, stdout, stderr }) do
      close(pipe)
    end
    return nil, tostring(pid)
  end
  self.handle = handle
  self.pid = pid --[[@as integer]]
  self.on_stdout = self:_reader(options.on_line)
  self:resume()
  stderr:read_start(self:_reader(options.on_stderr))
  return self
end

---@private
---@param on_line fun(line: string)
---@return fun(err?: string, chunk?: string)
function Process:_reader(on_line)
  local lines = Lines.new()
  return function(err, chunk)
    if chunk and not err then
      for _, line in ipairs(lines:feed(chunk)) do
        on_line(line)
      end
      return
    end
    if lines:rest() ~= "" then
      on_line(lines:rest())
    end
    self.open_outputs = self.open_outputs - 1
    self:_settle()
  end
end

---@private
function Process:_exited(code, signal)
  self.exit = { code = code, signal = signal }
  close(self.stdin)
  -- A reader that was paused would never see the end.
  self:resume()
  self:_settle()
  if not self.over then
    local timer = assert(uv.new_timer())
    timer:start(LATE_OUTPUT_MS, 0, function()
      close(timer)
      self.open_outputs = 0
      self:_settle()
    end)
  end
end

---@private
function Process:_settle()
  if self.over or not self.exit or self.open_outputs > 0 then
    return
  end
  self.over = true
  for _, handle in ipairs({ self.handle, self.stdin, self.stdout, self.stderr }) do
    close(handle)
  end
  self.options.on_exit(self.exit.code, self.exit.signal)
end

---@return boolean
function Process:is_alive()
  return self.exit == nil
end

---@param text string
function Process:write(text)
  if not self.stdin:is_closing() then
    self.stdin:write(text)
  end
end

--- Reads no more until `resume()`; the process waits once the pipe is full.
function Process:pause()
  if self.reading and not self.stdout:is_closing() then
    self.reading = false
    self.stdout:read_stop()
  end
end

function Process:resume()
  if not self.reading and not self.stdout:is_closing() then
    self.reading = true
    self.stdout:read_start(self.on_stdout)
  end
end

--- Closes its input, which is how the server is told to end.
function Process:hang_up()
  close(self.stdin)
end

---@param signal "sigterm"|"sigkill"
function Process:kill(signal)
  if self:is_alive() then
    self.handle:kill(signal)
  end
end

return Process
