--- Owns the two windows, one for the transcript and below it one for the prompt.

local config = require("codex_rpc.config")
local highlights = require("codex_rpc.highlights")
local prompt = require("codex_rpc.prompt")

local M = {}

local api = vim.api
local WINBAR = "%{%v:lua.require'codex_rpc.status'.winbar()%}"

---@type { transcript: integer, prompt: integer }?
local windows
-- What is shown while no thread is.
---@type integer?
local empty_buffer
---@type codex_rpc.Transcript?
local shown

---@return integer
local function nothing()
  if not (empty_buffer and api.nvim_buf_is_valid(empty_buffer)) then
    empty_buffer = api.nvim_create_buf(false, true)
    vim.bo[empty_buffer].bufhidden = "hide"
    vim.bo[empty_buffer].modifiable = false
    vim.bo[empty_buffer].filetype = "codex-rpc"
  end
  return empty_buffer
end

---@return boolean
function M.is_open()
  return windows ~= nil
    and api.nvim_win_is_valid(windows.transcript)
    and api.nvim_win_get_tabpage(windows.transcript) == api.nvim_get_current_tabpage()
end

---@param window integer
---@param buffer integer
local function set_buffer(window, buffer)
  vim.wo[window].winfixbuf = false
  api.nvim_win_set_buf(window, buffer)
  vim.wo[window].winfixbuf = true
end

---@param window integer
---@param options table<string, any>
local function set_options(window, options)
  for name, value in pairs(options) do
    vim.wo[window][0][name] = value
  end
end

---@param window integer
local function dress_transcript(window)
  set_options(window, {
    breakindent = true,
    cursorline = false,
    fillchars = "fold: ,eob: ",
    foldenable = true,
    foldexpr = "v:lua.require'codex_rpc.transcript'.fold_level()",
    foldlevel = 0,
    foldmethod = "expr",
    foldminlines = 3,
    foldtext = "v:lua.require'codex_rpc.transcript'.fold_text()",
    linebreak = true,
    list = false,
    number = false,
    relativenumber = false,
    signcolumn = "yes:1",
    spell = false,
    winbar = WINBAR,
    wrap = true,
  })
end

---@param window integer
local function dress_prompt(window)
  set_options(window, {
    cursorline = false,
    fillchars = "eob: ",
    linebreak = true,
    list = false,
    number = false,
    relativenumber = false,
    signcolumn = "yes:1",
    winbar = "%#Title#Prompt%*",
    winfixheight = true,
    wrap = true,
  })
end

---@param total integer
---@return integer
local function extent(total)
  local size = config.get().window.size
  return math.max(10, math.floor(size < 1 and total * size or size))
end

local function split()
  local position = config.get().window.position
  if position == "tab" then
    vim.cmd("tab split")
  elseif position == "bottom" then
    vim.cmd(("botright %dsplit"):format(extent(vim.o.lines)))
  else
    local side = position == "left" and "topleft" or "botright"
    vim.cmd(("%s %dvsplit"):format(side, extent(vim.o.columns)))
  end
end

-- One of the windows makes no sense without the other.
local function close_together()
  local group = api.nvim_create_augroup("codex_rpc_windows", {})
  api.nvim_create_autocmd("WinClosed", {
    group = group,
    callback = function(event)
      if windows and tonumber(event.match) == windows.transcript then
        vim.schedule(M.close)
      end
    end,
  })
  api.nvim_create_autocmd("InsertLeave", {
    group = group,
    desc = "Folds are not kept up to date while text is inserted",
    callback = M.update_folds,
  })
end

function M.update_folds()
  if windows and api.nvim_win_is_valid(windows.transcript) then
    vim.wo[windows.transcript][0].foldmethod = "expr"
  end
end

---@return integer
local function buffer_to_show()
  local valid = shown and api.nvim_buf_is_valid(shown.buffer)
  return valid and shown.buffer or nothing()
end

local function build()
  highlights.define()
  split()
  local transcript = api.nvim_get_current_win()
  set_buffer(transcript, buffer_to_show())
  dress_transcript(transcript)
  api.nvim_win_set_cursor(transcript, { api.nvim_buf_line_count(buffer_to_show()), 0 })
  vim.cmd(("belowright %dsplit"):format(config.get().window.prompt_height))
  local below = api.nvim_get_current_win()
  vim.wo[below].winfixbuf = false
  set_buffer(below, prompt.buffer())
  dress_prompt(below)
  windows = { transcript = transcript, prompt = below }
  close_together()
end

--- Opens the windows in this tab page; the cursor stays where it is unless `enter` says otherwise.
---@param enter? boolean
function M.open(enter)
  local before = api.nvim_get_current_win()
  if not M.is_open() then
    M.close()
    build()
    if not enter and api.nvim_win_is_valid(before) then
      api.nvim_set_current_win(before)
    end
  end
  if enter then
    M.enter_prompt()
  end
end

function M.enter_prompt()
  if not (windows and api.nvim_win_is_valid(windows.prompt)) then
    M.close()
    build()
  end
  api.nvim_set_current_win(windows.prompt)
end

function M.close()
  local closed = windows
  windows = nil
  if not closed then
    return
  end
  for _, window in ipairs({ closed.prompt, closed.transcript }) do
    if api.nvim_win_is_valid(window) then
      -- The last window of Neovim cannot be closed.
      pcall(api.nvim_win_close, window, true)
    end
  end
end

function M.toggle()
  if M.is_open() then
    M.close()
  else
    M.open(true)
  end
end

--- Whether the cursor is in one of the windows.
---@return boolean
function M.has_focus()
  local window = api.nvim_get_current_win()
  return windows ~= nil and (window == windows.transcript or window == windows.prompt)
end

--- Shows a transcript where one is shown; nil shows none.
---@param transcript? codex_rpc.Transcript
function M.show(transcript)
  shown = transcript
  if windows and api.nvim_win_is_valid(windows.transcript) then
    local buffer = buffer_to_show()
    set_buffer(windows.transcript, buffer)
    dress_transcript(windows.transcript)
    api.nvim_win_set_cursor(windows.transcript, { api.nvim_buf_line_count(buffer), 0 })
  end
end

return M
