-- Sends clients to the endpoint that their cookie names, and sets it when another one answered; see tulle.envoy.stays.

local NOTES, KEY = "tulle.stay", "value"
local CHOSEN = "x-tulle-endpoint"
-- Addresses of endpoints that are known by name, as answers showed them to this thread.
local LEARNED = {}

local function cookie(headers, name)
  local text = headers:get("cookie")
  if text == nil then return nil end
  for part in text:gmatch("[^;]+") do
    local key, value = part:match("^%s*([^=]-)%s*=%s*(.-)%s*$")
    if key == name then return (value:gsub('^"(.*)"$', "%1")) end
  end
  return nil
end

function envoy_on_request(handle)
  local context = handle:filterContext()
  local value = cookie(handle:headers(), context:get("cookie"))
  if value == nil then return end
  local place = context:get("places")[value]
  if place ~= nil then
    handle:streamInfo():dynamicMetadata():set(NOTES, KEY, value)
  else
    place = context:get("old")[value]
  end
  if place == nil then return end
  if not place:find(":", 1, true) or not place:find("^[%[%d]") then place = LEARNED[place] end
  if place ~= nil then handle:setUpstreamOverrideHost(place, false) end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local chosen = headers:get(CHOSEN)
  if chosen == nil then return end
  headers:remove(CHOSEN)
  local name, address = chosen:match("^(%S+) (%S+)$")
  if name == nil then return end
  LEARNED[name] = address
  local context = handle:filterContext()
  local value = context:get("seats")[name]
  local notes = handle:streamInfo():dynamicMetadata():get(NOTES)
  if value == nil or (notes ~= nil and notes[KEY] == value) then return end
  headers:add("set-cookie", context:get("cookie") .. "=" .. value .. context:get("attributes"))
end
