--- Owns the few words that tell how things are, for the status line and the window's bar.

local M = {}

---@param module string
local function loaded(module)
  return package.loaded["codex_rpc." .. module]
end

-- Modules are only looked at, so that a status line loads none of them.
---@return codex_rpc.LoadedThread?
local function current_thread()
  local threads = loaded("threads")
  return type(threads) == "table" and threads.current() or nil
end

---@return string
local function activity()
  local server = loaded("server")
  local state = type(server) == "table" and server.state() or "stopped"
  if state ~= "ready" then
    return state
  end
  local questions = loaded("questions")
  local open = type(questions) == "table" and questions.count() or 0
  if open > 0 then
    return open == 1 and "asks" or ("asks (%d)"):format(open)
  end
  local thread = current_thread()
  return thread and thread.turn and "working" or "idle"
end

--- How Codex is, such as "Codex: working"; empty before it was first used.
---@return string
function M.text()
  local server = loaded("server")
  if type(server) ~= "table" or server.state() == "stopped" then
    return ""
  end
  return "Codex: " .. activity()
end

---@param text string
---@return string
local function escaped(text)
  return (text:gsub("%%", "%%%%"))
end

local COLOURS = {
  working = "CodexRpcRunning",
  starting = "CodexRpcRunning",
  restarting = "CodexRpcWaiting",
  failed = "CodexRpcFailed",
}

--- The first of some texts that fits into so many cells; else nothing.
---@param texts string[]
---@param room integer
---@return string
local function fitting(texts, room)
  for _, text in ipairs(texts) do
    if vim.fn.strdisplaywidth(text) <= room then
      return text
    end
  end
  return ""
end

---@param text string
---@param room integer
---@return string
local function shortened(text, room)
  if vim.fn.strdisplaywidth(text) <= room then
    return text
  end
  return vim.fn.strcharpart(text, 0, math.max(room - 1, 0)) .. "…"
end

--- For 'winbar'. What matters least gives way where there is no room.
---@return string
function M.winbar()
  local now = activity()
  local room = vim.api.nvim_win_get_width(vim.g.statusline_winid or 0) - #now - 1
  local colour = COLOURS[now] or now:match("^asks") and "CodexRpcWaiting" or "CodexRpcMuted"
  local thread = current_thread()
  local title = shortened(thread and thread:title() or "Codex", room)
  local right = ""
  if thread then
    local usage = thread.usage and require("codex_rpc.render").usage(thread.usage) or nil
    local full = usage and thread.model .. ", " .. usage or thread.model
    right = fitting({ full, usage or full }, room - vim.fn.strdisplaywidth(title) - 2)
  end
  local bar = "%%#%s#%s%%* %%#Title#%s%%*%%=%s"
  return bar:format(colour, escaped(now), escaped(title), escaped(right))
end

--- Has the status drawn anew, and tells those who listen for `User CodexRpcStatus`.
function M.changed()
  vim.schedule(function()
    pcall(vim.cmd.redrawstatus, { bang = true })
    vim.api.nvim_exec_autocmds("User", { pattern = "CodexRpcStatus", modeline = false })
  end)
end

return M
