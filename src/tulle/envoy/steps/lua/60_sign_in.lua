local function is_own(names, cookie)
  for index = 1, #names do
    local name = names[index]
    -- Of those for one way to the provider and back, each way has its own.
    if cookie == name or cookie:sub(1, #name + 1) == name .. "." then return true end
  end
  return false
end

local function has_cookie(headers, name)
  for index = 0, headers:getNumValues("cookie") - 1 do
    if ("; " .. headers:getAtIndex("cookie", index)):find("; " .. name .. "=", 1, true) then return true end
  end
  return false
end

-- Whose token is not there any more, or not good any more, signs in again: once, lest tokens that are never good send a
-- browser around for ever.
function REQUEST.note_sign_in(handle, headers, op)
  if headers:get(":method") ~= "GET" or has_cookie(headers, op.again) then return end
  note(handle, op.note .. ".here", scheme(headers) .. "://" .. headers:get(":authority") .. target(headers))
end

function ANSWER.sign_in_again(handle, headers, op)
  local here = noted(handle, op.note .. ".here")
  if here == nil or noted(handle, op.note .. ".passed") == "yes" then return end
  -- What lets people sign in does not say this; what reads their tokens does.
  if headers:get(":status") ~= "401" or not (headers:get("www-authenticate") or ""):find("^Bearer") then return end
  for index = 1, #op.cookies do headers:add("set-cookie", op.cookies[index]) end
  headers:remove("www-authenticate")
  headers:replace(":status", "302")
  headers:replace("location", here)
end

-- Envoy shows the tokens themselves to what comes after it.
function REQUEST.drop_cookies(handle, headers, op)
  note(handle, op.note .. ".passed", "yes")
  local kept = {}
  for index = 0, headers:getNumValues("cookie") - 1 do
    for part in headers:getAtIndex("cookie", index):gmatch("[^;]+") do
      local cookie = trimmed(part)
      if cookie ~= "" and not is_own(op.cookies, cookie:match("^[^=%s]*")) then kept[#kept + 1] = cookie end
    end
  end
  headers:remove("cookie")
  if #kept > 0 then headers:add("cookie", table.concat(kept, "; ")) end
end

-- Who signed in at a page for that goes on from there.
function REQUEST.go_on(handle, headers, op)
  local path = split(target(headers))
  if path == op.path then return redirect(handle, headers:get(":method"), op.to, false) end
end

function REQUEST.note_leaving(handle, headers, op)
  local path = split(target(headers))
  if path == op.path then note(handle, op.note .. ".leaving", "yes") end
end

-- Envoy sends everybody to the root of the host, some by way of the provider.
function ANSWER.leave(handle, headers, op)
  local location = headers:get("location")
  if location == nil or noted(handle, op.note .. ".leaving") ~= "yes" then return end
  local before, root = location:match("^(.*[?&]post_logout_redirect_uri=)([^&]*)$")
  local host = decoded(root or location):match("^(%a+://[^/]*)") or ""
  local to = op.to:sub(1, 1) == "/" and host .. op.to or op.to
  headers:replace("location", before == nil and to or before .. query_escaped(to))
end
