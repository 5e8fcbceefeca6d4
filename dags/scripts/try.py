import json, os, sys, time
values = json.load(sys.stdin)
print("given", values)
for n in range(int(values["steps"])):
    print(f"ops-progress {n+1}/{values['steps']} step {n+1}", flush=True)
    print("working on", n, flush=True)
    time.sleep(1)
json.dump({"done": values["steps"]}, open(os.environ["OPS_RESULT"], "w"))
