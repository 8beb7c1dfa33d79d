-- Neovim around the plugin: health, completion, windows, the prompt, the end.

local t = require("support")

--- Another Neovim that starts a server and writes down its process id.
local function other_neovim(arguments)
  local wait = "assert(vim.wait(15000, function() return require('codex_rpc').status() == "
    .. "'Codex: idle' end))"
  local write = "vim.fn.writefile({ tostring(require('codex_rpc.server').pid()) }, "
    .. "vim.env.PID_FILE)"
  local path = vim.fn.fnameescape(vim.o.runtimepath:match("^[^,]*"))
  local command = { vim.v.progpath, "--headless", "-u", "NONE", "-i", "NONE" }
  vim.list_extend(command, { "--cmd", "set runtimepath^=" .. path })
  local setup = "require('codex_rpc').setup({ command = vim.json.decode(vim.env.SERVER) })"
  local steps = { "runtime plugin/codex_rpc.lua", "lua " .. setup, "Codex open" }
  for _, step in ipairs(vim.list_extend(steps, { "lua " .. wait, "lua " .. write })) do
    vim.list_extend(command, { "-c", step })
  end
  return vim.system(vim.list_extend(command, arguments), {
    env = {
      SERVER = vim.json.encode(require("codex_rpc.config").get().command),
      PID_FILE = t.place.root .. "/pid",
      CODEX_HOME = t.place.root .. "/home",
    },
  })
end

--- Whether a process has ended. It may stay a zombie for as long as whoever adopted it lives.
---@param pid integer
---@return boolean
local function has_ended(pid)
  if select(3, vim.uv.kill(pid, 0)) == "ESRCH" then
    return true
  end
  local stat = io.open("/proc/" .. pid .. "/stat")
  local state = stat and stat:read("a"):match("%)%s(%a)")
  if stat then
    stat:close()
  end
  return state == "Z"
end

local function server_pid()
  return tonumber(vim.fn.readfile(t.place.root .. "/pid")[1])
end

