-- File changes: the views of them, and the files in the editor.

local t = require("support")

local OLD = { "import os", "", "def main():", "    print('hello')", "    return 0" }
local PATCH = "*** Update File: app.py\n@@\n def main():\n-    print('hello')\n+    print('bye')\n"
  .. "     return 0\n"

local function sides()
  local windows = vim.api.nvim_tabpage_list_wins(0)
  return vim.tbl_map(function(window)
    local buffer = vim.api.nvim_win_get_buf(window)
    return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
  end, windows)
end

local function new_text()
  return (table.concat(OLD, "\n"):gsub("hello", "bye"))
end

local function ask_about_patch()
  t.write(t.in_project("app.py"), OLD)
  t.setup({ approval_policy = "untrusted" })
  t.play({ { t.patches(PATCH) }, { t.says("Well.") } })
  vim.cmd("Codex send Change it")
  return t.wait_for_question()
end

return {
  {
    "a patch that waits is looked at and accepted",
    function()
      ask_about_patch()
      vim.cmd("Codex approve")
      local list = t.list()
      t.equal(list.items[#list.items], "diff")
      list.choose("diff")
      t.equal(sides(), { table.concat(OLD, "\n"), new_text() })
      t.equal(vim.wo.diff, true)
      vim.cmd("Codex approve accept")
      t.wait_for_turn_end()
      t.equal(#vim.api.nvim_list_tabpages(), 1)
      t.equal(table.concat(vim.fn.readfile(t.in_project("app.py")), "\n"), new_text())
    end,
  },
  {
    "a patch that waits is looked at and declined",
    function()
      ask_about_patch()
      vim.cmd("Codex diff")
      vim.cmd("Codex decline")
      t.wait_for_turn_end()
      t.equal(vim.fn.readfile(t.in_project("app.py")), OLD)
      t.contains(table.concat(t.virtual_text(t.thread().transcript.buffer), " "), "declined")
    end,
  },
  {
    "a patch that was applied shows what was before, and open files are read anew",
    function()
      t.write(t.in_project("app.py"), OLD)
      vim.o.autoread = true
      vim.cmd.edit("app.py")
      local buffer = vim.api.nvim_get_current_buf()
      t.play({ { t.patches(PATCH) }, { t.says("Done.") } })
      t.turn("Change it")
      t.wait_for("the buffer to change", function()
        local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
        return text == new_text()
      end)
      vim.cmd("Codex diff app.py")
      t.equal(sides(), { table.concat(OLD, "\n"), new_text() })
    end,
  },
  {
    "of several files one is chosen, and added and deleted ones have one side",
    function()
      t.write(t.in_project("app.py"), OLD)
      local patch = "*** Add File: new.py\n+one\n+two\n*** Delete File: app.py\n"
      t.play({ { t.patches(patch) }, { t.says("Done.") } })
      t.turn("Change it")
      t.contains(t.transcript(), "Add new.py (+2 -0)")
      t.contains(t.transcript(), "Delete app.py (+0 -5)")
      t.equal(vim.fn.sort(vim.fn.getcompletion("Codex diff ", "cmdline")), { "app.py", "new.py" })
      vim.cmd("Codex diff")
      local list = t.list()
      for _, change in ipairs(list.items) do
        if change.kind.type == "add" then
          list.choose(change)
        end
      end
      t.equal(sides(), { "", "one\ntwo" })
      vim.cmd.tabclose()
      vim.cmd("Codex diff app.py")
      t.equal(sides(), { table.concat(OLD, "\n"), "" })
    end,
  },
  {
    "hunks apply both ways, also where lines have moved",
    function()
      local patch = require("codex_rpc.patch")
      local diff = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5,2 +5,3 @@\n e\n+x\n f\n"
      local old = { "a", "b", "c", "d", "e", "f" }
      local new = { "a", "B", "c", "d", "e", "x", "f" }
      t.equal(patch.apply(old, diff), new)
      t.equal(patch.revert(new, diff), old)
      table.insert(old, 1, "0")
      table.insert(new, 1, "0")
      t.equal(patch.apply(old, diff), new)
      t.equal(patch.apply({ "other" }, diff), nil)
      t.equal(patch.apply({}, "@@ -0,0 +1,1 @@\n+a\n"), { "a" })
      local cut = "@@ -1,1 +1,3 @@\n a\n+n\n+n\n@@ -3,1 +4,0 @@\n-x\n"
      t.equal(patch.revert({ "a", "n", "n", "k", "k" }, cut), { "a", "k", "x", "k" })
      t.equal(patch.revert({ "a", "b" }, "@@ -2,0 +2,1 @@\n+b\n"), { "a" })
    end,
  },
}
