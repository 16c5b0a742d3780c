-- What an entry point does with the few requests whose target or headers are not as plain as usual; see intake.py.
-- The route is chosen already, and is not chosen again: which steps a request has cannot change any more.

local function refuse(handle, status, body)
  local given = { [":status"] = tostring(status) }
  if body ~= "" then
    given["content-type"] = "text/plain; charset=utf-8"
    given["x-content-type-options"] = "nosniff"
  end
  handle:respond(given, body)
end

-- Escapes in capitals, as Go writes them; nil if there is one that is none.
local function usual(path)
  local wrong = path:gsub("%%%x%x", ""):find("%%", 1, true)
  if wrong then return nil end
  return (path:gsub("%%%x%x", string.upper))
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
    if clean == nil then return refuse(handle, 400, "Bad Request\n") end
    query = query:gsub(";", settings.semicolon)
    if clean .. query ~= target then headers:replace(":path", clean .. query) end
  end
  local host = headers:get(":authority")
  local port = host ~= nil and host:match(":(%d+)$") or nil
  if port ~= nil and headers:get("x-forwarded-port") == settings.port then
    headers:replace("x-forwarded-port", port)
  end
  local upgrade = headers:get("upgrade")
  if upgrade ~= nil and upgrade:lower() == "websocket" then
    local proto = headers:get("x-forwarded-proto")
    if proto == "http" then headers:replace("x-forwarded-proto", "ws") end
    if proto == "https" then headers:replace("x-forwarded-proto", "wss") end
  end
end
