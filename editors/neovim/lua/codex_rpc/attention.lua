--- Owns the moment: when a question may be put to a user who has not asked for it.
---
--- Never while somebody types. `ask = "focused"` waits until the cursor rests in one of our windows
--- in normal mode, "idle" for normal mode anywhere, and "manual" for `:Codex approve`.

local config = require("codex_rpc.config")
local notice = require("codex_rpc.notice")
local window = require("codex_rpc.window")

local M = {}

local QUIET_MS = 700
local LOOK_MS = 100

local keys = vim.api.nvim_create_namespace("codex_rpc_attention")
local last_key = 0
---@type uv.uv_timer_t?
local timer

---@return boolean
local function is_free()
  local ask = config.get().ask
  local mode = vim.api.nvim_get_mode()
  return ask ~= "manual"
    and mode.mode == "n"
    and not mode.blocking
    and vim.fn.getcmdwintype() == ""
    and vim.uv.now() - last_key >= QUIET_MS
    and (ask == "idle" or window.has_focus())
end

--- Calls `ask` whenever there is such a moment, until `stop()`.
---@param ask fun()
function M.watch(ask)
  if timer or config.get().ask == "manual" then
    return
  end
  last_key = vim.uv.now()
  vim.on_key(function()
    last_key = vim.uv.now()
  end, keys)
  timer = assert(vim.uv.new_timer())
  timer:start(
    LOOK_MS,
    LOOK_MS,
    vim.schedule_wrap(function()
      if timer and is_free() then
        ask()
      end
    end)
  )
end

function M.stop()
  vim.on_key(nil, keys)
  if timer then
    timer:close()
    timer = nil
  end
end

--- Closes a list of choices that has become pointless.
function M.dismiss()
  if notice.is_asking() then
    vim.api.nvim_input("<Esc>")
  end
end

return M
