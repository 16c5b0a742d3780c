from lib import *
echo(19401)
MW={
 "add":{"addPrefix":{"prefix":"/pre"}}, "addn":{"addPrefix":{"prefix":"pre"}},
 "strip":{"stripPrefix":{"prefixes":["/sp","/other/"]}},
 "stripre":{"stripPrefixRegex":{"regex":["/r/[a-z]+/","/q"]}},
 "rp":{"replacePath":{"path":"/new%20x"}}, "rpre":{"replacePathRegex":{"regex":"^/(a)(.*)","replacement":"/z$1-$2/${1}"}}, "rpre2":{"replacePathRegex":{"regex":"b","replacement":"[$0]"}},
 "rs":{"redirectScheme":{"scheme":"https"}}, "rsp":{"redirectScheme":{"scheme":"https","port":"8443","permanent":True}},"rsh":{"redirectScheme":{"scheme":"http"}},
 "rr":{"redirectRegex":{"regex":"^http://a.test(?::[0-9]+)?/old/(.*)","replacement":"http://b.test/new/$1","permanent":False}},
 "hd":{"headers":{"customRequestHeaders":{"X-Set":"v","X-Del":"","Host":"changed.test"},"customResponseHeaders":{"X-Up":"","X-Res":"r","Server":""}}},
 "cors":{"headers":{"accessControlAllowOriginList":["http://ok.test"],"accessControlAllowMethods":["GET","PUT"],"accessControlAllowHeaders":["x-a","x-b"],"accessControlMaxAge":100,"addVaryHeader":True,"accessControlExposeHeaders":["e1","e2"],"accessControlAllowCredentials":True}},
 "sec":{"headers":{"frameDeny":True,"contentTypeNosniff":True,"browserXssFilter":True,"stsSeconds":100,"stsIncludeSubdomains":True,"stsPreload":True,"forceSTSHeader":True,"contentSecurityPolicy":"default-src 'self'","referrerPolicy":"no-referrer","permissionsPolicy":"geolocation=()","publicKey":"pin"}},
 "hosts":{"headers":{"allowedHosts":["ok.test"],"hostsProxyHeaders":["X-Forwarded-Host"]}},
 "ip":{"ipAllowList":{"sourceRange":["10.0.0.0/8"]}}, "ipd":{"ipAllowList":{"sourceRange":["10.0.0.0/8"],"ipStrategy":{"depth":2},"rejectStatusCode":404}},
 "ipx":{"ipAllowList":{"sourceRange":["10.0.0.0/8"],"ipStrategy":{"excludedIPs":["127.0.0.1","192.168.0.0/16"]}}},
 "enc":{"encodedCharacters":{"allowEncodedSlash":True}},
}
rs={k:{"rule":f"PathPrefix(`/{k}`) || Header(`x-mw`,`{k}`)","service":"s","middlewares":[k]} for k in MW}
dyn={"http":{"routers":rs,"middlewares":MW,"services":{"s":{"loadBalancer":{"servers":[{"url":"http://127.0.0.1:19401"}]}}}}}
p,d=traefik(19410,dyn,{"entryPoints":{"web":{"address":"127.0.0.1:19410","forwardedHeaders":{"insecure":True}},"traefik":{"address":"127.0.0.1:19411"}}})
try:
    def show(mw,method,path,headers=(),**k):
        s,h,b=raw(19410,method,path,[("x-mw",mw),*headers],**k)
        try: j=json.loads(b); u=(j["path"],[x for x in j["headers"] if x[0] not in("accept-encoding","x-mw","x-forwarded-server","x-forwarded-for","x-real-ip")])
        except Exception: u=b
        print(mw,method,path,headers,"->",s,[x for x in h if x[0] not in("date","x-up","connection") or mw=="hd"],u)
    for path in ("/x","/x?q=/sp","//x","/a%2Fb"): show("add","GET",path); 
    show("addn","GET","/x")
    for path in ("/sp","/sp/","/spx/y","/sp//y","/other/z","/%73p/y","/sp%2Fy","/none","/sp?x=1"): show("strip","GET",path)
    for path in ("/r/abc/x","/r/abc/","/q","/q/x","/x/q","/r/ABC/x"): show("stripre","GET",path)
    for path in ("/x?y=1","/a%2Fb"): show("rp","GET",path)
    for path in ("/a/b?y=1","/a%2Fb","/b"): show("rpre","GET",path); show("rpre2","GET",path)
    for m in("GET","POST","HEAD"): show("rs",m,"/x?y=1"); show("rsp",m,"/x?y=1")
    show("rsh","GET","/x"); show("rs","GET","/x",[("X-Forwarded-Proto","https")]); show("rs","GET","/x",host="a.test:81"); show("rs","GET","/x",[("X-Forwarded-Proto","wss")])
    for path in ("/old/x?y=1","/none"): show("rr","GET",path); show("rr","POST",path)
    show("hd","GET","/x",[("X-Del","1"),("X-Set","old")])
    for o in ("http://ok.test","http://bad.test"):
        show("cors","GET","/x",[("Origin",o)]); show("cors","OPTIONS","/x",[("Origin",o),("Access-Control-Request-Method","PUT"),("Access-Control-Request-Headers","x-a")])
    show("cors","OPTIONS","/x"); show("cors","GET","/x")
    show("sec","GET","/x")
    show("hosts","GET","/x"); show("hosts","GET","/x",host="ok.test:80"); show("hosts","GET","/x",[("X-Forwarded-Host","ok.test")])
    show("ip","GET","/x"); 
    for x in ("10.1.1.1, 1.1.1.1","1.1.1.1, 10.1.1.1","10.1.1.1","10.0.0.1, 192.168.1.1, 127.0.0.1"): show("ipd","GET","/x",[("X-Forwarded-For",x)]); show("ipx","GET","/x",[("X-Forwarded-For",x)])
    for path in ("/a%2Fb","/a%5Cb","/a%00b","/a%3Bb","/a%25b","/a%3Fb","/a%23b"): show("enc","GET",path)
finally: p.terminate()
print(open(d+"/log").read()[:2000])
