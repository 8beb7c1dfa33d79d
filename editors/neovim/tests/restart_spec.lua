-- A server that dies, is stopped, or never starts.

local t = require("support")

return {
  {
    "a server that was killed is started again, the thread goes on, the prompt keeps its text",
    function()
      t.play({ { t.says("First answer.") } })
      t.turn("First question")
      local id = t.thread().id
      t.play({ { t.says("Second answer.") } })
      require("codex_rpc.prompt").add("half a thou")
      t.wait_for_another_server(t.kill_server())
      t.turn("Second question")
      t.equal(t.prompt(), "half a thou")
      t.equal(t.thread().id, id)
      t.contains(t.transcript(), "First answer.")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "questions of a server that is gone are closed",
    function()
      t.setup({ approval_policy = "untrusted" })
      t.play({ { t.runs("touch made") }, { t.says("Well.") } })
      vim.cmd("Codex send Go")
      t.wait_for_question()
      t.wait_for_another_server(t.kill_server())
      t.equal(require("codex_rpc.questions").count(), 0)
    end,
  },
  {
    "a thread in which nothing was said is replaced",
    function()
      vim.cmd("Codex new")
      local id = t.wait_for("the thread", function()
        return t.thread() and t.thread().id
      end)
      t.wait_for_another_server(t.kill_server())
      t.wait_for("another thread", function()
        return t.thread().id ~= id
      end)
      t.play({ { t.says("Answer.") } })
      t.turn("Question")
    end,
  },
  {
    "after some attempts nothing more is tried, until the user wants it",
    function()
      t.play({ { t.says("Answer.") } })
      t.turn("Question")
      t.setup({ command = { "false" }, restart = { attempts = 2, first_delay_ms = 10 } })
      t.kill_server()
      t.was_told("the server has ended with code 1")
      t.equal(require("codex_rpc.server").state(), "failed")
      t.setup()
      t.play({ { t.says("Second answer.") } })
      t.turn("Again")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "what the server writes to stderr is in the log",
    function()
      t.setup({ command = { "sh", "-c", "echo 'out of order' >&2; exit 1" }, args = {} })
      vim.cmd("Codex open")
      t.was_told("out of order")
      vim.cmd("Codex log")
      t.contains(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"), "out of order")
    end,
  },
  {
    "a new server is started on demand, and stopping ends it",
    function()
      t.play({ { t.says("Answer.") } })
      t.turn("Question")
      local pid = require("codex_rpc.server").pid()
      vim.cmd("Codex restart")
      t.wait_for_another_server(pid)
      pid = require("codex_rpc.server").pid()
      vim.cmd("Codex stop")
      t.wait_for("the end of the process", function()
        return vim.uv.kill(pid, 0) ~= 0
      end)
      t.equal(require("codex_rpc").status(), "")
    end,
  },
}
