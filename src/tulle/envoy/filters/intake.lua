-- What an entry point does with the few requests whose target or headers are not as plain as usual; see intake.py.
-- The route is chosen already, and is not chosen again: which steps a request has cannot change any more.

-- As Go's server answers what is no request.
local function refuse(handle)
  handle:respond({ [":status"] = "400", ["content-type"] = "text/plain; charset=utf-8" }, "400 Bad Request")
end

-- Escapes in capitals, as Go writes them; nil if there is one that is none.
local function usual(path)
  local wrong = path:gsub("%%%x%x", ""):find("%", 1, true)
  if wrong then return nil end
  return (path:gsub("%%%x%x", string.upper))
end

-- Whether something is escaped that nobody needs to escape: rules have not seen what it means.
local function is_disguised(path)
  for digits in path:gmatch("%%(%x%x)") do
    if string.char(tonumber(digits, 16)):find("[%w%-._~]") then return true end
  end
  return false
end

local function usual_port(port, headers)
  if port ~= "host" then return port end
  local proto = headers:get("x-forwarded-proto")
  if proto == "https" or proto == "wss" then return "443" end
  return "80"
end

function envoy_on_request(handle)
  local settings = handle:filterContext()
  local headers = handle:headers()
  local target = headers:get(":path")
  if target ~= nil then
    local start = target:find("?", 1, true)
    local path, query = target, ""
    if start ~= nil then path, query = target:sub(1, start - 1), target:sub(start) end
    local clean = usual(path)
    if clean == nil or (settings.exact and is_disguised(path)) then return refuse(handle) end
    query = query:gsub(";", settings.semicolon)
    if clean .. query ~= target then headers:replace(":path", clean .. query) end
  end
  local host = headers:get(":authority")
  -- (Envoy makes one of several.)
  if host ~= nil and host:find(",", 1, true) then return refuse(handle) end
  if host == settings.nobody then
    headers:replace(":authority", "localhost")
    headers:remove("x-forwarded-host")
  end
  -- A port that nobody told is that of the host, or the usual one.
  local port = headers:get("x-forwarded-port")
  if port == settings.port then
    local own = host ~= nil and host:match(":(%d+)$")
    headers:replace("x-forwarded-port", own or usual_port(port, headers))
  end
  local upgrade = headers:get("upgrade")
  if upgrade ~= nil and upgrade:lower() == "websocket" then
    local proto = headers:get("x-forwarded-proto")
    if proto == "http" then headers:replace("x-forwarded-proto", "ws") end
    if proto == "https" then headers:replace("x-forwarded-proto", "wss") end
  end
end
