--- Owns the buffer in which the user writes, and what was sent from it before.
---
--- The text stays until it is sent, and comes back if that fails.

local highlights = require("codex_rpc.highlights")

local M = {}

local api = vim.api
local HINT = "Ask Codex; :Codex submit sends"
local REMEMBERED = 100

---@type integer?
local buffer
---@type string[]
local sent = {}
-- How far back the user has gone, and what was in the prompt before.
local back = 0
local draft = ""

---@return string
local function text()
  if not (buffer and api.nvim_buf_is_valid(buffer)) then
    return ""
  end
  return table.concat(api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
end

local hint_namespace = api.nvim_create_namespace("codex_rpc_prompt")

local function show_hint()
  api.nvim_buf_clear_namespace(buffer, hint_namespace, 0, -1)
  if text() == "" then
    api.nvim_buf_set_extmark(buffer, hint_namespace, 0, 0, {
      virt_text = { { HINT, "CodexRpcMuted" } },
      virt_text_pos = "overlay",
    })
  end
end

---@param new string
local function set_text(new)
  api.nvim_buf_set_lines(M.buffer(), 0, -1, false, vim.split(new, "\n", { plain = true }))
  show_hint()
end

--- The buffer, made when it is first wanted.
---@return integer
function M.buffer()
  if buffer and api.nvim_buf_is_valid(buffer) then
    return buffer
  end
  highlights.define()
  buffer = api.nvim_create_buf(false, true)
  api.nvim_buf_set_name(buffer, "codex-rpc://prompt")
  vim.bo[buffer].bufhidden = "hide"
  vim.bo[buffer].filetype = "codex-rpc-prompt"
  api.nvim_create_autocmd({ "TextChanged", "TextChangedI", "TextChangedP" }, {
    buffer = buffer,
    callback = show_hint,
  })
  show_hint()
  return buffer
end

---@return boolean
function M.is_empty()
  return vim.trim(text()) == ""
end

--- Takes the text out; nil if there is none.
---@return string?
function M.take()
  local taken = vim.trim(text())
  if taken == "" then
    return nil
  end
  set_text("")
  return taken
end

--- Adds text below what is there.
---@param more string
function M.add(more)
  set_text(M.is_empty() and more or text():gsub("%s+$", "") .. "\n\n" .. more)
  for _, window in ipairs(vim.fn.win_findbuf(M.buffer())) do
    api.nvim_win_set_cursor(window, { api.nvim_buf_line_count(M.buffer()), 0 })
  end
end

--- Puts text that could not be sent above what has been written since.
---@param old string
function M.put_back(old)
  set_text(M.is_empty() and old or old .. "\n\n" .. text())
end

--- Keeps text to go back to.
---@param said string
function M.remember(said)
  back = 0
  if sent[#sent] ~= said then
    sent[#sent + 1] = said
    if #sent > REMEMBERED then
      table.remove(sent, 1)
    end
  end
end

--- Shows what was sent before, or after; the newest is what is being written.
---@param step -1|1
function M.recall(step)
  local goal = back - step
  if goal < 0 or goal > #sent then
    return
  end
  if back == 0 then
    draft = text()
  end
  back = goal
  set_text(goal == 0 and draft or sent[#sent - goal + 1])
end

return M
