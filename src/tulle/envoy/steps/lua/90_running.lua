-- Steps may leave no path at all. Everything but steps must see one.
local function emptied(handle, headers)
  local path = headers:get(":path")
  if (path == "/" or path:sub(1, 2) == "/?") and noted(handle, "empty") == "yes" then
    headers:replace(":path", path:sub(2))
  end
end

local function filled(handle, headers)
  local path = headers:get(":path")
  local start = path:sub(1, 1)
  if start == "/" then return end
  if start == "" or start == "?" then note(handle, "empty", "yes") end
  headers:replace(":path", "/" .. path)
end

-- What was done may be something that routers below ask for. The next filters are those of the new route.
function REQUEST.route_again(handle, headers, op)
  filled(handle, headers)
  note(handle, "turn", op.router)
  handle:clearRouteCache()
end

-- Plans of routes by their names, so that each is made into tables once. After very many changes all begins anew.
local PLANS, MOST = {}, 10000
local known = 0

local function plan(context)
  local name = context:get("plan")
  if name == nil then return {} end
  local found = PLANS[name]
  if found ~= nil then return found end
  found = { slot = context:get("slot"), request = context:get("request"), answer = context:get("answer") }
  if known >= MOST then PLANS, known = {}, 0 end
  PLANS[name], known = found, known + 1
  return found
end

local function on_request(handle, context)
  local headers, here = handle:headers(), plan(context)
  local slot, operations = here.slot, here.request
  if slot ~= nil then note(handle, "reached", slot) end
  if operations == nil then return end
  emptied(handle, headers)
  for index = 1, #operations do
    local op = operations[index]
    current = op.step
    if REQUEST[op.op](handle, headers, op) then return end
    if op.waits then headers = handle:headers() end
  end
  filled(handle, headers)
end

-- Answers that were made on the way pass all interpreters; those steps that the request had not reached leave them.
local function on_response(handle, context)
  local headers = handle:headers()
  if noted(handle, "untyped") == "yes" then
    headers:remove("content-type")
    note(handle, "untyped", "no more")
  end
  local here = plan(context)
  local slot, operations = here.slot, here.answer
  if slot == nil or slot > (noted(handle, "reached") or 0) then return end
  local answered = noted(handle, "answered")
  for index = 1, #operations do
    local op = operations[index]
    if answered == nil or op.step < answered then
      ANSWER[op.op](handle, headers, op)
      if op.waits then headers = handle:headers() end
    end
  end
end

-- Envoy lets requests pass whose script fails; here they must not.
function envoy_on_request(handle)
  local fine, problem = pcall(on_request, handle, handle:filterContext())
  if fine then return end
  handle:logErr("steps: " .. tostring(problem))
  handle:respond({ [":status"] = "500" }, "")
end

function envoy_on_response(handle)
  local fine, problem = pcall(on_response, handle, handle:filterContext())
  if not fine then handle:logErr("steps: " .. tostring(problem)) end
end
