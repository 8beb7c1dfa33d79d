--- Owns the reading of unified hunks: from one side of a change to the other. Pure.

local M = {}

---@class codex_rpc.Hunk
---@field start integer the first old line, counted from 1
---@field old string[]
---@field new string[]

---@param diff string
---@return codex_rpc.Hunk[]
local function hunks_of(diff)
  local hunks = {}
  local hunk
  for line in vim.gsplit((diff:gsub("\n$", "")), "\n", { plain = true }) do
    local start = line:match("^@@ %-(%d+)")
    local sign, text = line:sub(1, 1), line:sub(2)
    if start then
      hunk = { start = tonumber(start), old = {}, new = {} }
      hunks[#hunks + 1] = hunk
    elseif hunk and (sign == " " or line == "") then
      table.insert(hunk.old, text)
      table.insert(hunk.new, text)
    elseif hunk and sign == "-" then
      table.insert(hunk.old, text)
    elseif hunk and sign == "+" then
      table.insert(hunk.new, text)
    end
  end
  return hunks
end

---@param lines string[]
---@param at integer
---@param wanted string[]
---@return boolean
local function matches(lines, at, wanted)
  for offset, line in ipairs(wanted) do
    if lines[at + offset - 1] ~= line then
      return false
    end
  end
  return true
end

-- The lines may have moved since the diff was made; the nearest place counts.
---@param lines string[]
---@param wanted string[]
---@param expected integer
---@param from integer
---@return integer?
local function find(lines, wanted, expected, from)
  for distance = 0, #lines do
    for _, at in ipairs({ expected - distance, expected + distance }) do
      if at >= from and at + #wanted - 1 <= #lines and matches(lines, at, wanted) then
        return at
      end
    end
  end
end

---@param lines string[]
---@param diff string
---@param before "old"|"new"
---@param after "old"|"new"
---@return string[]? nil if the lines are not that side of the diff
local function convert(lines, diff, before, after)
  local result, next_line, drift = {}, 1, 0
  for _, hunk in ipairs(hunks_of(diff)) do
    local wanted = hunk[before]
    local start = hunk.start + (#hunk.old == 0 and 1 or 0) + (before == "new" and drift or 0)
    local at = find(lines, wanted, start, next_line)
    if not at then
      return nil
    end
    vim.list_extend(result, lines, next_line, at - 1)
    vim.list_extend(result, hunk[after])
    next_line = at + #wanted
    drift = drift + #hunk.new - #hunk.old
  end
  return vim.list_extend(result, lines, next_line, #lines)
end

--- The lines after a change; nil if it does not fit.
---@param lines string[]
---@param diff string
---@return string[]?
function M.apply(lines, diff)
  return convert(lines, diff, "old", "new")
end

--- The lines before a change; nil if it does not fit.
---@param lines string[]
---@param diff string
---@return string[]?
function M.revert(lines, diff)
  return convert(lines, diff, "new", "old")
end

--- Both sides of the hunks alone, for a file that is no longer what the diff was made of.
---@param diff string
---@return string[] old
---@return string[] new
function M.sides(diff)
  local old, new = {}, {}
  for _, hunk in ipairs(hunks_of(diff)) do
    vim.list_extend(old, hunk.old)
    vim.list_extend(new, hunk.new)
  end
  return old, new
end

return M
