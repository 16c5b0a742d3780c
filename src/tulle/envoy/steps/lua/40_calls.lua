-- Questions to other servers. What waits, for an answer or a body, must set the current step again, and get the headers
-- again: those from before are no longer good.
local HOPS = {
  ["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailers"] = true,
  ["trailer"] = true, ["x-envoy-upstream-service-time"] = true, ["transfer-encoding"] = true, ["upgrade"] = true, ["content-length"] = true, ["host"] = true,
}

local function canonical(name)
  return (name:gsub("%f[%w]%l", string.upper))
end

-- All headers that may be passed on, each with a list of values; `only` if it is given.
local function copied(headers, only)
  local found = {}
  for name, value in pairs(headers) do
    if name:sub(1, 1) ~= ":" and not HOPS[name] and (only == nil or is_among(only, name)) then
      local values = type(value) == "table" and value or { value }
      found[name] = found[name] or {}
      for index = 1, #values do table.insert(found[name], values[index]) end
    end
  end
  return found
end

local function values_of(headers, name)
  local value = headers[name]
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

-- Headers and body; nil if nobody answered.
local function call(handle, op, headers, body)
  local options = { timeout_ms = op.timeout, return_duplicate_headers = true, send_xff = false, asynchronous = false }
  local given, text = handle:httpCall(op.cluster, headers, body, options)
  current = op.step
  if given == nil or given[":status"] == nil then return nil end
  -- What Envoy says itself instead has neither of these.
  if given["x-envoy-upstream-service-time"] == nil and given["date"] == nil then return nil end
  return given, text or ""
end

-- As Go resolves what an answer says about another place.
local function resolved(op, location)
  if location:find("^%a[%w+.-]*:") then return location end
  if location:sub(1, 2) == "//" then return op.scheme .. ":" .. location end
  if location:sub(1, 1) == "/" then return op.scheme .. "://" .. op.authority .. location end
  local base = split(op.path)
  if location:sub(1, 1) == "?" then return op.scheme .. "://" .. op.authority .. base .. location end
  return op.scheme .. "://" .. op.authority .. base:match("^.*/") .. location
end

