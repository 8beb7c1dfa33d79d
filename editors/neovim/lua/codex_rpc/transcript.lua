--- Owns the conversation buffer of a thread: blocks of lines, one an item, that grow and change.
---
--- Text that streams in is collected and written a few times a second. What a block says is left
--- to `render`, which window shows the buffer to `window`.

local Blocks = require("codex_rpc.blocks")
local ansi = require("codex_rpc.ansi")
local config = require("codex_rpc.config")
local decoration = require("codex_rpc.decoration")

local api = vim.api

local FLUSH_MS = 40
local INDENT = "  "

---@class codex_rpc.Content
---@field kind codex_rpc.BlockKind
---@field head string[] what is always seen
---@field body? string[] what can be folded away
---@field state? codex_rpc.BlockState
---@field note? string beside the head
---@field turn_id? string

---@class codex_rpc.Transcript
---@field buffer integer
---@field private blocks codex_rpc.Blocks
---@field private dirty table<string, codex_rpc.Block>
---@field private flushing boolean
local Transcript = {}
Transcript.__index = Transcript

---@type table<integer, codex_rpc.Transcript>
local by_buffer = {}

-- Their text comes in pieces and is no part of the head.
local HAS_BODY = { command = true, reasoning = true }

---@param thread_id string
---@return codex_rpc.Transcript
function Transcript.new(thread_id)
  local buffer = api.nvim_create_buf(false, true)
  -- The end of the id is enough to tell threads apart, and fits a status line.
  pcall(api.nvim_buf_set_name, buffer, "codex-rpc://" .. thread_id:sub(-8))
  vim.bo[buffer].bufhidden = "hide"
  vim.bo[buffer].undolevels = -1
  vim.bo[buffer].modifiable = false
  local self = setmetatable({ buffer = buffer, flushing = false }, Transcript)
  self.blocks, self.dirty = Blocks.new(), {}
  by_buffer[buffer] = self
  vim.bo[buffer].filetype = "codex-rpc"
  return self
end

---@param buffer integer
---@return codex_rpc.Transcript?
function Transcript.of(buffer)
  return by_buffer[buffer]
end

---@param id string
---@return boolean
function Transcript:has(id)
  return self.blocks:get(id) ~= nil
end

--- Whether there still is a buffer; the user may have deleted it.
---@return boolean
function Transcript:is_valid()
  return api.nvim_buf_is_valid(self.buffer)
end

---@return boolean
function Transcript:is_empty()
  return self.blocks:count() == 0
end

function Transcript:clear()
  self.blocks, self.dirty = Blocks.new(), {}
  if api.nvim_buf_is_valid(self.buffer) then
    self:_edit(function()
      api.nvim_buf_set_lines(self.buffer, 0, -1, false, {})
    end)
    decoration.clear(self.buffer, 0, -1)
  end
end

function Transcript:delete()
  by_buffer[self.buffer] = nil
  self.dirty = {}
  if api.nvim_buf_is_valid(self.buffer) then
    api.nvim_buf_delete(self.buffer, { force = true })
  end
end

-- --- writing -----------------------------------------------------------------------------------

