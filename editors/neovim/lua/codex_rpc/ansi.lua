--- Owns the removal of terminal control sequences from a command's output.

local M = {}

local ESC = "\27"

--- The text without control sequences, and the beginning of one that its end cuts off.
---@param text string
---@return string clean
---@return string rest
function M.strip(text)
  local rest = ""
  local cut = text:match(".*()" .. ESC)
  if cut and #text - cut < 64 then
    local tail = text:sub(cut)
    if tail:match("^" .. ESC .. "$") or tail:match("^" .. ESC .. "%[[%d;?]*$") then
      text, rest = text:sub(1, cut - 1), tail
    end
  end
  local clean = text
    :gsub(ESC .. "%[[%d;?]*[%a@]", "")
    :gsub(ESC .. "%][^\7" .. ESC .. "]*\7", "")
    :gsub(ESC .. "[()].", "")
    :gsub("\r\n", "\n")
    :gsub("\r", "\n")
    :gsub("[%z\1-\8\11\12\14-\31]", "")
  return clean, rest
end

return M
