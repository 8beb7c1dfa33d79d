-- What messages say of the editor.

local t = require("support")

local function open_file()
  t.write(t.in_project("app.py"), { "import os", "def f():", "    return 1" })
  vim.cmd.edit("app.py")
  vim.bo.filetype = "python"
end

return {
  {
    "the selection goes along with what is said",
    function()
      open_file()
      t.play({ { t.says("I see.") } })
      vim.cmd("2,3Codex send What is this?")
      t.wait_for_text("I see.")
      local lines = vim.list_slice(t.transcript_lines(), 1, 7)
      t.equal(lines, {
        "> What is this?",
        "",
        "  `app.py`, lines 2-3:",
        "  ```python",
        "  def f():",
        "      return 1",
        "  ```",
      })
    end,
  },
  {
    "the selection alone waits in the prompt",
    function()
      open_file()
      vim.cmd("normal! GV")
      vim.api.nvim_feedkeys(vim.keycode("<Plug>(codex-send)"), "xt", false)
      t.equal(t.prompt(), "`app.py`, line 3:\n```python\n    return 1\n```\n")
      t.equal(vim.api.nvim_get_current_buf(), require("codex_rpc.prompt").buffer())
    end,
  },
  {
    "fences are longer than those in the text, and unsaved text is called so",
    function()
      t.write(t.in_project("notes.md"), { "```lua", "x = 1", "```" })
      vim.cmd.edit("notes.md")
      vim.api.nvim_buf_set_lines(0, 1, 2, false, { "x = 2" })
      local text = require("codex_rpc.context").lines(1, 3)
      t.contains(text, "`notes.md` (not saved), lines 1-3:\n````")
      t.contains(text, "x = 2\n```\n````")
      vim.bo.modified = false
    end,
  },
  {
    "fix sends the diagnostics at the cursor, and the lines around",
    function()
      open_file()
      local namespace = vim.api.nvim_create_namespace("spec")
      vim.diagnostic.set(namespace, 0, {
        {
          lnum = 0,
          col = 0,
          message = "unused import",
          severity = 2,
          source = "lint",
          code = "F4",
        },
        { lnum = 2, col = 0, message = "elsewhere", severity = 1 },
      })
      t.play({ { t.says("Fixed.") } })
      vim.api.nvim_win_set_cursor(0, { 1, 0 })
      vim.cmd("Codex fix")
      t.wait_for_text("Fixed.")
      t.contains(t.transcript(), "- line 1, warning from lint: unused import [F4]")
      t.contains(t.transcript(), "lines 1-3:")
      assert(not t.transcript():find("elsewhere", 1, true))
    end,
  },
  {
    "fix without diagnostics sends nothing",
    function()
      open_file()
      vim.cmd("Codex fix")
      t.was_told("there are no diagnostics here")
    end,
  },
  {
    "explain sends the line of the cursor",
    function()
      open_file()
      t.play({ { t.says("It returns one.") } })
      vim.api.nvim_win_set_cursor(0, { 3, 0 })
      vim.cmd("Codex explain")
      t.wait_for_text("It returns one.")
      t.contains(t.transcript(), "> Explain this:\n\n  `app.py`, line 3:")
    end,
  },
}