-- Windows whose cursor is in the last line go on showing the end.
---@private
---@param edit fun()
function Transcript:_edit(edit)
  local followers = {}
  local last = api.nvim_buf_line_count(self.buffer)
  for _, window in ipairs(vim.fn.win_findbuf(self.buffer)) do
    if api.nvim_win_get_cursor(window)[1] == last then
      followers[#followers + 1] = window
    end
  end
  vim.bo[self.buffer].modifiable = true
  edit()
  vim.bo[self.buffer].modifiable = false
  last = api.nvim_buf_line_count(self.buffer)
  for _, window in ipairs(followers) do
    local text = api.nvim_buf_get_lines(self.buffer, last - 1, last, false)[1]
    api.nvim_win_set_cursor(window, { last, #text })
  end
end

-- Only what differs is written, so that folds and marks of the rest stay.
---@private
---@param from integer
---@param old_height integer
---@param lines string[]
function Transcript:_replace(from, old_height, lines)
  local old = api.nvim_buf_get_lines(self.buffer, from, from + old_height, false)
  local same = 0
  while same < #old and same < #lines and old[same + 1] == lines[same + 1] do
    same = same + 1
  end
  if same == #lines and same == #old then
    return
  end
  local new = vim.list_slice(lines, same + 1)
  -- A buffer that holds nothing has a line all the same.
  local to = self.blocks:count() == 1 and old_height == 0 and -1 or from + old_height
  self:_edit(function()
    api.nvim_buf_set_lines(self.buffer, from + same, to, false, new)
  end)
end

---@param block codex_rpc.Block
---@param content codex_rpc.Content
---@return string[]
local function lines_of(block, content)
  local lines = block.gap == 1 and { "" } or {}
  for _, line in ipairs(content.head) do
    lines[#lines + 1] = (line:gsub("\n", " "))
  end
  for _, line in ipairs(content.body or {}) do
    lines[#lines + 1] = line == "" and "" or INDENT .. line:gsub("\n", " ")
  end
  return lines
end

--- Adds a block, or says anew what it says.
---@param id string
---@param content codex_rpc.Content
function Transcript:put(id, content)
  if not api.nvim_buf_is_valid(self.buffer) then
    return
  end
  local known = self.blocks:get(id)
  local block = known or self.blocks:add(id, content.kind)
  block.pending = {}
  self.dirty[id] = nil
  local old_height = known and Blocks.height(block) or 0
  -- Folds are computed while the buffer changes, so the numbers come first.
  self.blocks:resize(block, #content.head, #(content.body or {}))
  self:_replace(block.start, old_height, lines_of(block, content))
  block.state, block.note = content.state, content.note
  block.turn_id = content.turn_id or block.turn_id
  decoration.draw(self.buffer, block)
end

--- Says how an item is, which must be there.
---@param id string
---@param state? codex_rpc.BlockState
---@param note? string
function Transcript:mark(id, state, note)
  local block = self.blocks:get(id)
  if block and api.nvim_buf_is_valid(self.buffer) then
    block.state, block.note = state, note
    decoration.draw(self.buffer, block)
  end
end

--- Adds a remark of one line or more.
---@param id string
---@param kind "note"|"error"
---@param text string
function Transcript:note(id, kind, text)
  local unique, number = id, 1
  while self.blocks:get(unique) do
    number = number + 1
    unique = id .. number
  end
  self:put(unique, { kind = kind, head = vim.split(vim.trim(text), "\n", { plain = true }) })
end

-- --- streaming ---------------------------------------------------------------------------------

--- Adds text to the end of a block, in a moment.
---@param id string
---@param text string
function Transcript:append(id, text)
  local block = self.blocks:get(id)
  if not block then
    return
  end
  block.pending[#block.pending + 1] = text
  self.dirty[id] = block
  if not self.flushing then
    self.flushing = true
    vim.defer_fn(function()
      self.flushing = false
      self:flush()
    end, FLUSH_MS)
  end
end

--- Writes what has come so far.
function Transcript:flush()
  local dirty = self.dirty
  self.dirty = {}
  if not api.nvim_buf_is_valid(self.buffer) then
    return
  end
  for _, block in pairs(dirty) do
    self:_write(block, table.concat(block.pending))
  end
end

---@private
---@param block codex_rpc.Block
---@param text string
function Transcript:_write(block, text)
  block.pending = {}
  local has_body = HAS_BODY[block.kind] or false
  if has_body then
    -- A sequence that is cut in two is left for the next time.
    local clean, rest = ansi.strip(text)
    block.pending = { rest }
    text = clean
  end
  if text == "" or has_body and block.body >= config.get().output_lines then
    return
  end
  local lines = vim.split(text, "\n", { plain = true })
  if has_body then
    for at, line in ipairs(lines) do
      lines[at] = at == 1 and block.body > 0 and line or INDENT .. line
    end
    if block.body == 0 then
      table.insert(lines, 1, "")
    end
  end
  local row = block.start + Blocks.height(block) - 1
  local last = api.nvim_buf_get_lines(self.buffer, row, row + 1, false)[1]
  local more = #lines - 1
  local head, body = block.head, block.body
  self.blocks:resize(block, head + (has_body and 0 or more), body + (has_body and more or 0))
  self:_edit(function()
    api.nvim_buf_set_text(self.buffer, row, #last, row, #last, lines)
  end)
  decoration.grow(self.buffer, block)
end

-- --- looking -----------------------------------------------------------------------------------

--- The block that a row belongs to.
---@param row integer counted from 0
---@return codex_rpc.Block?
function Transcript:block_at(row)
  return self.blocks:at(row)
end

--- Moves the cursors of all windows that show the thread to where an item begins.
---@param id string
function Transcript:reveal(id)
  local block = self.blocks:get(id)
  if block then
    for _, window in ipairs(vim.fn.win_findbuf(self.buffer)) do
      api.nvim_win_set_cursor(window, { block.start + block.gap + 1, 0 })
    end
  end
end

--- For 'foldexpr'.
---@return "0"|"1"
function Transcript.fold_level()
  local self = by_buffer[api.nvim_get_current_buf()]
  local row = vim.v.lnum - 1
  local block = self and self:block_at(row)
  return block and row >= block.start + block.gap + block.head and "1" or "0"
end

--- For 'foldtext'.
---@return string
function Transcript.fold_text()
  local count = vim.v.foldend - vim.v.foldstart + 1
  return ("%s… %d lines"):format(INDENT, count)
end

return Transcript
