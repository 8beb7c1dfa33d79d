-- What the user sees: the windows as drawn, and a real terminal with Neovim's own list of choices.

local t = require("support")

local OLD = { "import os", "", "def main():", "    print('hello')", "    return 0" }
local PATCH = "*** Update File: app.py\n@@\n def main():\n-    print('hello')\n+    print('bye')\n"
  .. "     return 0\n"

--- The rows of a window, without the columns of signs.
local function rows_of(window)
  local place = vim.fn.win_screenpos(window)
  local width = vim.api.nvim_win_get_width(window)
  local rows = {}
  vim.cmd.redraw({ bang = true })
  for row = place[1], place[1] + vim.fn.winheight(window) do
    local cells = {}
    for column = place[2], place[2] + width - 1 do
      cells[#cells + 1] = vim.fn.screenstring(row, column)
    end
    rows[#rows + 1] = (table.concat(cells):gsub("%s+$", ""))
  end
  return rows
end

-- --- a real terminal ---------------------------------------------------------------------------

local Terminal = {}
Terminal.__index = Terminal

--- Neovim in a terminal of Neovim's, with this place's server.
local function terminal()
  local root = t.place.root
  local config = require("codex_rpc.config").get()
  local settings = {
    command = config.command,
    args = config.args,
    env = config.env,
    approval_policy = "untrusted",
    sandbox = "danger-full-access",
    ask = "focused",
    restart = { attempts = 0 },
  }
  t.write(root .. "/init.lua", {
    ("vim.opt.runtimepath:prepend(%q)"):format(vim.o.runtimepath:match("^[^,]*")),
    ("require('codex_rpc').setup(vim.json.decode(%q))"):format(vim.json.encode(settings)),
  })
  local self = setmetatable({}, Terminal)
  vim.cmd.enew()
  local command = { vim.v.progpath, "-u", root .. "/init.lua", "-i", "NONE", "-n" }
  vim.list_extend(command, { "--listen", root .. "/socket" })
  self.job = vim.fn.jobstart(command, { term = true })
  self.buffer = vim.api.nvim_get_current_buf()
  self.channel = t.wait_for("the other Neovim", function()
    local ok, channel = pcall(vim.fn.sockconnect, "pipe", root .. "/socket", { rpc = true })
    return ok and channel
  end)
  t.wait_for("its start", function()
    return vim.rpcrequest(self.channel, "nvim_get_vvar", "vim_did_enter") == 1
  end)
  return self
end

function Terminal:command(text)
  vim.rpcrequest(self.channel, "nvim_command", text)
end

function Terminal:text()
  return table.concat(vim.api.nvim_buf_get_lines(self.buffer, 0, -1, false), "\n")
end

function Terminal:wait_for(text)
  local found = vim.wait(t.PATIENCE, function()
    return self:text():find(text, 1, true)
  end, 20)
  assert(found, ("no %q on the screen:\n%s"):format(text, self:text()))
end

function Terminal:type(keys)
  vim.fn.chansend(self.job, keys)
end

function Terminal:close()
  vim.rpcnotify(self.channel, "nvim_command", "qall!")
  vim.fn.jobwait({ self.job }, t.PATIENCE)
end

return {
  {
    "a conversation is drawn with nothing cut and nothing on top of each other",
    function()
      vim.o.laststatus = 2
      t.write(t.in_project("app.py"), OLD)
      t.setup({ approval_policy = "untrusted" })
      local long = "This answer is long enough to be wrapped by the window that it is shown in."
      t.play({
        { { type = "reasoning", summary = { "I look at it." } }, t.runs("cat app.py; seq 10") },
        { t.patches(PATCH) },
        { t.says(long) },
      })
      vim.cmd("Codex open")
      vim.cmd("Codex send Make it polite")
      t.wait_for_question()
      local window = vim.fn.bufwinid(t.thread().transcript.buffer)
      local rows = rows_of(window)
      t.contains(rows[1], "asks Make it polite")
      t.contains(rows[1], "% full")
      t.equal(vim.list_slice(rows, 2, 10), {
        "  > Make it polite",
        "",
        "  Thinking",
        "    I look at it.",
        "",
        "✓ $ cat app.py; seq 10",
        "    … 15 lines",
        "? Edit app.py (+1 -1)  waits for you",
        "    … 5 lines",
      })
      vim.cmd("Codex approve accept")
      t.wait_for_turn_end()
      rows = rows_of(window)
      t.contains(rows[1], "idle Make it polite")
      t.equal(vim.list_slice(rows, 9, 11), { "✓ Edit app.py (+1 -1)", "    … 5 lines", "" })
      t.equal(rows[12], "  This answer is long enough to be wrapped by")
      t.equal(rows[13], "  the window that it is shown in.")
      t.contains(rows[14], "✓ completed, ")
      local prompt = rows_of(vim.fn.bufwinid(require("codex_rpc.prompt").buffer()))
      t.equal({ prompt[1], prompt[2] }, { "Prompt", "  Ask Codex; :Codex submit sends" })
    end,
  },
  {
    "what does not fit into the bar gives way whole",
    function()
      t.setup({ window = { size = 30 } })
      t.play({ { t.says("Answer.") } })
      vim.cmd("Codex open")
      t.turn("A question that is much longer than the window is wide")
      local rows = rows_of(vim.fn.bufwinid(t.thread().transcript.buffer))
      t.equal(rows[1], "idle A question that is much …")
    end,
  },
  {
    "in a terminal the list of choices is shown, and a number answers it",
    function()
      t.play({ { t.runs("rm -rf build") }, { t.says("Well.") } })
      local other = terminal()
      other:command("Codex open")
      other:command("Codex send Clean up")
      other:wait_for("Codex wants to run `rm -rf build`")
      other:wait_for("3: Decline, and go on")
      other:type("3\r")
      other:wait_for("Well.")
      t.contains(other:text(), "$ rm -rf build  declined")
      other:close()
    end,
  },
  {
    "in a terminal a list that has become pointless closes",
    function()
      t.play({ { t.runs("rm -rf build") }, { t.says("Well.") } })
      local other = terminal()
      other:command("Codex open")
      other:command("Codex send Clean up")
      local pid = vim.rpcrequest(
        other.channel,
        "nvim_exec_lua",
        [[
        return require("codex_rpc.server").pid()
      ]],
        {}
      )
      other:wait_for("1: Accept")
      vim.uv.kill(pid, "sigkill")
      other:wait_for("failed Clean up")
      other:wait_for("  the server was ended by signal 9")
      assert(not other:text():find("1: Accept", 1, true), other:text())
      other:close()
    end,
  },
}
