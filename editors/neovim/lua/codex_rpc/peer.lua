--- Owns the JSON-RPC mechanics of one connection: ids, and who waits for which response.
---
--- Knows no method. Writing and reading bytes is left to `process`, order to `inbox`.

---@class codex_rpc.RpcError
---@field code integer
---@field message string
---@field data? { kind?: string, path?: string }

---@alias codex_rpc.Callback fun(err?: codex_rpc.RpcError, result?: table)

---@class codex_rpc.PeerOptions
---@field write fun(text: string)
---@field on_notification fun(method: string, params: table)
---@field on_request fun(id: integer|string, method: string, params: table)

---@class codex_rpc.Peer
---@field private options codex_rpc.PeerOptions
---@field private last_id integer
---@field private pending table<integer, codex_rpc.Callback>
---@field private gone? codex_rpc.RpcError
local Peer = {}
Peer.__index = Peer

---@param options codex_rpc.PeerOptions
---@return codex_rpc.Peer
function Peer.new(options)
  return setmetatable({ options = options, last_id = 0, pending = {} }, Peer)
end

---@private
---@param message table
function Peer:_send(message)
  self.options.write(vim.json.encode(message) .. "\n")
end

--- `callback` is called exactly once, with the error of `close()` if no response comes.
---@param method string
---@param params table
---@param callback codex_rpc.Callback
function Peer:request(method, params, callback)
  if self.gone then
    local gone = self.gone
    vim.schedule(function()
      callback(gone)
    end)
    return
  end
  self.last_id = self.last_id + 1
  self.pending[self.last_id] = callback
  self:_send({ id = self.last_id, method = method, params = params })
end

---@param method string
function Peer:notify(method)
  self:_send({ method = method })
end

---@param id integer|string
---@param result table
function Peer:respond(id, result)
  self:_send({ id = id, result = result })
end

---@param id integer|string
---@param code integer
---@param message string
function Peer:refuse(id, code, message)
  self:_send({ id = id, error = { code = code, message = message } })
end

---@param message table
function Peer:handle(message)
  if message.method and message.id ~= nil then
    self.options.on_request(message.id, message.method, message.params or {})
  elseif message.method then
    self.options.on_notification(message.method, message.params or {})
  elseif message.id == nil then
    local problem = message.error and message.error.message or "a message of no kind"
    require("codex_rpc.log").add("server", problem)
  else
    local callback = self.pending[message.id]
    self.pending[message.id] = nil
    if callback then
      callback(message.error, message.result)
    end
  end
end

--- Fails whatever still waits for a response, and all later requests.
---@param err codex_rpc.RpcError
function Peer:close(err)
  self.gone = err
  local pending = self.pending
  self.pending = {}
  local ids = vim.tbl_keys(pending)
  table.sort(ids)
  for _, id in ipairs(ids) do
    pending[id](err)
  end
end

return Peer
