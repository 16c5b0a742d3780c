-- Runs the operations that a route has in its context: those of "request" in their order, then those of "answer".
-- What each operation does is documented in tulle.envoy.steps.operations, which writes them.

local TEXT = { [301] = "Moved Permanently", [302] = "Found", [307] = "Temporary Redirect", [308] = "Permanent Redirect" }
local NOTES = "tulle.steps"
local REQUEST, ANSWER = {}, {}

local function decoded(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function split(target)
  local start = target:find("?", 1, true)
  if start == nil then return target, "" end
  return target:sub(1, start - 1), target:sub(start)
end

-- How many characters of an encoded path stand for a prefix; nil if it does not begin so.
local function reach(path, prefix)
  if path:sub(1, #prefix) == prefix and not prefix:find("%", 1, true) then return #prefix end
  local at = 1
  for index = 1, #prefix do
    local character = path:sub(at, at)
    local length = 1
    if character == "%" and path:find("^%x%x", at + 1) then
      character, length = string.char(tonumber(path:sub(at + 1, at + 2), 16)), 3
    end
    if character ~= prefix:sub(index, index) then return nil end
    at = at + length
  end
  return at - 1
end

local function rooted(path)
  local rest = path:gsub("^/+", "")
  return "/" .. rest
end

local function append(headers, name, value)
  headers:add(name, value)
end

local function scheme(headers)
  local forwarded = headers:get("x-forwarded-proto")
  if forwarded == "ws" then return "http" end
  if forwarded == "wss" then return "https" end
  return forwarded or "http"
end

local function redirect(handle, method, location, permanent)
  local is_read = method == "GET"
  local status = permanent and (is_read and 301 or 308) or (is_read and 302 or 307)
  local body = TEXT[status]
  handle:respond({ [":status"] = tostring(status), ["location"] = location }, method == "HEAD" and "" or body)
  return true
end

function REQUEST.set(handle, headers, op)
  if op.name == "host" then
    if op.value ~= "" then headers:replace(":authority", op.value) end
  elseif op.value == "" then
    headers:remove(op.name)
  else
    headers:replace(op.name, op.value)
  end
end

function REQUEST.add_prefix(handle, headers, op)
  headers:replace(":path", rooted(op.prefix .. headers:get(":path")))
end

function REQUEST.strip(handle, headers, op)
  local path, query = split(headers:get(":path"))
  for index = 1, #op.prefixes do
    local prefix = op.prefixes[index]
    local length = reach(path, prefix)
    if length ~= nil then
      headers:replace(":path", rooted(path:sub(length + 1)) .. query)
      append(headers, "x-forwarded-prefix", prefix)
      return
    end
  end
end

function REQUEST.replace(handle, headers, op)
  local path, query = split(headers:get(":path"))
  headers:replace("x-replaced-path", path)
  headers:replace(":path", op.path .. query)
end

function REQUEST.to_scheme(handle, headers, op)
  if scheme(headers) == op.scheme then return end
  local host = headers:get(":authority"):gsub(":%d+$", "")
  return redirect(handle, headers:get(":method"), op.scheme .. "://" .. host .. op.port .. headers:get(":path"), op.permanent)
end

function REQUEST.refuse_encoded(handle, headers, op)
  local path = split(headers:get(":path")):lower()
  for index = 1, #op.texts do
    if path:find(op.texts[index], 1, true) then
      handle:respond({ [":status"] = "400" }, "")
      return true
    end
  end
end

function REQUEST.hosts(handle, headers, op)
  local host = headers:get(":authority")
  for index = 1, #op.headers do
    local given = headers:get(op.headers[index])
    if given ~= nil and given ~= "" then host = given break end
  end
  for index = 1, #op.hosts do
    if op.hosts[index]:lower() == host:lower() then return end
  end
  handle:respond({ [":status"] = "500", ["content-type"] = "text/plain; charset=utf-8", ["x-content-type-options"] = "nosniff" }, "Bad Host\n")
  return true
end

local function origin_allowed(op, origin)
  for index = 1, #op.origins do
    if op.origins[index] == "*" then return "*" end
    if op.origins[index] == origin then return origin end
  end
  return nil
end

local function cors(op, allowed)
  local given = {}
  if allowed ~= nil then given["access-control-allow-origin"] = allowed end
  if op.credentials then given["access-control-allow-credentials"] = "true" end
  if op.exposed ~= "" then given["access-control-expose-headers"] = op.exposed end
  return given
end

function REQUEST.cors(handle, headers, op)
  local origin = headers:get("origin")
  local allowed = origin ~= nil and origin_allowed(op, origin) or nil
  if headers:get(":method") == "OPTIONS" and origin ~= nil and headers:get("access-control-request-method") ~= nil then
    local given = cors(op, allowed)
    given[":status"] = "200"
    given["content-length"] = "0"
    if op.methods ~= "" then given["access-control-allow-methods"] = op.methods end
    if op.headers ~= "" then given["access-control-allow-headers"] = op.headers end
    if op.max_age ~= "" then given["access-control-max-age"] = op.max_age end
    handle:respond(given, "")
    return true
  end
  if allowed ~= nil then handle:streamInfo():dynamicMetadata():set(NOTES, op.note, allowed) end
end

function ANSWER.cors(handle, headers, op)
  local notes = handle:streamInfo():dynamicMetadata():get(NOTES)
  for name, value in pairs(cors(op, notes and notes[op.note] or nil)) do headers:replace(name, value) end
  if op.vary then
    local vary = headers:get("vary")
    if vary == nil or vary == "" then
      headers:replace("vary", "Origin")
    elseif not vary:find("Origin", 1, true) then
      headers:replace("vary", vary .. ",Origin")
    end
  end
end

function ANSWER.set(handle, headers, op)
  if op.value == "" then headers:remove(op.name) else headers:replace(op.name, op.value) end
end

local function run(handle, operations, kind)
  if operations == nil then return end
  local headers = handle:headers()
  for index = 1, #operations do
    local op = operations[index]
    if kind[op.op](handle, headers, op) then return end
  end
end

function envoy_on_request(handle)
  run(handle, handle:filterContext():get("request"), REQUEST)
end

function envoy_on_response(handle)
  run(handle, handle:filterContext():get("answer"), ANSWER)
end
