--- Owns the views of file changes: a tab page with the old and the new text side by side.

local change_text = require("codex_rpc.change_text")
local notice = require("codex_rpc.notice")
local patch = require("codex_rpc.patch")
local questions = require("codex_rpc.questions")
local threads = require("codex_rpc.threads")

local M = {}

local api = vim.api

---@class codex_rpc.DiffView
---@field item_id string
---@field tab integer

---@type codex_rpc.DiffView[]
local views = {}

---@param text string
---@return string[]
local function lines_of(text)
  local lines = vim.split(text, "\n", { plain = true })
  if lines[#lines] == "" then
    lines[#lines] = nil
  end
  return lines
end

---@param path string
---@return string[]?
local function file_lines(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return lines_of((text:gsub("\r\n", "\n")))
end

--- The text before and after a change.
---@param change codex_rpc.FileUpdateChange
---@param is_applied boolean
---@return string[] old
---@return string[] new
function M.sides(change, is_applied)
  if change.kind.type == "add" then
    return {}, lines_of(change.diff)
  elseif change.kind.type == "delete" then
    return lines_of(change.diff), {}
  end
  local on_disk = file_lines(is_applied and change.kind.move_path or change.path)
  local other = on_disk and (is_applied and patch.revert or patch.apply)(on_disk, change.diff)
  if not on_disk or not other then
    return patch.sides(change.diff)
  elseif is_applied then
    return other, on_disk
  end
  return on_disk, other
end

---@param side "old"|"new"
---@param path string
---@param lines string[]
local function fill_window(side, path, lines)
  local window = api.nvim_get_current_win()
  vim.wo[window].winfixbuf = false
  local buffer = api.nvim_create_buf(false, true)
  api.nvim_win_set_buf(window, buffer)
  api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  pcall(api.nvim_buf_set_name, buffer, ("codex-rpc://%s/%d/%s"):format(side, buffer, path))
  vim.bo[buffer].bufhidden = "wipe"
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = vim.filetype.match({ filename = path }) or ""
  vim.cmd.diffthis()
  return window
end

---@param item codex_rpc.FileChangeItem
---@param change codex_rpc.FileUpdateChange
local function open_view(item, change)
  local old, new = M.sides(change, item.status == "completed")
  local path = change_text.short_path(change.path)
  local bar = path:gsub("%%", "%%%%")
  vim.cmd("tab split")
  local before = fill_window("old", change.path, old)
  vim.wo[before][0].winbar = "%#Title#before%* " .. bar
  vim.cmd("rightbelow vsplit")
  local after = fill_window("new", change.kind.move_path or change.path, new)
  local hint = questions.about(item.id) and "  asks: :Codex approve accept, :Codex decline" or ""
  vim.wo[after][0].winbar = "%#Title#after%* " .. bar .. "%#CodexRpcWaiting#" .. hint .. "%*"
  views[#views + 1] = { item_id = item.id, tab = api.nvim_get_current_tabpage() }
end

--- The item whose change is shown in this tab page.
---@return string?
function M.shown_item()
  local tab = api.nvim_get_current_tabpage()
  for _, view in ipairs(views) do
    if view.tab == tab then
      return view.item_id
    end
  end
end

-- A view that was opened to answer a question goes with it.
---@param item_id string
local function close(item_id)
  views = vim.tbl_filter(function(view)
    if view.item_id ~= item_id then
      return api.nvim_tabpage_is_valid(view.tab)
    end
    if api.nvim_tabpage_is_valid(view.tab) and #api.nvim_list_tabpages() > 1 then
      vim.cmd.tabclose(api.nvim_tabpage_get_number(view.tab))
    end
    return false
  end, views)
end

questions.on_closed(function(question)
  if question.params.itemId then
    close(question.params.itemId)
  end
end)

---@param item codex_rpc.FileChangeItem
---@param path? string
local function open_item(item, path)
  local changes = vim.tbl_filter(function(change)
    return not path or change.path == path or change_text.short_path(change.path) == path
  end, item.changes)
  if #changes <= 1 then
    open_view(item, changes[1] or item.changes[1])
    return
  end
  vim.ui.select(changes, {
    prompt = "Which file?",
    format_item = function(change)
      return ("%s %s"):format(change.kind.type, change_text.short_path(change.path))
    end,
    kind = "codex_rpc.change",
  }, function(change)
    if change then
      open_view(item, change)
    end
  end)
end

--- Shows what a question is about.
---@param question codex_rpc.Question
function M.open_question(question)
  open_item({
    type = "fileChange",
    id = question.params.itemId,
    changes = question.params.changes,
    status = "inProgress",
  })
end

---@return codex_rpc.FileChangeItem?
local function item_at_cursor()
  local thread = threads.current()
  if thread and api.nvim_get_current_buf() == thread.transcript.buffer then
    local block = thread.transcript:block_at(api.nvim_win_get_cursor(0)[1] - 1)
    return block and thread:change(block.id)
  end
end

--- Shows a change: that at the cursor in the transcript, else one that is asked about, else the
--- last one that touched `path`, or anything.
---@param path? string
function M.open(path)
  local thread = threads.required()
  if not thread then
    return
  end
  local item = not path and item_at_cursor()
  for at = #thread.changes, 1, -1 do
    local other = thread.changes[at]
    local fits = not path or vim.list_contains(M.paths(other), path)
    if fits and (not item or not path and not item_at_cursor() and questions.about(other.id)) then
      item = other
    end
  end
  if item then
    open_item(item, path)
  else
    notice.warn("there is no such change")
  end
end

--- The files that an item changes, as they are shown.
---@param item codex_rpc.FileChangeItem
---@return string[]
function M.paths(item)
  return vim.tbl_map(function(change)
    return change_text.short_path(change.path)
  end, item.changes)
end

return M
