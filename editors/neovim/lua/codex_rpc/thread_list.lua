--- Owns the choice of a stored thread.

local client = require("codex_rpc.client")
local notice = require("codex_rpc.notice")
local threads = require("codex_rpc.threads")

local M = {}

local MOST = 100
local TITLE = 70
local SOURCES = { "cli", "vscode", "exec", "appServer" }

---@param thread codex_rpc.Thread
---@return string
local function line_of(thread)
  local title = thread.name or vim.trim((thread.preview:gsub("%s+", " ")))
  local folder = vim.fn.fnamemodify(thread.cwd, ":~")
  local when = os.date("%Y-%m-%d %H:%M", thread.updatedAt)
  return ("%s  %s  (%s)"):format(when, vim.fn.strcharpart(title, 0, TITLE), folder)
end

-- Those of this directory come first.
---@param found codex_rpc.Thread[]
---@return codex_rpc.Thread[]
local function in_order(found)
  local here, elsewhere = {}, {}
  local directory = vim.fn.getcwd()
  for _, thread in ipairs(found) do
    table.insert(thread.cwd == directory and here or elsewhere, thread)
  end
  return vim.list_extend(here, elsewhere)
end

--- Lets the user choose a thread, and resumes it.
function M.pick()
  local params = { limit = MOST, sortKey = "updated_at", sourceKinds = SOURCES }
  client.server().request("thread/list", params, function(err, result)
    if err then
      notice.error("cannot list threads: " .. err.message)
    elseif #result.data == 0 then
      notice.info("there are no threads yet")
    else
      vim.ui.select(in_order(result.data), {
        prompt = "Codex threads",
        format_item = line_of,
        kind = "codex_rpc.thread",
      }, function(thread)
        if thread then
          threads.resume(thread.id)
        end
      end)
    end
  end)
end

return M
