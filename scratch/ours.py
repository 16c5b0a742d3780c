from lib import *
import json,sys
def envoy(port, upstream, steps):
    """steps: name -> context"""
    L="type.googleapis.com/envoy.extensions.filters.http.lua.v3."
    lua=open('/work/wt-edge/src/tulle/envoy/steps/interpreter.lua').read()
    routes=[{"match":{"prefix":"/","headers":[{"name":"x-mw","string_match":{"exact":k}}]},"route":{"cluster":"c","timeout":"0s"},"typed_per_filter_config":{"lua":{"@type":L+"LuaPerRoute","filter_context":c}}} for k,c in steps.items()]
    hcm={"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager","stat_prefix":"x","server_header_transformation":"PASS_THROUGH","normalize_path":True,"merge_slashes":True,"route_config":{"virtual_hosts":[{"name":"a","domains":["*"],"routes":routes}]},"http_filters":[{"name":"lua","typed_config":{"@type":L+"Lua","default_source_code":{"inline_string":lua}}},{"name":"router","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.router.v3.Router","suppress_envoy_headers":True}}]}
    c={"static_resources":{"clusters":[{"name":"c","type":"STATIC","load_assignment":{"cluster_name":"c","endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"127.0.0.1","port_value":upstream}}}}]}]}}],"listeners":[{"name":"l","address":{"socket_address":{"address":"127.0.0.1","port_value":port}},"filter_chains":[{"filters":[{"name":"hcm","typed_config":hcm}]}]}]}}
    f=tempfile.mktemp(); open(f,"w").write(json.dumps(c))
    p=subprocess.Popen([ENVOY,"-c",f,"--concurrency","1","-l","warning","--disable-hot-restart"],stdout=open(f+".log","w"),stderr=subprocess.STDOUT)
    for _ in range(100):
        try: socket.create_connection(("127.0.0.1",port)).close(); break
        except OSError: time.sleep(.05)
    return p,f+".log"
