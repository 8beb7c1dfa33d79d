-- Questions of the server's: asking, answering, answers from elsewhere.

local t = require("support")

local REMOVE = "rm -rf build"

local function ask_about(command)
  t.setup({ approval_policy = "untrusted" })
  t.play({ { t.runs(command) }, { t.says("Well.") } })
  vim.fn.mkdir(t.in_project("build"))
  vim.cmd("Codex open")
  vim.cmd("Codex send Clean up")
  return t.wait_for_question()
end

local function build_exists()
  return vim.fn.isdirectory(t.in_project("build")) == 1
end

local function notes()
  return table.concat(t.virtual_text(t.thread().transcript.buffer), "\n")
end

return {
  {
    "a question waits until the user wants it, and an accepted command runs",
    function()
      ask_about(REMOVE)
      t.equal(#t.lists, 0)
      t.equal(require("codex_rpc").status(), "Codex: asks")
      t.contains(notes(), "waits for you")
      t.was_told("run `rm -rf build`")
      vim.cmd("Codex approve")
      local list = t.list()
      t.equal(list.items[1], "accept")
      t.contains(list.options.prompt, REMOVE)
      t.equal(list.options.format_item("accept"), "Accept")
      list.choose("accept")
      t.wait_for_turn_end()
      t.equal(build_exists(), false)
    end,
  },
  {
    "a declined command does not run, and the turn goes on",
    function()
      ask_about(REMOVE)
      vim.cmd("Codex decline")
      t.wait_for_turn_end()
      t.equal(build_exists(), true)
      t.contains(notes(), "declined")
      t.contains(t.transcript(), "Well.")
    end,
  },
  {
    "cancel ends the turn",
    function()
      ask_about(REMOVE)
      vim.cmd("Codex approve cancel")
      t.wait_for_turn_end()
      t.contains(t.transcript(), "interrupted")
      t.equal(build_exists(), true)
    end,
  },
  {
    "accepting for the session is not asked about again",
    function()
      t.setup({ approval_policy = "untrusted" })
      t.play({ { t.runs("touch a") }, { t.runs("touch a") }, { t.says("Twice.") } })
      vim.cmd("Codex send Go")
      t.wait_for_question()
      vim.cmd("Codex approve acceptForSession")
      t.wait_for_turn_end()
      t.contains(t.transcript(), "Twice.")
      t.equal(#vim.tbl_filter(function(text)
        return text:match("^Codex: asks") ~= nil
      end, t.told), 1)
    end,
  },
  {
    "an amendment that is offered can be accepted",
    function()
      local question = ask_about("touch made")
      local decisions = require("codex_rpc.approvals").decisions(question)
      t.contains(table.concat(decisions, " "), "acceptAlways")
      vim.cmd("Codex approve acceptAlways")
      t.wait_for_turn_end()
      local rules = table.concat(vim.fn.readfile(t.place.root .. "/home/rules/default.rules"), "\n")
      t.contains(rules, "touch")
    end,
  },
  {
    "leaving the list leaves the question open",
    function()
      ask_about(REMOVE)
      vim.cmd("Codex approve")
      t.list().choose(nil)
      t.equal(require("codex_rpc.questions").count(), 1)
      vim.cmd("Codex approve")
      t.list().choose("decline")
      t.wait_for_turn_end()
    end,
  },
  {
    "an interrupt closes the question, and a late choice does no harm",
    function()
      ask_about(REMOVE)
      vim.cmd("Codex approve")
      local list = t.list()
      vim.cmd("Codex interrupt")
      t.wait_for_turn_end()
      t.equal(require("codex_rpc.questions").count(), 0)
      list.choose("accept")
      t.was_told("no longer open")
      t.equal(build_exists(), true)
    end,
  },
  {
    "a word that answers nothing is refused, and the question stays",
    function()
      ask_about(REMOVE)
      vim.cmd("Codex approve perhaps")
      t.was_told("this is answered by accept, ")
      t.equal(require("codex_rpc.questions").count(), 1)
    end,
  },
  {
    "nobody is asked unbidden who is typing",
    function()
      t.setup({ approval_policy = "untrusted", ask = "focused" })
      t.play({ { t.runs(REMOVE) }, { t.says("Well.") } })
      vim.cmd("Codex open")
      vim.cmd("Codex send Clean up")
      t.wait_for_question()
      vim.cmd.wincmd("t")
      assert(not vim.wait(1200, function()
        return #t.lists > 0
      end), "asked in another window")
      require("codex_rpc.window").enter_prompt()
      t.list().choose("decline")
      t.wait_for_turn_end()
    end,
  },
  {
    "questions of the agent's are answered by choice, in own words and in secret",
    function()
      local question = { header = "Colour", question = "Which colour?" }
      local choice = vim.tbl_extend("force", question, {
        id = "colour",
        options = {
          { label = "red", description = "as a rose" },
          { label = "blue", description = "as the sky" },
        },
      })
      local words = { id = "why", header = "Reason", question = "Why that?" }
      local secret = { id = "key", header = "Key", question = "The key?", isSecret = true }
      t.setup({ approval_policy = "on-request" })
      t.play({
        { t.calls("request_user_input", { questions = { choice, words, secret } }) },
        { t.says("I see.") },
      })
      vim.cmd("Codex send Go")
      t.wait_for_question()
      vim.ui.input = function(_, answer)
        answer("because")
      end
      -- The secret is typed at a prompt of Neovim's.
      vim.api.nvim_feedkeys("hush\r", "nt", false)
      vim.cmd("Codex approve")
      local list = t.list()
      t.equal(list.options.format_item(list.items[1]), "red - as a rose")
      list.choose(list.items[1])
      t.wait_for_turn_end()
      t.contains(t.transcript(), "I see.")
      local rollout = vim.fn.glob(t.place.root .. "/home/sessions/**/rollout-*.jsonl")
      local record = table.concat(vim.fn.readfile(rollout), "\n")
      for _, answer in ipairs({ "red", "because", "hush" }) do
        t.contains(record, answer)
      end
    end,
  },
  {
    "a form is filled in field by field, and numbers are numbers",
    function()
      local question = {
        params = {
          serverName = "shop",
          message = "Your order",
          mode = "form",
          requestedSchema = {
            properties = {
              amount = { type = "integer", title = "How many" },
              note = { type = "string" },
              size = { type = "string", enum = { "s", "l" }, enumNames = { "small", "large" } },
            },
            required = { "amount", "size" },
          },
        },
      }
      local typed = { "many", "3", "" }
      vim.ui.input = function(_, answer)
        answer(table.remove(typed, 1))
      end
      local response
      require("codex_rpc.elicitation").ask(question, function(given)
        response = given
      end)
      t.list().choose("answer")
      local list = t.list()
      t.equal(list.options.format_item(list.items[2]), "large")
      list.choose(list.items[2])
      t.equal(response, { action = "accept", content = { amount = 3, size = "l" } })
      t.was_told("this must be a integer")
    end,
  },
}
