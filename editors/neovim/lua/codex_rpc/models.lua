--- Owns the choice of the model.

local client = require("codex_rpc.client")
local config = require("codex_rpc.config")
local notice = require("codex_rpc.notice")
local status = require("codex_rpc.status")
local threads = require("codex_rpc.threads")

local M = {}

---@type codex_rpc.Model[]
local known = {}

--- The names that are known, for completion.
---@return string[]
function M.names()
  return vim.tbl_map(function(model)
    return model.model
  end, known)
end

--- Has the shown thread and all new ones use a model.
---@param name string
function M.use(name)
  local thread = threads.current()
  config.use_model(name)
  if not thread then
    notice.info("new threads will use " .. name)
    return
  end
  local params = { threadId = thread.id, model = name }
  client.server().request("thread/settings/update", params, function(err)
    if err then
      notice.error("cannot change the model: " .. err.message)
      return
    end
    thread.model = name
    status.changed()
  end)
end

---@param model codex_rpc.Model
---@return string
local function line_of(model)
  local text = model.displayName
  if model.description ~= "" then
    text = text .. " - " .. model.description
  end
  return model.isDefault and text .. " (default)" or text
end

--- Lets the user choose.
function M.pick()
  client.server().request("model/list", vim.empty_dict(), function(err, result)
    if err then
      notice.error("cannot list models: " .. err.message)
      return
    end
    known = result.data
    if #known == 0 then
      notice.info("the provider lists no models; :Codex model {name} takes any")
      return
    end
    local options = { prompt = "Model", format_item = line_of, kind = "codex_rpc.model" }
    vim.ui.select(known, options, function(model)
      if model then
        M.use(model.model)
      end
    end)
  end)
end

return M