return {
  {
    "checkhealth finds nothing wrong",
    function()
      vim.cmd("checkhealth codex_rpc")
      local report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      assert(not report:find("ERROR", 1, true) and not report:find("WARNING", 1, true), report)
      t.contains(report, "codex-rpc/")
      t.contains(report, "the model's provider needs no login")
      t.equal(require("codex_rpc").status(), "")
    end,
  },
  {
    "checkhealth says what to do about a missing command",
    function()
      t.setup({ command = { "no-such-command" } })
      vim.cmd("checkhealth codex_rpc")
      local report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      t.contains(report, "`no-such-command` is not an executable")
      t.contains(report, "pip install codex-rpc")
    end,
  },
  {
    "subcommands and their arguments are completed",
    function()
      t.equal(vim.fn.getcompletion("Codex s", "cmdline"), { "send", "steer", "stop", "submit" })
      t.equal(vim.fn.getcompletion("Codex fork ", "cmdline"), { "here" })
      t.equal(vim.fn.getcompletion("Codex approve ", "cmdline"), {})
      vim.cmd("Codex nonsense")
      t.was_told("there is no `:Codex nonsense`")
      vim.cmd("%Codex stop")
      t.was_told("takes no range")
    end,
  },
  {
    "a setting that does not exist, or makes no sense, is refused",
    function()
      local codex = require("codex_rpc")
      local ok, problem = pcall(codex.setup, { comand = {} })
      t.equal({ ok, problem }, { false, "codex_rpc: there is no setting `comand`" })
      ok, problem = pcall(codex.setup, { ask = "always" })
      t.equal(ok, false)
      t.contains(problem, '`ask` must be "focused", "idle" or "manual"')
    end,
  },
  {
    "nothing is loaded before it is used",
    function()
      t.tear_down()
      for name in pairs(package.loaded) do
        assert(not name:match("^codex_rpc"), name)
      end
      t.set_up()
    end,
  },
  {
    "the windows open in every position, and close together",
    function()
      for _, position in ipairs({ "right", "left", "bottom", "tab" }) do
        t.setup({ window = { position = position } })
        local before = vim.api.nvim_list_wins()
        vim.cmd("Codex toggle")
        t.equal(#vim.api.nvim_list_wins(), #before + 2)
        t.equal(vim.bo.filetype, "codex-rpc-prompt")
        t.equal(vim.api.nvim_win_get_height(0), 6)
        vim.cmd("Codex toggle")
        t.equal(vim.api.nvim_list_wins(), before)
      end
      vim.cmd("Codex open")
      vim.cmd.wincmd("k")
      vim.cmd.quit()
      t.wait_for("the prompt's window to close", function()
        return #vim.api.nvim_list_wins() == 1
      end)
    end,
  },
  {
    "the prompt's text is submitted, and what was sent can be had again",
    function()
      t.play({ { t.says("One.") }, { t.says("Two.") } })
      vim.cmd("Codex open")
      require("codex_rpc.prompt").add("first\nin two lines")
      vim.api.nvim_feedkeys(vim.keycode("<Plug>(codex-submit)"), "xt", false)
      t.wait_for_turn_end()
      t.contains(t.transcript(), "> first\n  in two lines")
      t.equal(t.prompt(), "")
      t.turn("second")
      require("codex_rpc.prompt").add("a draft")
      require("codex_rpc").recall(-1)
      t.equal(t.prompt(), "second")
      require("codex_rpc").recall(-1)
      t.equal(t.prompt(), "first\nin two lines")
      require("codex_rpc").recall(1)
      require("codex_rpc").recall(1)
      t.equal(t.prompt(), "a draft")
    end,
  },
  {
    "a reader's place in the conversation stays while more comes",
    function()
      local text = ("line\n"):rep(80)
      t.play({ { t.says(text) }, { t.says(text, { chunkSize = 50 }) } })
      vim.cmd("Codex open")
      t.turn("First")
      local window = vim.fn.bufwinid(t.thread().transcript.buffer)
      local last = vim.api.nvim_buf_line_count(t.thread().transcript.buffer)
      t.equal(vim.api.nvim_win_get_cursor(window)[1], last)
      vim.api.nvim_win_set_cursor(window, { 5, 0 })
      t.turn("Second")
      t.equal(vim.api.nvim_win_get_cursor(window)[1], 5)
    end,
  },
  {
    "output that comes while the user types folds once the typing ends",
    function()
      t.play({ { t.runs("seq 20") }, { t.says("Done.") } })
      vim.cmd("Codex open")
      vim.cmd("Codex send Count")
      local closed
      vim.api.nvim_feedkeys("i", "nt", false)
      local timer = assert(vim.uv.new_timer())
      local tries = 0
      timer:start(
        20,
        20,
        vim.schedule_wrap(function()
          tries = tries + 1
          if t.transcript():find("Done.", 1, true) or tries > 500 then
            timer:stop()
            closed = vim.fn.mode()
            vim.api.nvim_input("<Esc>")
          end
        end)
      )
      vim.api.nvim_feedkeys("", "xt!", false)
      t.wait_for_turn_end()
      t.equal(closed, "i")
      local row = vim.fn.index(t.transcript_lines(), "  1") + 1
      vim.api.nvim_win_call(vim.fn.bufwinid(t.thread().transcript.buffer), function()
        t.equal(vim.fn.foldclosedend(row) - vim.fn.foldclosed(row), 19)
      end)
    end,
  },
  {
    "a conversation whose buffer was deleted is shown again when it is chosen",
    function()
      t.play({ { t.says("Answer.") } })
      vim.cmd("Codex open")
      t.turn("Question")
      vim.cmd("Codex toggle")
      vim.api.nvim_buf_delete(t.thread().transcript.buffer, { force = true })
      vim.cmd("Codex open")
      vim.cmd("Codex threads")
      local list = t.list()
      list.choose(list.items[1])
      t.wait_for_text("Answer.")
      t.contains(vim.fn.bufname(vim.fn.winbufnr(2)), "codex-rpc://")
    end,
  },
  {
    "a message that is no message is put into the log",
    function()
      local line = [[{"id":null,"error":{"code":-32700,"message":"that was no JSON"}}]]
      t.setup({
        command = { "sh", "-c", ("echo nonsense; echo '%s'; cat"):format(line) },
        args = {},
      })
      vim.cmd("Codex open")
      t.wait_for("the log", function()
        local log = table.concat(require("codex_rpc.log").lines(), "\n")
        return log:find("not a message: nonsense", 1, true)
          and log:find("that was no JSON", 1, true)
      end)
    end,
  },
  {
    "the help names every subcommand, mapping, setting and group of colours",
    function()
      local path = vim.api.nvim_get_runtime_file("doc/codex_rpc.txt", false)[1]
      local help = table.concat(vim.fn.readfile(path), "\n")
      for _, name in ipairs(vim.fn.getcompletion("Codex ", "cmdline")) do
        t.contains(help, ("*:Codex-%s*"):format(name))
      end
      for _, mapping in ipairs(vim.api.nvim_get_keymap("n")) do
        if vim.startswith(mapping.lhs, "<Plug>(codex") then
          t.contains(help, ("*%s*"):format(mapping.lhs))
        end
      end
      for name in pairs(require("codex_rpc.config").get()) do
        t.contains(help, "\t" .. name .. "\t")
      end
      require("codex_rpc.highlights").define()
      for _, name in ipairs(vim.fn.getcompletion("CodexRpc", "highlight")) do
        t.contains(help, "\t" .. name .. "\t")
      end
      local copy = t.place.root .. "/doc"
      vim.fn.mkdir(copy)
      t.write(copy .. "/codex_rpc.txt", vim.fn.readfile(path))
      vim.cmd.helptags(copy)
      t.contains(table.concat(vim.fn.readfile(copy .. "/tags"), "\n"), "codex_rpc.status()")
    end,
  },
  {
    "when Neovim ends, so does the server",
    function()
      local child = other_neovim({ "-c", "qall!" })
      t.equal(child:wait(t.PATIENCE).code, 0)
      t.equal(select(3, vim.uv.kill(server_pid(), 0)), "ESRCH")
    end,
  },
  {
    "when Neovim is killed, the server ends as well",
    function()
      local child = other_neovim({})
      local pid = t.wait_for("the server", function()
        return vim.uv.fs_stat(t.place.root .. "/pid") and server_pid()
      end)
      child:kill("sigkill")
      t.wait_for("the end of the server", function()
        return has_ended(pid)
      end)
    end,
  },
}
