-- Runs the operations that a route has in its context: those of "request" in their order, then those of "answer".
-- What each operation does is documented in tulle.envoy.steps.operations, which writes them.

local TEXT = { [301] = "Moved Permanently", [302] = "Found", [307] = "Temporary Redirect", [308] = "Permanent Redirect" }
local NOTES = "tulle.steps"
local SHORT = 2048
local REQUEST, ANSWER = {}, {}
local current = 0  -- The step that is being done. What waits must set it again.

local function decoded(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function trimmed(text)
  return text:match("^%s*(.-)%s*$")
end

local function split(target)
  local start = target:find("?", 1, true)
  if start == nil then return target, "" end
  return target:sub(1, start - 1), target:sub(start)
end

-- Paths as Go's net/url has them: decoded, and as they were written where that is not how Go would write them.
-- What Go would escape in a path; what may stand in it as it is, beyond the rest.
local ODD, WRONG = "[^%w%-_.~$&+,/:;=@]", "[^%w%-_.~$&+,/:;=@!'()*%[%]%%]"

local function escaped(path)
  if not path:find(ODD) then return path end
  return (path:gsub(ODD, function(character) return string.format("%%%02X", character:byte()) end))
end

local function read_path(text)
  if not text:find(ODD) then return text, "" end
  local path = decoded(text)
  return path, escaped(path) ~= text and text or ""
end

local function written_path(path, raw)
  if raw ~= "" and not raw:find(WRONG) and decoded(raw) == path then return raw end
  return escaped(path)
end

local function rooted(path)
  if path == "" or path:sub(1, 1) == "/" then return path end
  return "/" .. path
end

-- How many characters of an encoded path stand for so many of the decoded one.
local function reach(raw, length)
  local at = 1
  for _ = 1, length do
    at = at + (raw:find("^%%%x%x", at) and 3 or 1)
  end
  return at - 1
end

-- Whether a path has steps up, or nothing between slashes, as nothing that clients send has.
local function is_dirty(path)
  if path:find("//", 1, true) then return true end
  for segment in path:gmatch("[^/]+") do
    if segment == "." or segment == ".." then return true end
  end
  return false
end

-- Reading notes makes a table of all of them: once for each request, and for each answer. What waits may come back after
-- others, whose notes are read anew then.
local reader, notes

local function noted(handle, name)
  if reader ~= handle then
    reader, notes = handle, handle:streamInfo():dynamicMetadata():get(NOTES) or {}
  end
  return notes[name]
end

local function note(handle, name, value)
  handle:streamInfo():dynamicMetadata():set(NOTES, name, value)
  if reader == handle then notes[name] = value end
end

-- Answers as Traefik does: with a body that has no type.
local function answer(handle, status, headers, body)
  headers[":status"] = tostring(status)
  if headers["content-type"] == nil then note(handle, "untyped", "yes") end
  note(handle, "answered", current)
  handle:respond(headers, body)
  return true
end

-- Answers as Go's `http.Error`.
local function fail(handle, status, text)
  local given = { ["content-type"] = "text/plain; charset=utf-8", ["x-content-type-options"] = "nosniff" }
  return answer(handle, status, given, text .. "\n")
end

-- A request for something empty is one for "/".
local function target(headers)
  local path = headers:get(":path")
  return path:sub(1, 1) == "/" and path or "/" .. path
end

-- The scheme that clients use, as whoever came last says; of WebSockets that of HTTP.
local SCHEMES = { ws = "http", wss = "https" }
local function scheme(headers)
  local forwarded = headers:get("x-forwarded-proto") or ""
  if forwarded == "" then return "http" end
  return SCHEMES[forwarded:lower()] or forwarded
end

-- Who is at the other end: what the connection has written down, which knows what proxies said and are believed.
local CLIENT = "tulle.client"
local function peer(handle)
  local info = handle:streamInfo()
  return info:filterState():get(CLIENT) or info:downstreamDirectRemoteAddress()
end

local function has_tls(handle)
  return handle:streamInfo():downstreamSslConnection() ~= nil
end

local function redirect(handle, method, location, permanent)
  local is_read = method == "GET"
  local status = permanent and (is_read and 301 or 308) or (is_read and 302 or 307)
  local body = TEXT[status]
  return answer(handle, status, { location = location }, method == "HEAD" and "" or body)
end

function REQUEST.set(handle, headers, op)
  headers:replace(op.name == "host" and ":authority" or op.name, op.value)
end

function REQUEST.remove(handle, headers, op)
  if op.name ~= "host" then headers:remove(op.name) end
end

function REQUEST.add_prefix(handle, headers, op)
  local text, query = split(headers:get(":path"))
  local path, raw = read_path(text)
  if raw ~= "" then raw = rooted(op.prefix .. raw) end
  headers:replace(":path", written_path(rooted(op.prefix .. path), raw) .. query)
end

-- Nothing at all may be left: the next step may put something before it.
local function stripped(handle, headers, path, raw, query, length)
  local prefix = path:sub(1, length)
  local rest = rooted(path:sub(length + 1))
  if raw ~= "" then raw = rooted(raw:sub(reach(raw, length) + 1)) end
  rest = written_path(rest, raw)
  if is_dirty(rest) then return fail(handle, 400, "Bad Request") end
  headers:replace(":path", rest .. query)
  headers:add("x-forwarded-prefix", trimmed(prefix))
end

function REQUEST.strip(handle, headers, op)
  local text, query = split(headers:get(":path"))
  local path, raw = read_path(text)
  for index = 1, #op.prefixes do
    local prefix = op.prefixes[index]
    if path:sub(1, #prefix) == prefix then return stripped(handle, headers, path, raw, query, #prefix) end
  end
end

function REQUEST.replace(handle, headers, op)
  if op.broken ~= "" then return fail(handle, 500, op.broken) end
  local path, query = split(headers:get(":path"))
  headers:add("x-replaced-path", path)
  headers:replace(":path", op.path .. query)
end

-- A request that is not sent elsewhere goes on with its URL as it was written, which has a path.
local function kept_url(handle, headers)
  local path = headers:get(":path")
  if path:sub(1, 1) == "/" then return end
  headers:replace(":path", "/" .. path)
  note(handle, "empty", "no")
end

local USUAL = { http = ":80", https = ":443" }
function REQUEST.to_scheme(handle, headers, op)
  local given, authority = scheme(headers), headers:get(":authority")
  local host = authority:gsub(":%d*$", "")
  local port = authority:sub(#host + 1)
  if port == USUAL[given] then port = "" end
  if given == op.scheme and port == op.port then return kept_url(handle, headers) end
  return redirect(handle, headers:get(":method"), op.scheme .. "://" .. host .. op.port .. target(headers), op.permanent)
end

-- What cannot be done lets nobody pass.
function REQUEST.refuse(handle, headers, op)
  return answer(handle, op.status, {}, op.body)
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
  if noted(handle, op.note .. ".fits") ~= "yes" then return end
  local old, new = noted(handle, op.note .. ".old"), noted(handle, op.note)
  -- Nothing is not noted, and neither is what is longer than Envoy notes.
  if new == nil and #old > SHORT then return answer(handle, 414, {}, "") end
  local _, query = split(headers:get(":path"))
  local raw = new or ""
  local path = decoded(raw)
  headers:add("x-replaced-path", old)
  local wrong = raw:match("%%%x?$") or raw:match("%%[^%x]..?") or raw:match("%%%x[^%x].?")
  if wrong ~= nil then
    return fail(handle, 500, 'invalid URL escape "' .. wrong:sub(1, 3):gsub('[\\"]', "\\%0") .. '"')
  end
  path = written_path(path, raw)
  if is_dirty(path) then return fail(handle, 400, "Bad Request") end
  headers:replace(":path", path .. query)
end

-- For patterns, which are about what is meant.
function REQUEST.write_meant(handle, headers, op)
  local path = read_path(split(headers:get(":path")))
  headers:replace(op.header, (path:gsub("%c", "?")))
end

function REQUEST.strip_taken(handle, headers, op)
  local text, query = split(headers:get(":path"))
  local path, raw = read_path(text)
  for index = 1, #op.notes do
    local found = noted(handle, op.notes[index]) or ""
    local prefix = found:sub(1, 1) == "=" and found:sub(2) or ""
    if prefix ~= "" and path:sub(1, #prefix) == prefix then
      return stripped(handle, headers, path, raw, query, #prefix)
    end
  end
end

function REQUEST.write_url(handle, headers, op)
  local secure = has_tls(handle) or headers:get("x-forwarded-proto") == "https"
  local url = (secure and "https" or "http") .. "://" .. headers:get(":authority") .. target(headers)
  headers:replace(op.header, url)
  note(handle, op.note .. ".old", url)
end

-- Whether Go takes a text for a host with or without a port.
local function is_host(text)
  local rest = text
  if text:sub(1, 1) == "[" then
    local last = text:find("%]") or 0
    if last == 0 then return false end
    rest = text:sub(last + 1)
  else
    rest = text:match(":[^:]*$") or ""
  end
  if not rest:find("^:?%d*$") then return false end
  if text:gsub("%%[89a-fA-F]%x", ""):gsub("%%25", ""):find("%%") then return false end
  return not text:find("[^%w%-_.~!$&'()*+,;=:%[%]<>\"%%\128-\255]")
end

local function has_wrong_escape(text)
  return text:gsub("%%%x%x", ""):find("%", 1, true) ~= nil
end

-- A URL as Go's net/url reads and writes it; nil if it cannot read it.
local function usual_url(text)
  if text:find("%c") then return nil end
  local rest, fragment = text, ""
  local hash = text:find("#", 1, true)
  if hash ~= nil then rest, fragment = text:sub(1, hash - 1), text:sub(hash + 1) end
  local query
  rest, query = split(rest)
  if rest:sub(1, 1) == ":" then return nil end
  local start, after = rest:match("^(%a[%w+.-]*):(.*)$")
  if start ~= nil then
    start, rest = start:lower() .. ":", after
    if rest ~= "" and rest:sub(1, 1) ~= "/" then return start .. rest .. query .. (hash and "#" .. fragment or "") end
  elseif rest:match("^[^/]*"):find(":", 1, true) then
    return nil
  end
  local host = ""
  if rest:sub(1, 2) == "//" and (start ~= nil or rest:sub(1, 3) ~= "///") then
    local authority = rest:sub(3):match("^[^/]*")
    rest = rest:sub(3 + #authority)
    if not is_host(authority:match("[^@]*$")) then return nil end
    host = "//" .. authority:gsub("[\128-\255]", function(byte) return string.format("%%%02X", byte:byte()) end)
  end
  if has_wrong_escape(rest) or has_wrong_escape(fragment) then return nil end
  local path = rest:find(ODD) and written_path(decoded(rest), rest) or rest
  return (start or "") .. host .. path .. query .. (fragment ~= "" and "#" .. escaped(fragment) or "")
end

function REQUEST.to_url(handle, headers, op)
  if noted(handle, op.note .. ".fits") ~= "yes" then return end
  local old, new = noted(handle, op.note .. ".old"), noted(handle, op.note)
  if new == nil and #old > SHORT then return answer(handle, 414, {}, "") end
  local location = usual_url(new or "")
  if location == nil then return answer(handle, 502, {}, "Bad Gateway") end
  if new ~= old then return redirect(handle, headers:get(":method"), location, op.permanent) end
  kept_url(handle, headers)
end

-- Addresses as Go's net/netip reads them: a list of bytes; nil if it is none.
local function four_bytes(text)
  local found = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  if #found ~= 4 then return nil end
  for index = 1, 4 do
    local digits = found[index]
    if #digits > 3 or (#digits > 1 and digits:sub(1, 1) == "0") or tonumber(digits) > 255 then return nil end
    found[index] = tonumber(digits)
  end
  return found
end

-- Groups of hexadecimal digits between colons, added to what was found; false if something else stands there.
local function groups(text, found)
  if text == "" then return true end
  for group in (text .. ":"):gmatch("(.-):") do
    if not group:find("^%x%x?%x?%x?$") then return false end
    local number = tonumber(group, 16)
    found[#found + 1] = math.floor(number / 256)
    found[#found + 1] = number % 256
  end
  return true
end

local function sixteen_bytes(text)
  local zone = text:find("%", 1, true)
  if zone ~= nil then
    if zone == #text then return nil end
    text = text:sub(1, zone - 1)
  end
  local tail = text:match("[^:]*$")
  if tail:find(".", 1, true) then
    local last = four_bytes(tail)
    if last == nil then return nil end
    text = text:sub(1, #text - #tail) .. string.format("%x:%x", last[1] * 256 + last[2], last[3] * 256 + last[4])
  end
  local gap = text:find("::", 1, true)
  local found, rest = {}, {}
  if not groups(gap and text:sub(1, gap - 1) or text, found) then return nil end
  if gap then
    if not groups(text:sub(gap + 2), rest) or #found + #rest > 14 then return nil end
    for _ = 1, 16 - #found - #rest do found[#found + 1] = 0 end
    for index = 1, #rest do found[#found + 1] = rest[index] end
  end
  return #found == 16 and found or nil
end

-- An IPv4 address as IPv6 writes it is one.
local function unmapped(found)
  if found == nil or #found == 4 then return found end
  for index = 1, 12 do
    if found[index] ~= (index > 10 and 255 or 0) then return found end
  end
  return { found[13], found[14], found[15], found[16] }
end

local function bytes(text)
  return text:find(":", 1, true) and sixteen_bytes(text) or four_bytes(text)
end

-- The host of "host:port", "[host]:port"; of anything else all of it.
local function host_of(text)
  local inner = text:match("^%[([^%[%]]*)%]:[^:%[%]]*$")
  if inner ~= nil then return inner end
  return text:match("^([^:%[%]]*):[^:%[%]]*$") or text
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

-- Of several headers of a name the first, as Go's Header.Get.
local function first(headers, name)
  return headers:getAtIndex(name, 0)
end

-- Only so many bits of an IPv6 address.
local function masked(address, bits)
  if bits == nil or address == nil or #address ~= 16 then return address end
  local found = {}
  for index = 1, 16 do
    local left = bits - 8 * (index - 1)
    local unit = left >= 8 and 1 or left <= 0 and 256 or 2 ^ (8 - left)
    found[index] = math.floor(address[index] / unit) * unit
  end
  return found
end

-- The address of the client, as text: the other end, or one that X-Forwarded-For names; empty if there is none.
local function client(handle, headers, by)
  if by == nil or by.kind == "peer" then return peer(handle) end
  local named = {}
  for part in ((first(headers, "x-forwarded-for") or "") .. ","):gmatch("(.-),") do named[#named + 1] = trimmed(part) end
  if by.kind == "depth" then return named[#named - by.depth + 1] or "" end
  for index = #named, 1, -1 do
    if named[index] ~= "" and not within_any(unmapped(bytes(named[index])), by.excluded) then return named[index] end
  end
  return ""
end

function REQUEST.allow(handle, headers, op)
  local address = bytes(host_of(client(handle, headers, op.by)))
  if within_any(unmapped(masked(address, op.by.ipv6)), op.ranges) then return end
  return answer(handle, op.status, {}, op.body)
end

-- What the answer says whose pages may read it; nil if it says nothing. Without an origin it may be nobody's.
local function origin_allowed(handle, op, origin)
  for index = 1, #op.origins do
    if op.origins[index] == "*" then return op.credentials and origin or "*" end
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
  local origin, asked = first(headers, "origin") or "", first(headers, "access-control-request-method") or ""
  local allowed = origin_allowed(handle, op, origin)
  if headers:get(":method") == "OPTIONS" and origin ~= "" and asked ~= "" then
    local given = cors(op, allowed)
    local methods = op.methods == "*" and op.credentials and asked or op.methods
    local wanted = op.headers == "*" and op.credentials and first(headers, "access-control-request-headers") or op.headers
    if methods ~= "" then given["access-control-allow-methods"] = methods end
    if wanted ~= "" and (wanted ~= "*" or not op.credentials) then given["access-control-allow-headers"] = wanted end
    if op.max_age ~= "" then given["access-control-max-age"] = op.max_age end
    return answer(handle, 200, given, "")
  end
  if allowed ~= nil then note(handle, op.note, allowed) end
end

function ANSWER.cors(handle, headers, op)
  local allowed = noted(handle, op.note)
  for name, value in pairs(cors(op, allowed)) do headers:replace(name, value) end
  if op.vary then
    local vary = headers:get("vary")
    if vary == nil or vary == "" then
      headers:replace("vary", "Origin")
    elseif vary ~= "Origin" then
      headers:replace("vary", vary .. ",Origin")
    end
  end
end

function ANSWER.set(handle, headers, op)
  headers:replace(op.name, op.value)
end

function ANSWER.remove(handle, headers, op)
  headers:remove(op.name)
end

-- Whether clients speak TLS, as the connection or a header of the request says.
function REQUEST.note_secure(handle, headers, op)
  local secure = has_tls(handle)
  for index = 1, #op.proof do
    if headers:get(op.proof[index][1]) == op.proof[index][2] then secure = true end
  end
  if secure then note(handle, op.note, "secure") end
end

function ANSWER.secure(handle, headers, op)
  if noted(handle, op.note) == "secure" then ANSWER[op["then"].op](handle, headers, op["then"]) end
end

-- For patterns; without an origin there is nothing to look at.
function REQUEST.write_origin(handle, headers, op)
  headers:replace(op.header, headers:get("origin") or "")
end
