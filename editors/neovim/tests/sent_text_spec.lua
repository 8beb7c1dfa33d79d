-- What becomes of what the user has said when the server cannot take it.

local t = require("support")

return {
  {
    "what was said in a turn that broke off is in the prompt again",
    function()
      t.play({ { t.says("It begins "), t.STALL } })
      vim.cmd("Codex send A long question")
      t.wait_for_text("It begins")
      local pid = t.kill_server()
      t.wait_for("the text", function()
        return t.prompt() == "A long question"
      end)
      t.wait_for_another_server(pid)
      t.wait_for_text("> A long question")
      t.equal(t.thread().turn, nil)
    end,
  },
  {
    "a message that the server never got comes back above what was typed since",
    function()
      t.play({ { t.says("Answer.") } })
      vim.cmd("Codex open")
      t.turn("Question")
      -- A stopped process takes nothing in.
      local pid = require("codex_rpc.server").pid()
      vim.uv.kill(pid, "sigstop")
      vim.cmd("Codex send Lost?")
      require("codex_rpc.prompt").add("and another")
      t.equal(require("codex_rpc.messages").in_flight(), 1)
      vim.uv.kill(pid, "sigkill")
      t.wait_for("the text", function()
        return t.prompt() == "Lost?\n\nand another"
      end)
      t.was_told("not sent, back in the prompt")
      t.wait_for_another_server(pid)
    end,
  },
  {
    "what is sent while the server starts again is sent to the new one",
    function()
      t.setup({ restart = { first_delay_ms = 300 } })
      t.play({ { t.says("Answer.") } })
      t.turn("Question")
      t.play({ { t.says("Second answer.") } })
      t.kill_server()
      t.wait_for("the end of the server", function()
        return require("codex_rpc.server").state() == "restarting"
      end)
      t.equal(require("codex_rpc").status(), "Codex: restarting")
      t.turn("Are you there?")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "a command that does not exist is told, and the text comes back",
    function()
      t.setup({ command = { "no-such-command" } })
      vim.cmd("Codex send Hello")
      t.was_told("cannot start `no-such-command`")
      t.equal(t.prompt(), "Hello")
    end,
  },
}
