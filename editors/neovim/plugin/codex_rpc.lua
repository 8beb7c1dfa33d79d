if vim.g.loaded_codex_rpc then
  return
end
vim.g.loaded_codex_rpc = true

vim.api.nvim_create_user_command("Codex", function(call)
  require("codex_rpc.command").run(call)
end, {
  nargs = "*",
  range = true,
  desc = "Work with a Codex agent",
  complete = function(beginning, line)
    return require("codex_rpc.command").complete(beginning, line)
  end,
})

---@param modes string|string[]
---@param name string
---@param subcommand string
local function map(modes, name, subcommand)
  vim.keymap.set(modes, ("<Plug>(codex-%s)"):format(name), "<Cmd>Codex " .. subcommand .. "<CR>")
end

map("n", "open", "open")
map("n", "toggle", "toggle")
map("n", "new", "new")
map({ "n", "i" }, "submit", "submit")
map({ "n", "i" }, "steer", "steer")
map({ "n", "i" }, "interrupt", "interrupt")
map("n", "threads", "threads")
map("n", "fork", "fork")
map("n", "fork-here", "fork here")
map("n", "approve", "approve")
map("n", "accept", "approve accept")
map("n", "decline", "decline")
map("n", "diff", "diff")
map("n", "fix", "fix")
map("n", "explain", "explain")

vim.keymap.set("x", "<Plug>(codex-send)", ":Codex send<CR>", { silent = true })
vim.keymap.set("x", "<Plug>(codex-explain)", ":Codex explain<CR>", { silent = true })
vim.keymap.set("x", "<Plug>(codex-fix)", ":Codex fix<CR>", { silent = true })
for name, step in pairs({ previous = -1, next = 1 }) do
  vim.keymap.set({ "n", "i" }, ("<Plug>(codex-%s)"):format(name), function()
    require("codex_rpc").recall(step)
  end)
end
