--- Owns how a change of files reads as text. Pure.

local output = require("codex_rpc.output")

local M = {}

---@param change codex_rpc.FileUpdateChange
---@return integer added
---@return integer removed
local function counts(change)
  if change.kind.type ~= "update" then
    local lines = select(2, change.diff:gsub("[^\n]*\n?", "")) - 1
    return change.kind.type == "add" and lines or 0, change.kind.type == "delete" and lines or 0
  end
  local added, removed = 0, 0
  for line in vim.gsplit(change.diff, "\n", { plain = true }) do
    local sign = line:sub(1, 1)
    added = added + (sign == "+" and 1 or 0)
    removed = removed + (sign == "-" and 1 or 0)
  end
  return added, removed
end

---@param change codex_rpc.FileUpdateChange
---@return string[]
local function patch_lines(change)
  local lines = output.lines(change.diff)
  local sign = ({ add = "+", delete = "-" })[change.kind.type]
  return sign and vim.tbl_map(function(line)
    return sign .. line
  end, lines) or lines
end

--- A path as it is shown.
---@param path string
---@return string
function M.short_path(path)
  return vim.fn.fnamemodify(path, ":~:.")
end

--- A change of files, each with its lines.
---@param item codex_rpc.FileChangeItem
---@return codex_rpc.Content
function M.item(item)
  local head, body = {}, {}
  local verbs = { add = "Add", delete = "Delete", update = "Edit" }
  for _, change in ipairs(item.changes) do
    local added, removed = counts(change)
    local moved = change.kind.move_path
    local path = M.short_path(change.path) .. (moved and " -> " .. M.short_path(moved) or "")
    head[#head + 1] = ("%s %s (+%d -%d)"):format(verbs[change.kind.type], path, added, removed)
    if #item.changes > 1 then
      body[#body + 1] = M.short_path(change.path)
    end
    vim.list_extend(body, patch_lines(change))
  end
  local state = output.state(item.status)
  return {
    kind = "change",
    head = head,
    body = body,
    state = state,
    note = (state == "failed" or state == "declined") and state or nil,
  }
end

return M
