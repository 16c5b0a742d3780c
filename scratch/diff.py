from ours import *
echo(19401)
def cors_op(): return {"op":"cors","note":"0","origins":["http://ok.test"],"methods":"GET,PUT","headers":"x-a,x-b","max_age":"100","vary":True,"exposed":"e1,e2","credentials":True}
C={
 "add":({"addPrefix":{"prefix":"/pre"}},{"request":[{"op":"add_prefix","prefix":"/pre"}]}),
 "addn":({"addPrefix":{"prefix":"pre"}},{"request":[{"op":"add_prefix","prefix":"pre"}]}),
 "strip":({"stripPrefix":{"prefixes":["/sp","/other/","/a b"]}},{"request":[{"op":"strip","prefixes":["/sp","/other/","/a b"]}]}),
 "rp":({"replacePath":{"path":"/new%20x"}},{"request":[{"op":"replace","path":"/new%20x"}]}),
 "rs":({"redirectScheme":{"scheme":"https"}},{"request":[{"op":"to_scheme","scheme":"https","port":"","permanent":False}]}),
 "rsp":({"redirectScheme":{"scheme":"https","port":"8443","permanent":True}},{"request":[{"op":"to_scheme","scheme":"https","port":":8443","permanent":True}]}),
 "hd":({"headers":{"customRequestHeaders":{"X-Set":"v","X-Del":"","Host":"changed.test"},"customResponseHeaders":{"X-Up":"","X-Res":"r","Server":""}}},{"request":[{"op":"set","name":"x-set","value":"v"},{"op":"set","name":"x-del","value":""},{"op":"set","name":"host","value":"changed.test"}],"answer":[{"op":"set","name":"x-up","value":""},{"op":"set","name":"x-res","value":"r"},{"op":"set","name":"server","value":""}]}),
 "cors":({"headers":{"accessControlAllowOriginList":["http://ok.test"],"accessControlAllowMethods":["GET","PUT"],"accessControlAllowHeaders":["x-a","x-b"],"accessControlMaxAge":100,"addVaryHeader":True,"accessControlExposeHeaders":["e1","e2"],"accessControlAllowCredentials":True}},{"request":[cors_op()],"answer":[cors_op()]}),
 "hosts":({"headers":{"allowedHosts":["ok.test"],"hostsProxyHeaders":["X-Proxied-Host"]}},{"request":[{"op":"hosts","hosts":["ok.test"],"headers":["x-proxied-host"]}]}),
 "enc":({"encodedCharacters":{"allowEncodedSlash":True}},{"request":[{"op":"refuse_encoded","texts":["%5c","%00","%3b","%25","%3f","%23"]}]}),
}
p,d=traefik(19410,{"http":{"routers":{k:{"rule":f"Header(`x-mw`,`{k}`)","service":"s","middlewares":[k]} for k in C},"middlewares":{k:v[0] for k,v in C.items()},"services":{"s":{"loadBalancer":{"servers":[{"url":"http://127.0.0.1:19401"}]}}}}})
q,log=envoy(19430,19401,{k:v[1] for k,v in C.items()})
n=bad=0
def norm(r):
    s,h,b=r
    h=[(k,v) for k,v in h if k not in("date","connection","transfer-encoding","content-length")]
    try:
        j=json.loads(b); b=(j["path"],j["method"],[tuple(x) for x in j["headers"] if x[0] not in("accept-encoding","connection","x-envoy-expected-rq-timeout-ms","x-request-id","x-forwarded-host","x-forwarded-port","x-forwarded-server","x-forwarded-for","x-real-ip","x-forwarded-proto")])
    except Exception: pass
    return s,h,b
def t(mw,method,path,headers=(),**k):
    global n,bad
    a=norm(raw(19410,method,path,[("x-mw",mw),*headers],**k)); b=norm(raw(19430,method,path,[("x-mw",mw),*headers],**k)); n+=1
    if a!=b: bad+=1; print(mw,method,path,headers,k,"\n  T",a,"\n  E",b)
try:
    for path in ("/x","/x?q=/sp","//x","/a%2Fb"): t("add","GET",path); t("addn","GET",path)
    for path in ("/sp","/sp/","/spx/y","/sp//y","/other/z","/%73p/y","/sp%2Fy","/none","/sp?x=1","/sp?","/a%20b/c","/other","/SP/x"): t("strip","GET",path)
    for path in ("/x?y=1","/a%2Fb","/x?","/%7Ea"): t("rp","GET",path)
    for m in("GET","POST","HEAD","PUT"):
        for h in ("a.test","a.test:81","A.Test"): t("rs",m,"/x?y=1",host=h); t("rsp",m,"/x%20?y=1",host=h)
    t("hd","GET","/x",[("X-Del","1"),("X-Set","old"),("X-Set","old2")]); t("hd","HEAD","/x")
    for o in ("http://ok.test","http://bad.test"):
        t("cors","GET","/x",[("Origin",o)]); t("cors","OPTIONS","/x",[("Origin",o),("Access-Control-Request-Method","PUT"),("Access-Control-Request-Headers","x-a")]); t("cors","OPTIONS","/x",[("Origin",o)])
    t("cors","OPTIONS","/x"); t("cors","GET","/x"); t("cors","OPTIONS","/x",[("Access-Control-Request-Method","PUT")])
    t("hosts","GET","/x"); t("hosts","GET","/x",host="ok.test:80"); t("hosts","GET","/x",host="OK.test"); t("hosts","GET","/x",[("X-Proxied-Host","ok.test")])
    for c in ("2F","5C","00","3B","25","3F","23","41","5c"): t("enc","GET",f"/a%{c}b"); t("enc","GET",f"/a?q=%{c}")
finally: p.terminate(); q.terminate()
print(n,"requests",bad,"differ"); print(open(log).read()[-1500:])
