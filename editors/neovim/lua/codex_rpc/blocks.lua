--- Owns where the blocks of a transcript begin and how high they are. Pure.

---@alias codex_rpc.BlockKind
---| "user"
---| "agent"
---| "reasoning"
---| "plan"
---| "command"
---| "change"
---| "tool"
---| "note"
---| "error"
---| "turn"
---@alias codex_rpc.BlockState "running"|"waiting"|"done"|"failed"|"declined"

---@class codex_rpc.Block
---@field id string
---@field kind codex_rpc.BlockKind
---@field turn_id? string
---@field start integer its first row, counted from 0
---@field gap integer 1 if a blank line comes first
---@field head integer how many lines
---@field body integer how many lines
---@field state? codex_rpc.BlockState
---@field note? string
---@field pending string[] text that is not written yet
---@field coloured? boolean the body has its colour, which grows with it

---@class codex_rpc.Blocks
---@field private list codex_rpc.Block[]
---@field private by_id table<string, codex_rpc.Block>
local Blocks = {}
Blocks.__index = Blocks

-- Items that belong together, so that no blank line parts them.
local WORK = { command = true, change = true, tool = true }

---@return codex_rpc.Blocks
function Blocks.new()
  return setmetatable({ list = {}, by_id = {} }, Blocks)
end

---@param block codex_rpc.Block
---@return integer
function Blocks.height(block)
  return block.gap + block.head + block.body
end

---@return integer
function Blocks:count()
  return #self.list
end

---@param id string
---@return codex_rpc.Block?
function Blocks:get(id)
  return self.by_id[id]
end

--- Adds a block without lines at the end.
---@param id string
---@param kind codex_rpc.BlockKind
---@return codex_rpc.Block
function Blocks:add(id, kind)
  local last = self.list[#self.list]
  local joined = last and (WORK[last.kind] and WORK[kind] or kind == "turn")
  local block = {
    id = id,
    kind = kind,
    start = last and last.start + Blocks.height(last) or 0,
    gap = (not last or joined) and 0 or 1,
    head = 0,
    body = 0,
    pending = {},
  }
  self.list[#self.list + 1] = block
  self.by_id[id] = block
  return block
end

--- Gives a block so many lines, and moves those after it.
---@param block codex_rpc.Block
---@param head integer
---@param body integer
function Blocks:resize(block, head, body)
  local growth = head + body - block.head - block.body
  block.head, block.body = head, body
  for at = #self.list, 1, -1 do
    if growth == 0 or self.list[at] == block then
      return
    end
    self.list[at].start = self.list[at].start + growth
  end
end

--- The block that a row belongs to.
---@param row integer counted from 0
---@return codex_rpc.Block?
function Blocks:at(row)
  local low, high = 1, #self.list
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local block = self.list[middle]
    if row < block.start then
      high = middle - 1
    elseif row >= block.start + Blocks.height(block) then
      low = middle + 1
    else
      return block
    end
  end
end

return Blocks
