-- Threads: resuming, forking, naming, putting away.

local t = require("support")

return {
  {
    "a stored thread is chosen from a list and shown with its past",
    function()
      t.play({ { t.runs("echo made") }, { t.says("First answer.") } })
      t.turn("First question")
      local before = t.transcript_lines()
      local id = t.thread().id
      vim.cmd("Codex new")
      t.wait_for("another thread", function()
        return t.thread().id ~= id
      end)
      vim.cmd("Codex threads")
      local list = t.list()
      t.equal(#list.items, 1)
      t.contains(list.options.format_item(list.items[1]), "First question")
      list.choose(list.items[1])
      t.wait_for("the thread", function()
        return t.thread().id == id and not t.thread().transcript:is_empty()
      end)
      t.equal(vim.list_slice(t.transcript_lines(), 1, 6), vim.list_slice(before, 1, 6))
    end,
  },
  {
    "a thread is resumed by another Neovim's server",
    function()
      t.play({ { t.says("First answer.") }, { t.says("Second answer.") } })
      t.turn("First question")
      local id = t.thread().id
      require("codex_rpc.server").stop_now()
      t.play({ { t.says("Second answer.") } })
      require("codex_rpc.threads").forget(id)
      vim.cmd("Codex threads")
      local list = t.list()
      list.choose(list.items[1])
      t.wait_for_text("First answer.")
      t.turn("Second question")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "a fork has the past and goes its own way",
    function()
      t.play({ { t.says("First answer.") } })
      t.turn("First question")
      local id = t.thread().id
      -- The fork is a thread that has a script of its own.
      t.play({ { t.says("Second answer.") } })
      vim.cmd("Codex fork")
      t.wait_for("the fork", function()
        return t.thread().id ~= id
      end)
      t.contains(t.transcript(), "First answer.")
      t.turn("Second question")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "a fork from the cursor leaves out that turn",
    function()
      t.play({ { t.says("First answer.") }, { t.says("Second answer.") } })
      vim.cmd("Codex open")
      t.turn("First question")
      t.turn("Second question")
      local thread = t.thread()
      vim.api.nvim_set_current_win(vim.fn.bufwinid(thread.transcript.buffer))
      vim.fn.search("> Second question", "w")
      vim.cmd("Codex fork here")
      t.wait_for("the fork", function()
        return t.thread() ~= thread
      end)
      t.contains(t.transcript(), "First answer.")
      assert(not t.transcript():find("Second", 1, true), t.transcript())
    end,
  },
  {
    "a thread is named, and put away",
    function()
      t.play({ { t.says("Answer.") } })
      vim.cmd("Codex open")
      t.turn("Question")
      t.equal(t.thread():title(), "Question")
      vim.cmd("Codex rename A good name")
      t.wait_for("the name", function()
        return t.thread().name == "A good name"
      end)
      vim.cmd("Codex archive")
      t.wait_for("the thread to go", function()
        return t.thread() == nil
      end)
      vim.cmd("Codex threads")
      t.was_told("there are no threads yet")
    end,
  },
  {
    "a long conversation is summed up",
    function()
      t.play({ { t.says("Answer.") }, { t.says("A summary.") } })
      t.turn("Question")
      vim.cmd("Codex compact")
      t.wait_for_text("What was said before was summed up.")
    end,
  },
  {
    "the model of a thread is changed",
    function()
      t.play({ { t.says("Answer.") } })
      t.turn("Question")
      vim.cmd("Codex model another-model")
      t.wait_for("the model", function()
        return t.thread().model == "another-model"
      end)
    end,
  },
  {
    "the new thread's first message can come with it",
    function()
      t.play({ { t.says("Answer.") } })
      vim.cmd("Codex new What is this?")
      t.wait_for_turn_end()
      t.contains(t.transcript(), "> What is this?\n\nAnswer.")
    end,
  },
}
