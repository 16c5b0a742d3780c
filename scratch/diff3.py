import sys; sys.path.insert(0,'/work/wt-edge/src')
from lib import *
from tulle.envoy.steps import paths, slots, parts
from tulle.model.steps import *
L="type.googleapis.com/envoy.extensions.filters.http.lua.v3."
CH="type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3."
def envoy2(port, upstream, routes_):
    lua=open('/work/wt-edge/src/tulle/envoy/steps/interpreter.lua').read()
    routes=[{"match":{"prefix":"/","headers":[{"name":"x-mw","string_match":{"exact":k}}]},"route":{"cluster":"c","timeout":"0s"},"typed_per_filter_config":dict(slots.wanted(slots.laid_out(ps)))} for k,ps in routes_.items()]
    fl=[]
    for n in range(1,slots.SLOTS+1):
        fl.append({"name":f"steps-{n}","disabled":True,"typed_config":{"@type":L+"Lua","default_source_code":{"inline_string":lua}}})
        fl.append({"name":f"steps-{n}-native","disabled":True,"typed_config":{"@type":"type.googleapis.com/xds.type.v3.TypedStruct","type_url":CH+"FilterChainConfig","value":{}}})
    hcm={"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager","stat_prefix":"x","server_header_transformation":"PASS_THROUGH","normalize_path":True,"merge_slashes":True,"route_config":{"virtual_hosts":[{"name":"a","domains":["*"],"routes":routes}]},"http_filters":fl+[{"name":"router","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.router.v3.Router","suppress_envoy_headers":True}}]}
    c={"static_resources":{"clusters":[{"name":"c","type":"STATIC","load_assignment":{"cluster_name":"c","endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"127.0.0.1","port_value":upstream}}}}]}]}}],"listeners":[{"name":"l","address":{"socket_address":{"address":"127.0.0.1","port_value":port}},"filter_chains":[{"filters":[{"name":"hcm","typed_config":hcm}]}]}]}}
    f=tempfile.mktemp(); open(f,"w").write(json.dumps(c))
    p=subprocess.Popen([ENVOY,"-c",f,"--concurrency","1","-l","warning","--disable-hot-restart"],stdout=open(f+".log","w"),stderr=subprocess.STDOUT)
    for _ in range(100):
        try: socket.create_connection(("127.0.0.1",port)).close(); break
        except OSError: time.sleep(.05)
    return p,f+".log"
FN={AddPrefix:paths.add_prefix,StripPrefix:paths.strip_prefix,ReplacePath:paths.replace_path,ReplacePattern:paths.replace_pattern,StripPattern:paths.strip_patterns}
def steps(*ss): return [p for i,s in enumerate(ss) for p in FN[type(s)](s,str(i))]
M={"add":{"addPrefix":{"prefix":"/pre"}},"strip":{"stripPrefix":{"prefixes":["/sp","/pre"]}},"stripre":{"stripPrefixRegex":{"regex":["/r/[a-z]+/","/q"]}},"rpre":{"replacePathRegex":{"regex":"^/(a)(.*)","replacement":"/z$1-$2/${1}"}},"rpre2":{"replacePathRegex":{"regex":"b","replacement":"[$0]"}},"rp":{"replacePath":{"path":"/new"}}}
O={"add":AddPrefix(prefix="/pre"),"strip":StripPrefix(prefixes=("/sp","/pre")),"stripre":StripPattern(patterns=("/r/[a-z]+/","/q")),"rpre":ReplacePattern(pattern="^/(a)(.*)",replacement="/z$1-$2/${1}"),"rpre2":ReplacePattern(pattern="b",replacement="[$0]"),"rp":ReplacePath(path="/new")}
import itertools
chains={a:[a] for a in M}
for a,b in itertools.permutations(M,2): chains[a+"+"+b]=[a,b]
for a,b,c in itertools.permutations(["add","strip","rpre","rpre2"],3): chains["+".join((a,b,c))]=[a,b,c]
echo(19401)
p,d=traefik(19410,{"http":{"routers":{k.replace("+","-"):{"rule":f"Header(`x-mw`,`{k}`)","service":"s","middlewares":v} for k,v in chains.items()},"middlewares":M,"services":{"s":{"loadBalancer":{"servers":[{"url":"http://127.0.0.1:19401"}]}}}}})
q,log=envoy2(19430,19401,{k:steps(*(O[x] for x in v)) for k,v in chains.items()})
src=open('/tmp/tr/diff.py').read()
exec(src[src.index("n=bad=0"):src.rindex("\ntry:\n")])
try:
    for k in chains:
        for path in ("/a/b?y=b","/sp/abc","/r/abc/x","/q","/pre/sp/b","/b/b/b","/a%2Fb"): t(k,"GET",path)
finally: p.terminate(); q.terminate()
print(n,"requests",bad,"differ"); print(open(log).read()[-1500:])
