--- Owns what the subcommands do, each by the modules that know how.

local M = {}

---@class codex_rpc.Range
---@field first integer
---@field last integer

---@param module string
local function lazy(module)
  return require("codex_rpc." .. module)
end

---@param text string
local function send(text)
  lazy("window").open()
  lazy("messages").send(text)
end

function M.open()
  lazy("client").server().start()
  lazy("window").open(true)
end

function M.toggle()
  lazy("window").toggle()
end

--- Begins a new thread; the text, if any, is its first message.
---@param text? string
function M.new(text)
  lazy("window").open(not text)
  lazy("threads").start(function(err)
    if not err and text then
      lazy("messages").send(text)
    end
  end)
end

--- Sends text with the lines of the range; lines alone go to the prompt.
---@param text string
---@param range? codex_rpc.Range
function M.send(text, range)
  if range then
    local lines = lazy("context").lines(range.first, range.last)
    if text == "" then
      lazy("prompt").add(lines .. "\n")
      lazy("window").open(true)
    else
      send(text .. "\n\n" .. lines)
    end
  elseif text ~= "" then
    send(text)
  else
    M.submit()
  end
end

--- Sends what is in the prompt.
function M.submit()
  local text = lazy("prompt").take()
  if not text then
    lazy("notice").warn("the prompt is empty")
    return
  end
  vim.cmd.stopinsert()
  send(text)
end

--- Adds text to the running turn; without any, what is in the prompt.
---@param text string
function M.steer(text)
  local prompt = lazy("prompt")
  local from_prompt = text == ""
  local words = from_prompt and prompt.take() or text
  if not words or words == "" then
    lazy("notice").warn("there is nothing to say")
  elseif not lazy("messages").steer(words) and from_prompt then
    prompt.put_back(words)
  end
end

function M.interrupt()
  lazy("messages").interrupt()
end

--- Asks for the diagnostics of some lines to be fixed.
---@param range codex_rpc.Range
function M.fix(range)
  local problems = lazy("context").diagnostics(range.first, range.last)
  if problems then
    send("Fix this:\n\n" .. problems)
  else
    lazy("notice").warn("there are no diagnostics here")
  end
end

--- Asks for an explanation of some lines, and of what is wrong with them.
---@param range codex_rpc.Range
function M.explain(range)
  local context = lazy("context")
  local problems = context.diagnostics(range.first, range.last)
  send("Explain this:\n\n" .. (problems or context.lines(range.first, range.last)))
end

--- Forks the shown thread; "here" leaves out the turn at the cursor and all after it.
---@param where string
function M.fork(where)
  local threads = lazy("threads")
  local thread = threads.required()
  if not thread then
    return
  end
  lazy("window").open()
  if where ~= "here" then
    threads.fork()
    return
  end
  local block
  if vim.api.nvim_get_current_buf() == thread.transcript.buffer then
    block = thread.transcript:block_at(vim.api.nvim_win_get_cursor(0)[1] - 1)
  end
  if block and block.turn_id then
    threads.fork(block.turn_id)
  else
    lazy("notice").warn("the cursor is not in a turn of the thread")
  end
end

function M.threads()
  lazy("window").open()
  lazy("thread_list").pick()
end

--- Names the shown thread.
---@param name string
function M.rename(name)
  local thread = lazy("threads").required()
  if not thread then
    return
  end
  if name ~= "" then
    lazy("threads").rename(name)
    return
  end
  vim.ui.input({ prompt = "Name of the thread: ", default = thread.name }, function(given)
    if given and vim.trim(given) ~= "" then
      lazy("threads").rename(given)
    end
  end)
end

function M.archive()
  lazy("threads").archive()
end

---@return codex_rpc.Question?
local function question_at_hand()
  local questions = lazy("questions")
  local shown = lazy("diff").shown_item()
  return shown and questions.about(shown) or questions.oldest()
end

--- Asks what is asked, or answers it by a word.
---@param decision string
function M.approve(decision)
  local questions = lazy("questions")
  local question = question_at_hand()
  if question and decision == "" then
    questions.ask(question)
  else
    questions.decide(decision, question)
  end
end

function M.decline()
  lazy("questions").decide("decline", question_at_hand())
end

--- Shows a change; the last one, or that of a file.
---@param path string
function M.diff(path)
  lazy("diff").open(path ~= "" and path or nil)
end

function M.compact()
  local thread = lazy("threads").required()
  if not thread then
    return
  end
  local params = { threadId = thread.id }
  lazy("client").server().request("thread/compact/start", params, function(err)
    if err then
      lazy("notice").error("cannot compact: " .. err.message)
    end
  end)
end

--- Changes the model; without a name, from a list.
---@param name string
function M.model(name)
  if name == "" then
    lazy("models").pick()
  else
    lazy("models").use(name)
  end
end

function M.restart()
  lazy("client").server().restart()
end

function M.log()
  lazy("log").open()
end

function M.stop()
  lazy("client").server().stop()
end

return M
