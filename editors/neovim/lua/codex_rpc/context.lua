--- Owns what a message says of the editor: the selection, the file, the diagnostics at the cursor.

local M = {}

local api = vim.api
-- Lines around a diagnostic that say what it is about.
local AROUND = 5

---@return string
local function file_name()
  local name = api.nvim_buf_get_name(0)
  return name ~= "" and vim.fn.fnamemodify(name, ":.") or "a buffer without a name"
end

---@param lines string[]
---@return string
local function fence_for(lines)
  local longest = 2
  for _, line in ipairs(lines) do
    longest = math.max(longest, #(line:match("^%s*(`+)") or ""))
  end
  return ("`"):rep(longest + 1)
end

--- Some lines of the current buffer, and where they are from.
---@param first integer
---@param last integer
---@return string
function M.lines(first, last)
  local lines = api.nvim_buf_get_lines(0, first - 1, last, false)
  local place = first == last and ("line %d"):format(first) or ("lines %d-%d"):format(first, last)
  local fence = fence_for(lines)
  local unsaved = vim.bo.modified and " (not saved)" or ""
  return ("`%s`%s, %s:\n%s%s\n%s\n%s"):format(
    file_name(),
    unsaved,
    place,
    fence,
    vim.bo.filetype,
    table.concat(lines, "\n"),
    fence
  )
end

local SEVERITIES = { "error", "warning", "information", "hint" }

---@param diagnostic vim.Diagnostic
---@return string
local function described(diagnostic)
  local source = diagnostic.source and " from " .. diagnostic.source or ""
  local code = diagnostic.code and (" [%s]"):format(diagnostic.code) or ""
  local severity = SEVERITIES[diagnostic.severity] or "problem"
  local message = diagnostic.message:gsub("\n", "\n  ")
  return ("- line %d, %s%s: %s%s"):format(diagnostic.lnum + 1, severity, source, message, code)
end

--- The diagnostics of some lines, and the lines around them; nil if there are none.
---@param first integer
---@param last integer
---@return string?
function M.diagnostics(first, last)
  local found = vim.tbl_filter(function(diagnostic)
    return diagnostic.lnum + 1 >= first and diagnostic.lnum + 1 <= last
  end, vim.diagnostic.get(0))
  if #found == 0 then
    return nil
  end
  local from = math.max(1, first - AROUND)
  local to = math.min(api.nvim_buf_line_count(0), last + AROUND)
  local list = table.concat(vim.tbl_map(described, found), "\n")
  return list .. "\n\n" .. M.lines(from, to)
end

--- The file and the line of the cursor, in a sentence's words.
---@return string
function M.place()
  return ("`%s`, line %d"):format(file_name(), api.nvim_win_get_cursor(0)[1])
end

return M
