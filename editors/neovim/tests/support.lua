--- What specs have in common: a place to work in, a model that plays a script, bounded waits.

local M = {}

M.PATIENCE = 10000

---@type { root: string, project: string, script: string }
M.place = nil
---@type string[] what the user was told
M.told = {}
---@type { items: any[], options: table, choose: fun(item: any) }[] lists that are open
M.lists = {}

local real = { notify = vim.notify, select = vim.ui.select, input = vim.ui.input }

local function unload()
  for name in pairs(package.loaded) do
    if name:match("^codex_rpc") then
      package.loaded[name] = nil
    end
  end
end

local function server_command()
  local python = vim.env.CODEX_RPC_PYTHON
  return python and { python, "-m", "codex_rpc", "app-server" } or { "codex-rpc", "app-server" }
end

--- Configures the plugin for the place; `overrides` are settings.
function M.setup(overrides)
  require("codex_rpc").setup(vim.tbl_deep_extend("force", {
    command = server_command(),
    args = {
      "-c",
      "model_provider=script",
      "-c",
      ('model_providers.script.script_path="%s"'):format(M.place.script),
    },
    env = { CODEX_HOME = M.place.root .. "/home", HOME = M.place.root },
    approval_policy = "never",
    sandbox = "danger-full-access",
    restart = { first_delay_ms = 20 },
    ask = "manual",
  }, overrides or {}))
end

function M.set_up()
  local root = assert(vim.uv.fs_mkdtemp((vim.env.TMPDIR or "/tmp") .. "/codex-nvim-XXXXXX"))
  M.place = { root = root, project = root .. "/project", script = root .. "/script.jsonl" }
  vim.fn.mkdir(root .. "/home", "p")
  vim.fn.mkdir(M.place.project, "p")
  vim.cmd.cd(M.place.project)
  M.play({})
  M.told, M.lists = {}, {}
  vim.notify = function(text)
    table.insert(M.told, text)
  end
  vim.ui.select = function(items, options, choose)
    table.insert(M.lists, { items = items, options = options, choose = choose })
  end
  unload()
  M.setup()
end

function M.tear_down()
  local server = package.loaded["codex_rpc.server"]
  if server then
    require("codex_rpc.client").server()
    server.stop_now()
  end
  vim.notify, vim.ui.select, vim.ui.input = real.notify, real.select, real.input
  if package.loaded["codex_rpc.window"] then
    package.loaded["codex_rpc.window"].close()
  end
  vim.cmd("silent! tabonly! | silent! only!")
  vim.wo.winfixbuf = false
  vim.cmd.enew({ bang = true })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if buffer ~= vim.api.nvim_get_current_buf() then
      vim.api.nvim_buf_delete(buffer, { force = true })
    end
  end
  unload()
  vim.cmd.cd("/")
  vim.fn.delete(M.place.root, "rf")
end

--- What helps to see why a case has failed.
function M.trace()
  local parts = { "told: " .. vim.inspect(M.told), "transcript:", M.transcript() }
  local log = package.loaded["codex_rpc.log"]
  if log then
    vim.list_extend(parts, log.lines())
  end
  return table.concat(parts, "\n")
end

-- --- the model ---------------------------------------------------------------------------------

--- Has the model give these responses, each a list of outputs.
function M.play(responses)
  local lines = vim.tbl_map(function(response)
    return vim.json.encode({ output = response })
  end, responses)
  M.write(M.place.script, lines)
end

function M.says(text, options)
  return vim.tbl_extend("force", { type = "text", text = text }, options or {})
end

function M.runs(script)
  local arguments = { command = script, login = false }
  return { type = "functionCall", name = "shell_command", arguments = arguments }
end

function M.patches(body)
  local input = "*** Begin Patch\n" .. body .. "*** End Patch\n"
  return { type = "customToolCall", name = "apply_patch", input = input }
end

function M.calls(tool, arguments)
  return { type = "functionCall", name = tool, arguments = arguments }
end

M.STALL = { type = "stall" }

-- --- files -------------------------------------------------------------------------------------

function M.write(path, lines)
  assert(vim.fn.writefile(lines, path) == 0)
end

function M.in_project(name)
  return M.place.project .. "/" .. name
end

-- --- waiting and looking -----------------------------------------------------------------------

--- Waits until `condition` holds; what it has returned.
function M.wait_for(what, condition)
  local result
  local done = vim.wait(M.PATIENCE, function()
    result = condition()
    return result
  end, 5)
  assert(done, "waited in vain for " .. what)
  return result
end

function M.thread()
  return require("codex_rpc.threads").current()
end

function M.transcript_lines()
  local threads = package.loaded["codex_rpc.threads"]
  local thread = type(threads) == "table" and threads.current()
  local valid = thread and thread.transcript:is_valid()
  return valid and vim.api.nvim_buf_get_lines(thread.transcript.buffer, 0, -1, false) or {}
end

function M.transcript()
  return table.concat(M.transcript_lines(), "\n")
end

function M.wait_for_text(text)
  M.wait_for(("%q in the transcript"):format(text), function()
    return M.transcript():find(text, 1, true)
  end)
end

function M.wait_for_turn_end()
  M.wait_for("the end of the turn", function()
    local thread = M.thread()
    local lines = M.transcript_lines()
    local last = lines[#lines] or ""
    return thread
      and not thread.turn
      and (last:match("^completed") or last:match("^interrupted") or last:match("^failed"))
  end)
end

--- Plays a whole turn.
function M.turn(text)
  vim.cmd("Codex send " .. text)
  M.wait_for("the turn", function()
    return M.transcript():find("> " .. text, 1, true)
  end)
  M.wait_for_turn_end()
end

function M.wait_for_question()
  return M.wait_for("a question", function()
    return require("codex_rpc.questions").oldest()
  end)
end

--- Kills the server, and says which process that was.
function M.kill_server()
  local pid = require("codex_rpc.server").pid()
  assert(pid, "there is no server")
  vim.uv.kill(pid, "sigkill")
  return pid
end

function M.wait_for_another_server(old_pid)
  M.wait_for("another server", function()
    local server = require("codex_rpc.server")
    return server.state() == "ready" and server.pid() ~= old_pid
  end)
end

--- The list that is being offered, which is then gone.
function M.list()
  return table.remove(
    M.wait_for("a list", function()
      return #M.lists > 0 and M.lists
    end),
    1
  )
end

function M.prompt()
  local buffer = require("codex_rpc.prompt").buffer()
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
end

function M.was_told(text)
  return M.wait_for(("%q to be told"):format(text), function()
    return table.concat(M.told, "\n"):find(text, 1, true)
  end)
end

--- The notes beside the lines of a buffer.
function M.virtual_text(buffer)
  local namespace = require("codex_rpc.highlights").namespace
  local found = {}
  local marks = vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })
  for _, mark in ipairs(marks) do
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      found[#found + 1] = vim.trim(chunk[1])
    end
  end
  return found
end

--- The screen as the user sees it.
function M.screen()
  vim.cmd.redraw({ bang = true })
  local rows = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      cells[column] = vim.fn.screenstring(row, column)
    end
    rows[row] = (table.concat(cells):gsub("%s+$", ""))
  end
  return rows
end

-- --- checking ----------------------------------------------------------------------------------

function M.equal(actual, expected)
  if not vim.deep_equal(actual, expected) then
    local text = "expected %s\nbut it is %s"
    error(text:format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

function M.contains(text, part)
  if not text:find(part, 1, true) then
    error(("expected %q in:\n%s"):format(part, text), 2)
  end
end

return M
