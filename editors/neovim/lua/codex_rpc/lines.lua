--- Owns the cutting of a byte stream into lines.
---
--- Chunks are joined as bytes and only cut at a newline, so that neither the length of a line nor a
--- character that two chunks share makes a difference. What a line means is left to others.

---@class codex_rpc.Lines
---@field private parts string[] the beginning of a line whose end has not come yet
local Lines = {}
Lines.__index = Lines

---@return codex_rpc.Lines
function Lines.new()
  return setmetatable({ parts = {} }, Lines)
end

--- The lines that `chunk` completes, without their ends; empty ones are left out.
---@param chunk string
---@return string[]
function Lines:feed(chunk)
  local lines, from = {}, 1
  while true do
    local newline = chunk:find("\n", from, true)
    if not newline then
      break
    end
    self.parts[#self.parts + 1] = chunk:sub(from, newline - 1)
    local line = table.concat(self.parts):gsub("\r$", "")
    if line ~= "" then
      lines[#lines + 1] = line
    end
    self.parts = {}
    from = newline + 1
  end
  if from <= #chunk then
    self.parts[#self.parts + 1] = chunk:sub(from)
  end
  return lines
end

--- What came after the last newline.
---@return string
function Lines:rest()
  return table.concat(self.parts)
end

return Lines
