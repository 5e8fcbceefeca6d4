"""Give back, as result and as output, what was given."""

import json
import os
import sys
from pathlib import Path

values = json.load(sys.stdin)
print(values["text"])
files = [each.name for each in Path.cwd().iterdir()]
given = {"values": values, "arguments": sys.argv[1:], "environment": sorted(os.environ), "files": files}
Path(os.environ["OPS_RESULT"]).write_text(json.dumps(given), encoding="utf-8")
