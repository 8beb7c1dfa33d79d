--- Owns what is drawn over the lines of a transcript: colours, signs, and notes beside them.

local highlights = require("codex_rpc.highlights")

local M = {}

local api = vim.api
local namespace = highlights.namespace

-- Beyond this many lines a patch is left without colours.
local LONGEST_PATCH = 2000

local SIGNS = {
  running = { "●", "CodexRpcRunning" },
  waiting = { "?", "CodexRpcWaiting" },
  done = { "✓", "CodexRpcDone" },
  failed = { "✗", "CodexRpcFailed" },
  declined = { "-", "CodexRpcMuted" },
}

local HEADS = {
  user = "CodexRpcUser",
  reasoning = "CodexRpcReasoning",
  plan = "CodexRpcPlan",
  command = "CodexRpcCommand",
  change = "CodexRpcChange",
  tool = "CodexRpcTool",
  note = "CodexRpcNote",
  error = "CodexRpcError",
  turn = "CodexRpcMuted",
}

local BODIES = { command = "CodexRpcOutput", reasoning = "CodexRpcReasoning" }

---@param buffer integer
---@param from integer
---@param to integer
function M.clear(buffer, from, to)
  api.nvim_buf_clear_namespace(buffer, namespace, from, to)
end

---@param buffer integer
---@param from integer
---@param lines integer
---@param group? string
local function colour(buffer, from, lines, group)
  if group and lines > 0 then
    local last = api.nvim_buf_get_lines(buffer, from + lines - 1, from + lines, false)[1] or ""
    api.nvim_buf_set_extmark(buffer, namespace, from, 0, {
      end_row = from + lines - 1,
      end_col = #last,
      hl_group = group,
      -- Text that comes at the end is of the same kind.
      end_right_gravity = true,
      priority = 90,
    })
  end
end

---@param buffer integer
---@param from integer
---@param lines integer
local function colour_patch(buffer, from, lines)
  local shown = math.min(lines, LONGEST_PATCH)
  for at, line in ipairs(api.nvim_buf_get_lines(buffer, from, from + shown, false)) do
    local sign = line:sub(3, 3)
    local group = sign == "+" and "CodexRpcAdded" or sign == "-" and "CodexRpcRemoved"
    colour(buffer, from + at - 1, 1, group or nil)
  end
end

--- Draws a block anew.
---@param buffer integer
---@param block codex_rpc.Block
function M.draw(buffer, block)
  local top = block.start + block.gap
  M.clear(buffer, block.start, top + block.head + block.body)
  if block.head == 0 then
    return
  end
  colour(buffer, top, block.head, HEADS[block.kind])
  if block.kind == "change" then
    colour_patch(buffer, top + block.head, block.body)
  else
    colour(buffer, top + block.head, block.body, BODIES[block.kind])
  end
  block.coloured = block.body > 0
  local sign = SIGNS[block.state]
  if sign or block.note then
    api.nvim_buf_set_extmark(buffer, namespace, top, 0, {
      sign_text = sign and sign[1],
      sign_hl_group = sign and sign[2],
      virt_text = block.note and { { " " .. block.note, sign and sign[2] or "CodexRpcMuted" } },
      virt_text_pos = "eol",
    })
  end
end

--- Takes note of text that was added to the end of a block.
---@param buffer integer
---@param block codex_rpc.Block
function M.grow(buffer, block)
  local group = BODIES[block.kind]
  if group and block.body > 0 and not block.coloured then
    block.coloured = true
    colour(buffer, block.start + block.gap + block.head, block.body, group)
  end
end

return M
