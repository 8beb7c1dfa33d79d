-- Runs one file of specs in this Neovim: `nvim --headless -u NONE -i NONE -S run.lua`, with
-- CODEX_RPC_SPEC naming it. Each case has a home, a project and a server of its own.

local here = vim.fs.dirname(debug.getinfo(1, "S").source:sub(2))
vim.opt.runtimepath:prepend(vim.fs.dirname(here))
package.path = here .. "/?.lua;" .. package.path
vim.opt.swapfile = false
vim.opt.shadafile = "NONE"
vim.o.columns = 110
vim.o.lines = 36
vim.cmd.runtime("plugin/codex_rpc.lua")

local support = require("support")

local function say(text)
  io.stdout:write(text .. "\n")
end

local function run(name, case)
  local start = vim.uv.hrtime()
  support.set_up()
  local ok, problem = xpcall(case, debug.traceback)
  local trace = not ok and support.trace()
  local clean, mess = xpcall(support.tear_down, debug.traceback)
  if ok and clean then
    say(("ok - %s # %.1f s"):format(name, (vim.uv.hrtime() - start) / 1e9))
    return true
  end
  say(("not ok - %s\n%s\n%s"):format(name, ok and mess or problem, trace or ""))
  return false
end

---@return boolean
local function run_all()
  local only = vim.env.CODEX_RPC_CASE
  local good = true
  for _, case in ipairs(dofile(vim.env.CODEX_RPC_SPEC)) do
    if not only or case[1]:find(only, 1, true) then
      good = run(case[1], case[2]) and good
    end
  end
  return good
end

local ok, good = xpcall(run_all, debug.traceback)
if not ok then
  say("not ok - " .. good)
end
vim.cmd(ok and good and "qall!" or "cquit 1")
