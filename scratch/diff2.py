exec(open('/tmp/tr/diff.py').read().split("p,d=traefik")[0])
import sys; sys.path.insert(0,'/work/wt-edge/src')
from ipaddress import ip_network
def rng(*r): return [{"bytes":list(ip_network(x).network_address.packed),"bits":ip_network(x).prefixlen} for x in r]
C.update({
 "ip":({"ipAllowList":{"sourceRange":["10.0.0.0/8"]}},{"request":[{"op":"allow","ranges":rng("10.0.0.0/8"),"by":{"kind":"peer"},"status":403,"body":"Forbidden"}]}),
 "ipok":({"ipAllowList":{"sourceRange":["127.0.0.0/9"]}},{"request":[{"op":"allow","ranges":rng("127.0.0.0/9"),"by":{"kind":"peer"},"status":403,"body":"Forbidden"}]}),
 "ipd":({"ipAllowList":{"sourceRange":["10.0.0.0/8","2001:db8::/33"],"ipStrategy":{"depth":2},"rejectStatusCode":404}},{"request":[{"op":"allow","ranges":rng("10.0.0.0/8","2001:db8::/33"),"by":{"kind":"depth","depth":2},"status":404,"body":"Not Found"}]}),
 "ipx":({"ipAllowList":{"sourceRange":["10.0.0.0/8"],"ipStrategy":{"excludedIPs":["127.0.0.1","192.168.0.0/16"]}}},{"request":[{"op":"allow","ranges":rng("10.0.0.0/8"),"by":{"kind":"excluded","excluded":rng("127.0.0.1/32","192.168.0.0/16")},"status":403,"body":"Forbidden"}]}),
})
p,d=traefik(19410,{"http":{"routers":{k:{"rule":f"Header(`x-mw`,`{k}`)","service":"s","middlewares":[k]} for k in C},"middlewares":{k:v[0] for k,v in C.items()},"services":{"s":{"loadBalancer":{"servers":[{"url":"http://127.0.0.1:19401"}]}}}}},{"entryPoints":{"web":{"address":"127.0.0.1:19410","forwardedHeaders":{"insecure":True}},"traefik":{"address":"127.0.0.1:19411"}}})
q,log=envoy(19430,19401,{k:v[1] for k,v in C.items()})
src=open('/tmp/tr/diff.py').read()
body=src[src.index("n=bad=0"):src.rindex("\ntry:\n")]
exec(body)
try:
    exec(src[src.rindex("\ntry:\n")+6:src.index("finally")].replace("\n    ","\n").strip())
    for mw in ("ip","ipok"): t(mw,"GET","/x"); t(mw,"HEAD","/x"); t(mw,"POST","/x")
    for x in ("10.1.1.1, 1.1.1.1","1.1.1.1, 10.1.1.1","10.1.1.1","10.0.0.1, 192.168.1.1, 127.0.0.1","10.1.1.1,1.1.1.1","2001:db8::1, 1.1.1.1","2001:db8:8000::1, 1.1.1.1","2001:db8:7fff::1, x","garbage, 1.1.1.1",""," 10.1.1.1 , 2.2.2.2 ","::ffff:10.1.1.1, 1.1.1.1"): t("ipd","GET","/x",[("X-Forwarded-For",x)]); t("ipx","GET","/x",[("X-Forwarded-For",x)])
finally: p.terminate(); q.terminate()
print(n,"requests",bad,"differ"); print(open(log).read()[-1500:])
