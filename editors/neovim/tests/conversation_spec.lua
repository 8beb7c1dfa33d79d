-- Messages, streaming, commands, interrupts.

local t = require("support")

local function block_kinds()
  local kinds = {}
  local thread = t.thread()
  local row, last = 0, vim.api.nvim_buf_line_count(thread.transcript.buffer)
  while row < last do
    local block = thread.transcript:block_at(row)
    kinds[#kinds + 1] = block.kind
    row = block.start + block.gap + block.head + block.body
  end
  return kinds
end

return {
  {
    "a message starts a server and a thread, and the answer is shown",
    function()
      t.play({ { t.says("Hello from a script.\nSecond line.", { chunkSize = 3 }) } })
      t.turn("Hi there")
      local lines = t.transcript_lines()
      t.equal(vim.list_slice(lines, 1, 4), {
        "> Hi there",
        "",
        "Hello from a script.",
        "Second line.",
      })
      t.contains(lines[5], "completed")
      t.equal(require("codex_rpc").status(), "Codex: idle")
    end,
  },
  {
    "text is shown while it streams in",
    function()
      t.play({ { t.says("It begins ", { chunkSize = 2, delayMs = 1 }), t.STALL } })
      vim.cmd("Codex send Go")
      t.wait_for_text("It begins")
      t.equal(require("codex_rpc").status(), "Codex: working")
      vim.cmd("Codex interrupt")
      t.wait_for_turn_end()
      t.contains(t.transcript(), "interrupted")
    end,
  },
  {
    "characters that chunks cut in two arrive whole",
    function()
      local text = ("ä€😀"):rep(3000)
      t.play({ { t.says(text, { chunkSize = 1 }) } })
      t.turn("Go")
      t.contains(t.transcript(), text)
    end,
  },
  {
    "a line of more than 64 KB arrives whole",
    function()
      local text = ("0123456789"):rep(30000)
      t.play({ { t.says(text) } })
      t.turn("Go")
      t.contains(t.transcript(), text)
    end,
  },
  {
    "a command is shown with its output, which folds, and how it ended",
    function()
      t.play({ { t.runs("seq 20; exit 3") }, { t.says("Done.") } })
      vim.cmd("Codex open")
      t.turn("Count")
      local lines = t.transcript_lines()
      t.contains(t.transcript(), "$ seq 20; exit 3\n  1\n  2\n")
      t.equal(block_kinds(), { "user", "command", "agent", "turn" })
      t.contains(table.concat(t.virtual_text(t.thread().transcript.buffer), "\n"), "exit 3")
      local window = vim.fn.bufwinid(t.thread().transcript.buffer)
      vim.api.nvim_win_call(window, function()
        local first = vim.fn.index(lines, "  1") + 1
        t.equal({ vim.fn.foldclosed(first), vim.fn.foldclosedend(first) }, { first, first + 19 })
        t.equal(vim.fn.foldlevel(first - 1), 0)
      end)
    end,
  },
  {
    "the output of a running command is shown as it comes, without control sequences",
    function()
      local script = [[printf '\033[31mred\033[0m\n'; printf 'second\n'; sleep 60]]
      t.play({ { t.runs(script) } })
      vim.cmd("Codex send Go")
      t.wait_for_text("  red\n  second")
      vim.cmd("Codex interrupt")
      t.wait_for_turn_end()
    end,
  },
  {
    "thinking, a plan and token usage are shown",
    function()
      local plan = {
        { step = "Look", status = "completed" },
        { step = "Write", status = "in_progress" },
        { step = "Test", status = "pending" },
      }
      t.write(t.place.script, {
        vim.json.encode({
          output = {
            { type = "reasoning", summary = { "First I look", "Then I write" }, chunkSize = 2 },
            t.calls("update_plan", { plan = plan }),
          },
          usage = { inputTokens = 1200, outputTokens = 34 },
        }),
        vim.json.encode({ output = { t.says("Done.") } }),
      })
      t.turn("Go")
      t.contains(t.transcript(), "Thinking\n  First I look\n\n  Then I write")
      t.contains(t.transcript(), "Plan\n[x] Look\n[>] Write\n[ ] Test")
      t.contains(t.transcript(), "tokens")
    end,
  },
  {
    "items of several turns are told apart, though a model numbers them anew",
    function()
      t.play({ { t.says("First answer.") } })
      t.turn("First")
      t.play({ { t.says("Second answer.") } })
      require("codex_rpc.server").stop_now()
      t.turn("Second")
      t.contains(t.transcript(), "First answer.")
      t.contains(t.transcript(), "Second answer.")
    end,
  },
  {
    "what is said while a turn runs joins it",
    function()
      t.play({ { t.runs("while ! test -e go; do sleep 0.05; done") }, { t.says("Both.") } })
      vim.cmd("Codex send First")
      t.wait_for_text("$ while")
      vim.cmd("Codex steer Second")
      vim.cmd("Codex send Third")
      t.write(t.in_project("go"), {})
      t.wait_for_turn_end()
      t.contains(t.transcript(), "> Second")
      t.contains(t.transcript(), "> Third")
      t.equal(vim.fn.count(t.transcript(), "completed"), 1)
    end,
  },
  {
    "steering without a turn leaves the text in the prompt",
    function()
      vim.cmd("Codex open")
      require("codex_rpc.prompt").add("not yet")
      vim.cmd("Codex steer")
      t.equal(t.prompt(), "not yet")
      t.was_told("no turn is running")
    end,
  },
  {
    "a failed turn says why",
    function()
      local failure = { type = "error", status = 400, message = "that model is unknown" }
      t.play({ { failure } })
      t.turn("Go")
      t.contains(t.transcript(), "that model is unknown")
      t.contains(t.transcript(), "failed")
    end,
  },
  {
    "20,000 deltas leave the editor time for its own work",
    function()
      local text = ("word word\n"):rep(2000)
      t.play({ { t.says(text, { chunkSize = 1 }) } })
      vim.cmd("Codex open")
      local ticks, longest, last = 0, 0, vim.uv.hrtime()
      local timer = assert(vim.uv.new_timer())
      timer:start(
        0,
        5,
        vim.schedule_wrap(function()
          local now = vim.uv.hrtime()
          ticks, longest, last = ticks + 1, math.max(longest, now - last), now
        end)
      )
      t.turn("Go")
      timer:close()
      t.contains(t.transcript(), text)
      assert(ticks > 10, "the editor came to itself only " .. ticks .. " times")
      io.stdout:write(("# %d ticks, longest gap %.0f ms\n"):format(ticks, longest / 1e6))
    end,
  },
}
