--- Owns what is worth looking up later: the server's stderr and our own trouble.
---
--- Bounded; `:Codex log` shows it. May be written to in libuv's context.

local M = {}

local LONGEST = 2000

---@type string[]
local lines = {}
---@type integer?
local buffer

local function refresh()
  if buffer and vim.api.nvim_buf_is_valid(buffer) then
    vim.bo[buffer].modifiable = true
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
    vim.bo[buffer].modifiable = false
  end
end

---@param source "server"|"error"|"client"
---@param text string
function M.add(source, text)
  local seconds = vim.uv.gettimeofday()
  for _, line in ipairs(vim.split(text, "\n", { plain = true })) do
    lines[#lines + 1] = ("%s %-6s %s"):format(os.date("%H:%M:%S", seconds), source, line)
  end
  if #lines > LONGEST then
    lines = vim.list_slice(lines, #lines - LONGEST * 3 / 4)
  end
  if buffer then
    vim.schedule(refresh)
  end
end

--- The last line that the server has written, without the time.
---@return string?
function M.last_of_server()
  for at = #lines, 1, -1 do
    local text = lines[at]:match("^%S+ server (.*)$")
    if text then
      return text
    end
  end
end

--- Shows the log in a split.
function M.open()
  if not (buffer and vim.api.nvim_buf_is_valid(buffer)) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, "codex-rpc://log")
  end
  refresh()
  local window = vim.fn.bufwinid(buffer)
  if window == -1 then
    vim.cmd.split()
    window = vim.api.nvim_get_current_win()
    vim.wo[window].winfixbuf = false
    vim.api.nvim_win_set_buf(window, buffer)
  else
    vim.api.nvim_set_current_win(window)
  end
  vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
end

---@return string[]
function M.lines()
  return lines
end

return M