local function question(handle, headers, op)
  local asked = copied(headers, #op.only > 0 and op.only or nil)
  local function told(name, value, trusted)
    local given = trusted and headers:get(name) or nil
    asked[name] = { given or value }
  end
  local peer = host_of(handle:streamInfo():downstreamDirectRemoteAddress())
  local prior = op.trusts and headers:get("x-forwarded-for") or nil
  asked["x-forwarded-for"] = { prior and prior .. ", " .. peer or peer }
  told("x-forwarded-method", headers:get(":method"), op.trusts)
  told("x-forwarded-proto", has_tls(handle) and "https" or "http", op.trusts)
  told("x-forwarded-host", headers:get(":authority"), op.trusts)
  told("x-forwarded-uri", target(headers), op.trusts)
  asked[":method"] = op.keeps_method and headers:get(":method") or "GET"
  asked[":path"], asked[":authority"] = op.path, op.authority
  return asked
end

local function refused(handle, op, given, text)
  local headers = copied(given)
  local location = values_of(given, "location")[1]
  if location ~= nil and not op.keeps_location then headers["location"] = resolved(op, location) end
  return answer(handle, given[":status"], headers, text)
end

local function fits_any(name, patterns)
  for index = 1, #patterns do
    if name:find(patterns[index]) then return true end
  end
  return false
end

-- Those headers of its consent that the service is to see take the place of what the client sent.
local function consented(headers, op, given)
  local names = {}
  for index = 1, #op.consent do names[op.consent[index]] = true end
  if #op.patterns > 0 then
    for name in pairs(headers) do
      if fits_any(canonical(name), op.patterns) then names[name] = true end
    end
    for name in pairs(given) do
      if fits_any(canonical(name), op.patterns) then names[name] = true end
    end
  end
  for name in pairs(names) do
    headers:remove(name)
    local values = values_of(given, name)
    for index = 1, #values do headers:add(name, values[index]) end
  end
end

function REQUEST.ask(handle, headers, op)
  local asked, body = question(handle, headers, op), nil
  if op.shows_body then
    local length = tonumber(headers:get("content-length"))
    if op.largest_body >= 0 and length ~= nil and length > op.largest_body then return answer(handle, 401, {}, "") end
    local buffered = handle:body()
    current = op.step
    headers = handle:headers()
    if buffered ~= nil then body = buffered:getBytes(0, buffered:length()) end
    if op.largest_body >= 0 and body ~= nil and #body > op.largest_body then return answer(handle, 401, {}, "") end
  end
  local given, text = call(handle, op, asked, body)
  headers = handle:headers()
  if given == nil then return answer(handle, 500, {}, "") end
  if op.largest_answer >= 0 and #text > op.largest_answer then return answer(handle, 401, {}, "") end
  local status = tonumber(given[":status"]) or 500
  if status == 401 and op.sign_in ~= "" then return answer(handle, 302, { location = op.sign_in }, "") end
  if status < 200 or status > 299 then return refused(handle, op, given, text) end
  consented(headers, op, given)
  local kept = {}
  for _, cookie in ipairs(values_of(given, "set-cookie")) do
    if is_among(op.cookies, cookie:match("^%s*([^=;%s]*)")) then kept[#kept + 1] = cookie end
  end
  if #kept > 0 then note(handle, op.note .. ".cookies", kept) end
end

function ANSWER.cookies(handle, headers, op)
  local kept = noted(handle, op.note .. ".cookies")
  if kept == nil then return end
  local others = {}
  for index = 0, headers:getNumValues("set-cookie") - 1 do
    local cookie = headers:getAtIndex("set-cookie", index)
    if not is_among(op.cookies, cookie:match("^%s*([^=;%s]*)")) then others[#others + 1] = cookie end
  end
  headers:remove("set-cookie")
  for index = 1, #others do headers:add("set-cookie", others[index]) end
  for index = 1, #kept do headers:add("set-cookie", kept[index]) end
end

-- Pages for errors: what they need of the request is written down on its way.
function REQUEST.note_page(handle, headers, op)
  local scheme_said = has_tls(handle) and "https" or "http"
  note(handle, op.note .. ".url", scheme_said .. "://" .. headers:get(":authority") .. target(headers))
  note(handle, op.note .. ".host", headers:get(":authority"))
  note(handle, op.note .. ".headers", copied(headers, op.only))
end

local function query_escaped(text)
  return (text:gsub("[^%w%-_.~]", function(character)
    return character == " " and "+" or string.format("%%%02X", character:byte())
  end))
end

local function rewritten(rewrites, status)
  for index = 1, #rewrites do
    if status >= rewrites[index][1] and status <= rewrites[index][2] then return rewrites[index][3] end
  end
  return status
end

function ANSWER.page(handle, headers, op)
  local status = tonumber(headers:get(":status"))
  local is_meant = false
  for index = 1, #op.statuses do
    if status >= op.statuses[index][1] and status <= op.statuses[index][2] then is_meant = true end
  end
  local url = noted(handle, op.note .. ".url")
  if not is_meant or url == nil then return end
  local shown = rewritten(op.rewrites, status)
  local values = { status = tostring(shown), originalStatus = tostring(status), url = query_escaped(url) }
  local asked = copied(noted(handle, op.note .. ".headers") or {})
  asked[":method"], asked[":authority"] = "GET", noted(handle, op.note .. ".host")
  asked[":path"] = op.path:gsub("{(%w+)}", values)
  handle:body(true)  -- All of it must be here before the question.
  local given, text = call(handle, op, asked, nil)
  if given == nil then text = "Bad Gateway" end
  local body = handle:body(true)
  headers = handle:headers()
  local names = {}
  for name in pairs(headers) do names[#names + 1] = name end
  for index = 1, #names do
    if names[index]:sub(1, 1) ~= ":" then headers:remove(names[index]) end
  end
  headers:replace(":status", tostring(shown))
  for name, found in pairs(copied(given or {})) do
    for index = 1, #found do headers:add(name, found[index]) end
  end
  body:setBytes(text)
  headers:replace("content-length", tostring(#text))
end
