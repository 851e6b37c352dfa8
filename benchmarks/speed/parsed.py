"""How much of some files LibCST parses, as JSON: a process of its own, so that the one that measures stays small.

benchmarks/speed/parsed.py PATH ...
"""

from __future__ import annotations

import json
import os
import sys

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_paths
from paramlint.facts import Project
from paramlint.source.file_discovery import Discovery
from paramlint.syntax.large_stack import with_large_stack


def main() -> None:
    files = Discovery().find(sys.argv[1:]).files
    parsed = with_large_stack(lambda: sum(report.parsed for report in check_paths(files, select(), Project())))
    json.dump({"parsed": parsed, "bytes": sum(map(os.path.getsize, files)), "files": len(files)}, sys.stdout)


if __name__ == "__main__":
    main()
