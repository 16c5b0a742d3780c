-- What the service is told of the certificate of the client.
local function peer_certificate(handle)
  local connection = handle:streamInfo():downstreamSslConnection()
  if connection == nil or not connection:peerCertificatePresented() then return nil end
  return connection
end

-- The text of a certificate (or several) without its frame and line ends.
local function unframed(encoded)
  local text = decoded(encoded):gsub("%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-", "")
  text = text:gsub("%-%-%-%-%-END CERTIFICATE%-%-%-%-%-", ","):gsub("%s", "")
  return (text:gsub(",+$", ""))
end

-- A distinguished name (RFC 2253) as pairs, in the order of the certificate.
local function attributes(name)
  local found, at = {}, 1
  local function add(text)
    local kind, value = text:match("^%s*([^=]+)=(.*)$")
    if kind ~= nil then
      value = value:gsub("\\(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end):gsub("\\(.)", "%1")
      table.insert(found, 1, { kind:upper(), value })
    end
  end
  local part = ""
  while at <= #name do
    local character = name:sub(at, at)
    if character == "\\" then
      part, at = part .. name:sub(at, at + 1), at + 1
    elseif character == "," or character == "+" then
      add(part)
      part = ""
    else
      part = part .. character
    end
    at = at + 1
  end
  add(part)
  return found
end

local function told_name(name, kinds)
  local found = {}
  local known = attributes(name)
  for index = 1, #kinds do
    for each = 1, #known do
      if is_among(kinds[index].names, known[each][1]) then found[#found + 1] = kinds[index].as .. "=" .. known[each][2] end
    end
  end
  return table.concat(found, ",")
end

-- A number in hexadecimal digits as one in decimal digits.
local function decimal(text)
  local digits = { 0 }
  for character in text:gmatch("%x") do
    local carry = tonumber(character, 16)
    for index = 1, #digits do
      local value = digits[index] * 16 + carry
      digits[index], carry = value % 10, math.floor(value / 10)
    end
    while carry > 0 do
      digits[#digits + 1], carry = carry % 10, math.floor(carry / 10)
    end
  end
  return string.reverse(table.concat(digits))
end

local function alternative_names(connection)
  local found = {}
  for _, method in ipairs({ "dnsSansPeerCertificate", "uriSanPeerCertificate" }) do
    for _, name in ipairs(connection[method](connection) or {}) do found[#found + 1] = name end
  end
  return table.concat(found, ",")
end

function REQUEST.show_certificate(handle, headers, op)
  local connection = peer_certificate(handle)
  headers:remove("x-forwarded-tls-client-cert")
  headers:remove("x-forwarded-tls-client-cert-info")
  if connection == nil then return end
  if op.pem then
    headers:add("x-forwarded-tls-client-cert", unframed(connection:urlEncodedPemEncodedPeerCertificateChain()))
  end
  local parts = {}
  local function add(name, text)
    if text ~= "" then parts[#parts + 1] = name .. '="' .. text .. '"' end
  end
  if op.subject ~= nil then add("Subject", told_name(connection:subjectPeerCertificate(), op.subject)) end
  if op.issuer ~= nil then add("Issuer", told_name(connection:issuerPeerCertificate(), op.issuer)) end
  if op.serial then add("SerialNumber", decimal(connection:serialNumberPeerCertificate())) end
  if op.start then add("NB", string.format("%d", connection:validFromPeerCertificate())) end
  if op.stop then add("NA", string.format("%d", connection:expirationPeerCertificate())) end
  if op.names then add("SAN", alternative_names(connection)) end
  if #parts > 0 then headers:add("x-forwarded-tls-client-cert-info", query_escaped(table.concat(parts, ";"))) end
end
