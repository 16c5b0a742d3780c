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
  local rest = path:gsub("^%%2[fF]", ""):gsub("^/+", "")
  return "/" .. rest
end

-- Whether a path has steps up, or nothing between slashes, as nothing that clients send has.
local function is_dirty(path)
  if path:find("//", 1, true) then return true end
  for segment in path:gmatch("[^/]+") do
    if segment == "." or segment == ".." then return true end
  end
  return false
end

-- What a path cannot hold as it is.
local ESCAPES = { ["?"] = "%3F", ["#"] = "%23", [" "] = "%20" }
local function escaped(path)
  return (path:gsub("[?# ]", ESCAPES))
end

local function noted(handle, name)
  local notes = handle:streamInfo():dynamicMetadata():get(NOTES)
  return notes and notes[name] or nil
end

local function note(handle, name, value)
  handle:streamInfo():dynamicMetadata():set(NOTES, name, value)
end

-- Answers as Traefik does: with a body that has no type.
local function answer(handle, status, headers, body)
  headers[":status"] = tostring(status)
  if headers["content-type"] == nil then note(handle, "untyped", "yes") end
  handle:respond(headers, body)
  return true
end

-- Answers as Go's `http.Error`.
local function fail(handle, status, text)
  local given = { ["content-type"] = "text/plain; charset=utf-8", ["x-content-type-options"] = "nosniff" }
  return answer(handle, status, given, text .. "\n")
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
  return answer(handle, status, { location = location }, method == "HEAD" and "" or body)
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
  local path, query = split(headers:get(":path"))
  headers:replace(":path", rooted(op.prefix .. path) .. query)
end

-- Nothing at all may be left: the next step may put something before it.
local function stripped(handle, headers, rest, query, prefix)
  local path = rest == "" and "" or rooted(rest)
  if is_dirty(path) then return fail(handle, 400, "Bad Request") end
  headers:replace(":path", path .. query)
  headers:add("x-forwarded-prefix", prefix)
end

function REQUEST.strip(handle, headers, op)
  local path, query = split(headers:get(":path"))
  for index = 1, #op.prefixes do
    local prefix = op.prefixes[index]
    local length = reach(path, prefix)
    if length ~= nil then
      return stripped(handle, headers, path:sub(length + 1), query, prefix)
    end
  end
end

function REQUEST.replace(handle, headers, op)
  if op.broken ~= "" then return fail(handle, 500, op.broken) end
  local path, query = split(headers:get(":path"))
  headers:add("x-replaced-path", path)
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
      return answer(handle, 400, {}, "")
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
  return fail(handle, 500, "Bad Host")
end

function REQUEST.write_path(handle, headers, op)
  local path = split(headers:get(":path"))
  headers:replace(op.header, path)
  note(handle, op.note .. ".old", path)
end

function REQUEST.take_path(handle, headers, op)
  local old, new = noted(handle, op.note .. ".old"), noted(handle, op.note) or ""  -- Nothing is not noted.
  if new == old then return end
  local _, query = split(headers:get(":path"))
  headers:add("x-replaced-path", old)
  if is_dirty(new) then return fail(handle, 400, "Bad Request") end
  headers:replace(":path", escaped(new) .. query)
end

