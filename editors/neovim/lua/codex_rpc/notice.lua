--- Owns the short messages to the user.
---
--- One that comes while the user is being asked something waits: an error message would break off
--- the question. One that is longer than a line is cut, or Neovim would have the user press a key;
--- the log has all of it.

local log = require("codex_rpc.log")

local M = {}

local LOOK_MS = 50

--- Whether Neovim is waiting for an answer and nothing else.
---@return boolean
function M.is_asking()
  local mode = vim.api.nvim_get_mode()
  return mode.blocking or mode.mode:match("^[rc]") ~= nil
end

---@param text string
---@return string
local function fitting(text)
  local line = text:gsub("%s*\n%s*", " ")
  if vim.fn.strdisplaywidth(line) <= vim.v.echospace then
    return line
  end
  log.add("client", text)
  return vim.fn.strcharpart(line, 0, vim.v.echospace - 1) .. "…"
end

---@param text string
---@param level integer
local function show(text, level)
  if M.is_asking() then
    vim.defer_fn(function()
      show(text, level)
    end, LOOK_MS)
  else
    vim.notify(fitting(text), level)
  end
end

---@param text string
function M.info(text)
  show("Codex: " .. text, vim.log.levels.INFO)
end

---@param text string
function M.warn(text)
  show("Codex: " .. text, vim.log.levels.WARN)
end

---@param text string
function M.error(text)
  show("Codex: " .. text, vim.log.levels.ERROR)
end

return M
