"""Runs what stands in notebooks/ from top to bottom on a store, served by HTTP.

usage: notebooks.py STORE NOTEBOOKS

Prints one JSON object: for each notebook and SQL file whether it came to its end, what it said (its last error where it
did not), how many pictures it drew, whether it is kept with outputs, and how often the server gave each status.
"""

import collections
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb_extensions
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from serve import Server


def run_notebook(path, url):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kept = any(cell.outputs or cell.execution_count for cell in code)
    os.environ["GUICHETS_STORE"] = url
    resources = {"metadata": {"path": path.parent}}
    try:
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
        done, said = True, ""
    except CellExecutionError as error:
        done, said = False, str(error)
    outputs = [output for cell in code for output in cell.outputs]
    said += "".join(output.get("text", "") for output in outputs)
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    return {"done": done, "said": said, "pictures": pictures, "kept": kept}


def run_sql(path, url):
    command = Path(sys.executable).parent / "duckdb"
    # Without the slash at its end, as people write addresses.
    environment = os.environ | {"GUICHETS_STORE": url.rstrip("/")}
    with path.open() as file:
        run = subprocess.run([command], stdin=file, capture_output=True, text=True, env=environment)
    return {"done": run.returncode == 0, "said": run.stdout + run.stderr, "pictures": 0, "kept": False}


def main(store, folder):
    # DuckDB would fetch its extension from its own server, which a test does not need.
    duckdb_extensions.import_extension("httpfs")
    told = {}
    for path in sorted(Path(folder).iterdir()):
        run = {".ipynb": run_notebook, ".sql": run_sql}.get(path.suffix)
        if run:
            with Server(store) as server:
                told[path.name] = run(path, server.url)
                told[path.name]["answers"] = collections.Counter(request.status for request in server.requests)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