function REQUEST.strip_taken(handle, headers, op)
  local path, query = split(headers:get(":path"))
  for index = 1, #op.notes do
    local rest = noted(handle, op.notes[index]) or ""
    if #rest < #path then
      return stripped(handle, headers, rest, query, path:sub(1, #path - #rest))
    end
  end
end

function REQUEST.write_url(handle, headers, op)
  local url = scheme(headers) .. "://" .. headers:get(":authority") .. headers:get(":path")
  headers:replace(op.header, url)
  note(handle, op.note .. ".old", url)
end

function REQUEST.to_url(handle, headers, op)
  local old, new = noted(handle, op.note .. ".old"), noted(handle, op.note) or ""  -- Nothing is not noted.
  if new == old then return end
  return redirect(handle, headers:get(":method"), new, op.permanent)
end

-- An address as a list of bytes; nil if it is none.
local function bytes(text)
  local four = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  if #four == 4 then
    for index = 1, 4 do
      four[index] = tonumber(four[index])
      if four[index] > 255 then return nil end
    end
    return four
  end
  text = text:gsub("^%[", ""):gsub("%]$", ""):gsub("%%.*$", "")
  if not text:find(":", 1, true) or text:find("[^%x:.]") then return nil end
  local tail = text:match("%d+%.%d+%.%d+%.%d+$")
  if tail ~= nil then
    local inner = bytes(tail)
    if inner == nil then return nil end
    text = text:sub(1, #text - #tail) .. string.format("%x:%x", inner[1] * 256 + inner[2], inner[3] * 256 + inner[4])
  end
  local function groups(part)
    local found = {}
    for group in part:gmatch("[^:]+") do
      local number = tonumber(group, 16)
      found[#found + 1] = math.floor(number / 256)
      found[#found + 1] = number % 256
    end
    return found
  end
  local gap = text:find("::", 1, true)
  local found = groups(gap and text:sub(1, gap - 1) or text)
  local rest = gap and groups(text:sub(gap + 2)) or {}
  if gap then
    for _ = 1, 16 - #found - #rest do found[#found + 1] = 0 end
    for index = 1, #rest do found[#found + 1] = rest[index] end
  end
  if #found ~= 16 then return nil end
  for index = 1, 12 do
    if found[index] ~= (index > 10 and 255 or 0) then return found end
  end
  return { found[13], found[14], found[15], found[16] }  -- An IPv4 address as IPv6 writes it.
end

-- Whether an address is in a range: { bytes, bits }.
local function within(address, range)
  local first = range.bytes
  if #address ~= #first then return false end
  local left = range.bits
  for index = 1, #first do
    if left <= 0 then return true end
    local unit = left >= 8 and 1 or 2 ^ (8 - left)
    if math.floor(address[index] / unit) ~= math.floor(first[index] / unit) then return false end
    left = left - 8
  end
  return true
end

local function within_any(address, ranges)
  if address == nil then return false end
  for index = 1, #ranges do
    if within(address, ranges[index]) then return true end
  end
  return false
end

local function trimmed(text)
  return text:match("^%s*(.-)%s*$")
end

-- The address of the client, as text: the other end, or one that X-Forwarded-For names.
local function client(handle, headers, by)
  local peer = handle:streamInfo():downstreamDirectRemoteAddress():gsub(":%d+$", "")
  if by == nil or by.kind == "peer" then return peer end
  local named = {}
  for part in (headers:get("x-forwarded-for") or ""):gmatch("[^,]+") do named[#named + 1] = trimmed(part) end
  if by.kind == "depth" then return named[#named - by.depth + 1] or "" end
  for index = #named, 1, -1 do
    local address = bytes(named[index])
    if address == nil or not within_any(address, by.excluded) then return named[index] end
  end
  return ""
end

function REQUEST.allow(handle, headers, op)
  if within_any(bytes(client(handle, headers, op.by)), op.ranges) then return end
  return answer(handle, op.status, {}, op.body)
end

local function origin_allowed(handle, op, origin)
  for index = 1, #op.origins do
    if op.origins[index] == "*" then return "*" end
    if op.origins[index] == origin then return origin end
  end
  if op.found ~= nil and noted(handle, op.found) == "yes" then return origin end
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
  local allowed = origin ~= nil and origin_allowed(handle, op, origin) or nil
  if headers:get(":method") == "OPTIONS" and origin ~= nil and headers:get("access-control-request-method") ~= nil then
    local given = cors(op, allowed)
    if op.methods ~= "" then given["access-control-allow-methods"] = op.methods end
    if op.headers ~= "" then given["access-control-allow-headers"] = op.headers end
    if op.max_age ~= "" then given["access-control-max-age"] = op.max_age end
    note(handle, op.note, "answered")
    return answer(handle, 200, given, "")
  end
  if allowed ~= nil then note(handle, op.note, allowed) end
end

function ANSWER.cors(handle, headers, op)
  local allowed = noted(handle, op.note)
  if allowed == "answered" then return end
  for name, value in pairs(cors(op, allowed)) do headers:replace(name, value) end
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

-- Whether clients speak TLS, as the connection or a header of the request says.
function REQUEST.note_secure(handle, headers, op)
  local secure = handle:connection():ssl() ~= nil
  for index = 1, #op.proof do
    if headers:get(op.proof[index][1]) == op.proof[index][2] then secure = true end
  end
  if secure then note(handle, op.note, "secure") end
end

function ANSWER.set_secure(handle, headers, op)
  if noted(handle, op.note) == "secure" then ANSWER.set(handle, headers, op) end
end

-- For patterns; without an origin there is nothing to look at.
function REQUEST.write_origin(handle, headers, op)
  headers:replace(op.header, headers:get("origin") or "")
end

local function run(handle, operations, kind)
  if operations == nil then return end
  local headers = handle:headers()
  for index = 1, #operations do
    local op = operations[index]
    if kind[op.op](handle, headers, op) then return end
  end
  if kind == REQUEST then
    local path = headers:get(":path")
    if path:sub(1, 1) ~= "/" then headers:replace(":path", "/" .. path) end
  end
end

function envoy_on_request(handle)
  run(handle, handle:filterContext():get("request"), REQUEST)
end

function envoy_on_response(handle)
  if noted(handle, "untyped") ~= nil then handle:headers():remove("content-type") end
  run(handle, handle:filterContext():get("answer"), ANSWER)
end
